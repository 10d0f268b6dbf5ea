/** How long after its acknowledgement a task is in the hands of the runner, with its claim durable and a slot held for it. */
import { systemClock } from '../../src/base/clock.js';
import { ascending, quantile } from '../statistics/quantile.js';
import type { Figures, Setting } from './measurement.js';
import { arrivals } from './open-loop.js';
import { SUBMITTER, withQueue } from './whole-queue.js';
import { submission } from './workload.js';

const RATE_PER_S = 2_000;
/** More than are ever in use: nothing waits for a slot. */
const SLOTS = 16_384;
const WARM_UP_S = 1;

/** By number of the task. */
type Moments = Map<number, number>;

export function starts({ folder, seconds }: Setting): Promise<Figures> {
  const sent: Moments = new Map();
  const acknowledged: Moments = new Map();
  const claimed: Moments = new Map();
  const called: Moments = new Map();
  const note = (moments: Moments) => (taskNumber: number) => void moments.set(taskNumber, systemClock.now());
  return withQueue(folder, SLOTS, { claimed: note(claimed), called: note(called) }, async (tasks) => {
    const pending = new Set<Promise<void>>();
    const submit = async (at: number) => {
      const sentAt = systemClock.now();
      const [submitted] = await tasks.submit([submission(at)], SUBMITTER);
      // Ids begin with the number, in base 36.
      const number = Number.parseInt(submitted?.id ?? '', 36);
      note(acknowledged)(number);
      sent.set(number, sentAt);
    };
    const load = async (durationS: number) => {
      await arrivals(RATE_PER_S, durationS, (at) => {
        const work = submit(at).finally(() => pending.delete(work));
        pending.add(work);
      });
      await Promise.all(pending);
    };
    await load(WARM_UP_S);
    for (const moments of [sent, acknowledged, claimed, called]) moments.clear();
    await load(seconds);
    return {
      ...quantilesMs('sentToAcknowledged', sent, acknowledged),
      ...quantilesMs('acknowledgedToStarted', acknowledged, claimed),
      ...quantilesMs('acknowledgedToCalled', acknowledged, called),
    };
  });
}

/** What came first although it is the second counts as come at once. */
function quantilesMs(name: string, firsts: Moments, seconds: Moments): Figures {
  const delaysMs = [...firsts].flatMap(([number, first]) => {
    const second = seconds.get(number);
    return second === undefined ? [] : [Math.max(0, second - first)];
  });
  const sorted = ascending(delaysMs);
  return { [`${name}P50Ms`]: quantile(sorted, 0.5), [`${name}P99Ms`]: quantile(sorted, 0.99) };
}
