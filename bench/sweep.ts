/** The same work at growing concurrency, up to the knee: where more in flight brings hardly more out. */
import { GollamaError } from '../src/base/errors.js';
import type { BenchResult } from './result.js';

export type SweepPlan = { readonly kind: 'listed'; readonly steps: readonly number[] } | { readonly kind: 'auto' };

/** Each step of an automatic sweep doubles the one before. */
const AUTO_STEPS_MAX = 12;
/** What a doubling must bring at least in output; less is beyond the knee. */
const GAIN_MIN = 0.1;

/** `1,2,4,8` or `auto`. Throws `usage`. */
export function parseSweep(text: string): SweepPlan {
  if (text === 'auto') return { kind: 'auto' };
  const steps = text.split(',').map(Number);
  const grow = steps.every((step, at) => Number.isInteger(step) && step > 0 && step > (steps[at - 1] ?? 0));
  if (!grow) throw new GollamaError('usage', `--sweep ${text}: expected growing numbers such as 1,2,4,8, or auto`);
  return { kind: 'listed', steps };
}

/** The concurrency of the next step; undefined where the sweep is over. */
export function nextStep(plan: SweepPlan, done: readonly BenchResult[]): number | undefined {
  if (plan.kind === 'listed') return plan.steps[done.length];
  if (done.length >= AUTO_STEPS_MAX || isBeyondKnee(done)) return undefined;
  return 2 ** done.length;
}

/** The last step that still brought at least a tenth more than the one before it; undefined without any output. */
export function kneeOf(steps: readonly BenchResult[]): BenchResult | undefined {
  let knee = steps[0];
  for (const step of steps.slice(1)) {
    if (knee === undefined || gain(knee, step) < GAIN_MIN) break;
    knee = step;
  }
  return knee;
}

function isBeyondKnee(done: readonly BenchResult[]): boolean {
  const last = done.at(-1);
  const before = done.at(-2);
  if (last !== undefined && last.requests.successful === 0) return true;
  return last !== undefined && before !== undefined && gain(before, last) < GAIN_MIN;
}

function gain(before: BenchResult, after: BenchResult): number {
  const was = before.throughput.output_tps ?? before.throughput.request_rps ?? 0;
  const is = after.throughput.output_tps ?? after.throughput.request_rps ?? 0;
  return was > 0 ? is / was - 1 : 0;
}
