/**
 * A whole benchmark: the runs that were asked for, interleaved where two servers are compared, and what they come to.
 * Nothing here prints or writes a file.
 */
import { type CompareOptions, compare, confirm } from './compare/compare.js';
import { type Gate, type GateOptions, judgeGates } from './gates.js';
import type { Plan, Target, WorkItem } from './plan.js';
import type { BenchResult, Comparison, GateOutcome } from './result.js';
import { type RunContext, type SingleRun, singleRun } from './single-run.js';
import { verdictOf } from './verdict.js';
import type { Workload } from './workload/workload.js';

export interface Judgement {
  readonly gates: readonly Gate[];
  readonly gateOptions: GateOptions;
  readonly compareOptions: CompareOptions;
  readonly strictClient: boolean;
  readonly inconclusiveAs: 'pass' | 'fail' | undefined;
  /** Sets of pairs that a difference has to come again in before it counts. */
  readonly confirmations: number;
}

export interface SessionOptions {
  readonly plan: Plan;
  /** The server that `plan.target` is compared with, in turn with it. */
  readonly against: Target | undefined;
  /** A result of an earlier day that this one is compared with. */
  readonly baseline: BenchResult | undefined;
  readonly repeat: number;
  readonly workload: Workload;
  readonly judgement: Judgement;
  readonly context: RunContext;
}

export interface SessionResult {
  /** Of several runs the one in the middle, by its end-to-end median; gates are judged on it. */
  readonly result: BenchResult;
  /** All runs of the target, in the order they were made. */
  readonly runs: readonly BenchResult[];
  readonly items: Iterable<WorkItem>;
}

export async function benchSession(options: SessionOptions): Promise<SessionResult> {
  const pairs = await playPairs(options, options.repeat);
  const head = pairs.map((pair) => pair.head);
  const middle = middleOf(head);
  const comparison = await comparisonOf(options, pairs, middle.result);
  const runs = head.map(({ result }) => result);
  // The run in the middle may be whole where the session is not.
  const result = { ...middle.result, complete: !options.context.signal.aborted };
  return { result: judged(result, comparison, options.judgement, runs), runs, items: middle.items };
}

/** A result with its gates, its comparison and its verdict. `runs`: all that were made of the same target. */
function judged(
  result: BenchResult,
  comparison: Comparison | null,
  judgement: Judgement,
  runs: readonly BenchResult[],
): BenchResult {
  const gates = gatesOf(result, runs, judgement);
  const { complete, client } = result;
  const { strictClient, inconclusiveAs } = judgement;
  const verdict = verdictOf({ complete, gates, comparison, client, strictClient, inconclusiveAs });
  return { ...result, gates, comparison, verdict };
}

/**
 * Those of the run that stands for all, but what they say of success is that of the worst run: requests that failed in one
 * run are not made good by another.
 */
function gatesOf(result: BenchResult, runs: readonly BenchResult[], judgement: Judgement): GateOutcome[] {
  const judgeRun = (run: BenchResult) => judgeGates(judgement.gates, run, judgement.gateOptions);
  const worst = runs.toSorted((one, other) => successOf(one) - successOf(other))[0] ?? result;
  const gates = judgeRun(result);
  if (successOf(worst) >= successOf(result)) return gates;
  const ofWorst = judgeRun(worst).filter(({ expr }) => ABOUT_SUCCESS.test(expr));
  return [...ofWorst, ...gates.filter(({ expr }) => !ABOUT_SUCCESS.test(expr))];
}

const ABOUT_SUCCESS = /^(success_rate|error_rate|requests\.|tokens\.completion>0)/;

function successOf({ requests }: BenchResult): number {
  return requests.success_rate ?? 1;
}

interface Pair {
  readonly head: SingleRun;
  readonly base: SingleRun | undefined;
}

/** ABBA: what drifts while the pairs are played meets both sides alike. */
async function playPairs(options: SessionOptions, count: number): Promise<Pair[]> {
  const { plan, against, workload, context } = options;
  const pairs: Pair[] = [];
  for (let index = 0; index < count; index += 1) {
    const position = { index, of: count };
    const play = (target: Target) => singleRun({ ...plan, target }, workload, position, context);
    if (against === undefined) pairs.push({ head: await play(plan.target), base: undefined });
    else if (index % 2 === 0) {
      const head = await play(plan.target);
      pairs.push({ head, base: await play(against) });
    } else {
      const base = await play(against);
      pairs.push({ head: await play(plan.target), base });
    }
    if (context.signal.aborted) break;
  }
  return pairs;
}

async function comparisonOf(
  options: SessionOptions,
  pairs: readonly Pair[],
  middle: BenchResult,
): Promise<Comparison | null> {
  const { against, baseline, judgement, context, plan } = options;
  if (context.signal.aborted) return null;
  if (against === undefined) {
    return baseline === undefined ? null : compare([baseline], [middle], judgement.compareOptions);
  }
  const names = { baseName: against.baseUrl, headName: plan.target.baseUrl };
  const compareAll = (all: readonly Pair[]) =>
    compare(
      all.flatMap(({ base }) => base?.result ?? []),
      all.map(({ head }) => head.result),
      { ...judgement.compareOptions, ...names },
    );
  let comparison = compareAll(pairs);
  for (let again = 0; again < judgement.confirmations && isDifference(comparison); again += 1) {
    const more = await playPairs(options, options.repeat);
    if (context.signal.aborted) break;
    comparison = confirm(comparison, compareAll(more));
  }
  return comparison;
}

function isDifference({ status }: Comparison): boolean {
  return status === 'regression' || status === 'improvement';
}

/** An interrupted run only where there is no whole one. */
function middleOf(runs: readonly SingleRun[]): SingleRun {
  const whole = runs.filter(({ result }) => result.complete);
  const sorted = (whole.length > 0 ? whole : runs).toSorted((one, other) => medianOf(one) - medianOf(other));
  const middle = sorted[(sorted.length - 1) >> 1];
  if (middle === undefined) throw new Error('a session without a run');
  return middle;
}

function medianOf({ result }: SingleRun): number {
  return result.latency_ms.e2e?.p50 ?? Number.POSITIVE_INFINITY;
}
