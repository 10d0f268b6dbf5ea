/** How long after its acknowledgement a task has come to an engine with a free slot: its claim is durable then. */
import { systemClock } from '../../src/base/clock.js';
import { quantile } from '../statistics/quantile.js';
import type { Figures, Setting } from './measurement.js';
import { arrivals } from './open-loop.js';
import { SUBMITTER, withQueue } from './whole-queue.js';
import { submission } from './workload.js';

const RATE_PER_S = 2_000;
/** More than are ever in use: nothing waits for a slot. */
const SLOTS = 1_024;
const WARM_UP_S = 1;

interface Moments {
  acknowledgedMs?: number;
  startedMs?: number;
}

export function starts({ folder, seconds }: Setting): Promise<Figures> {
  let moments = new Map<number, Moments>();
  const of = (taskNumber: number) => {
    const known = moments.get(taskNumber) ?? {};
    moments.set(taskNumber, known);
    return known;
  };
  const started = (taskNumber: number) => {
    of(taskNumber).startedMs = systemClock.now();
  };
  const acknowledgements: number[] = [];
  return withQueue(folder, SLOTS, { started }, async (tasks) => {
    const pending = new Set<Promise<void>>();
    const submit = async (at: number) => {
      const sentMs = systemClock.now();
      const [submitted] = await tasks.submit([submission(at)], SUBMITTER);
      const acknowledgedMs = systemClock.now();
      acknowledgements.push(acknowledgedMs - sentMs);
      of(numberOf(submitted?.id ?? '')).acknowledgedMs = acknowledgedMs;
    };
    const load = async (durationS: number) => {
      await arrivals(RATE_PER_S, durationS, (at) => {
        const work = submit(at).finally(() => pending.delete(work));
        pending.add(work);
      });
      await Promise.all(pending);
    };
    await load(WARM_UP_S);
    moments = new Map();
    acknowledgements.length = 0;
    await load(seconds);
    return figures([...moments.values()], acknowledgements);
  });
}

/** A task that started before its client heard of it counts as started at once. */
function figures(moments: readonly Moments[], acknowledgementsMs: number[]): Figures {
  const delaysMs = moments.flatMap(({ acknowledgedMs, startedMs }) =>
    acknowledgedMs === undefined || startedMs === undefined ? [] : [Math.max(0, startedMs - acknowledgedMs)],
  );
  const delays = Float64Array.from(delaysMs).sort();
  const acknowledgements = Float64Array.from(acknowledgementsMs).sort();
  return {
    startP50Us: quantile(delays, 0.5) * 1000,
    startP99Us: quantile(delays, 0.99) * 1000,
    acknowledgedP50Ms: quantile(acknowledgements, 0.5),
    acknowledgedP99Ms: quantile(acknowledgements, 0.99),
  };
}

/** Ids begin with the number, in base 36. */
function numberOf(id: string): number {
  return Number.parseInt(id, 36);
}
