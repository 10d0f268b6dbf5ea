/** What 5,000 whole lives a second add to the delay of the event loop, above the same generator with nothing to submit to. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pause, systemClock } from '../../src/base/clock.js';
import { completeFirst } from './lives.js';
import type { Figures, Setting } from './measurement.js';
import { arrivals } from './open-loop.js';
import { withStore } from './stores.js';
import { SUBMITTER, withQueue } from './whole-queue.js';
import { newTask, submission } from './workload.js';

const RATE_PER_S = 5_000;
const SLOTS = 16_384;
const WARM_UP_S = 1;
/** Until what the warm-up submitted is done. */
const REST_MS = 2_000;

/** By the store alone, with slots that answer at once. */
export function storeLoopDelay({ folder, seconds }: Setting): Promise<Figures> {
  return withStore(folder, async (store) => {
    const pending = new Set<Promise<unknown>>();
    const track = (work: Promise<unknown>) => {
      pending.add(work);
      void work.finally(() => pending.delete(work));
    };
    store.onHead(() => track(completeFirst(store)));
    const figures = await addedDelay(seconds, (at) => track(store.submit([newTask(at)])));
    while (pending.size > 0) await Promise.all(pending);
    return figures;
  });
}

/** By everything that a server has behind its routes. */
export function queueLoopDelay({ folder, seconds }: Setting): Promise<Figures> {
  return withQueue(folder, SLOTS, {}, (tasks) =>
    addedDelay(seconds, (at) => void tasks.submit([submission(at)], SUBMITTER)),
  );
}

async function addedDelay(seconds: number, submit: (at: number) => void): Promise<Figures> {
  // First: what the warm-up leaves behind would be taken for idle.
  const idleMs = await delayP99Ms(seconds, () => {});
  await arrivals(RATE_PER_S, WARM_UP_S, submit);
  await pause(systemClock, REST_MS);
  const busyMs = await delayP99Ms(seconds, submit);
  return { idleMs, addedMs: busyMs - idleMs };
}

async function delayP99Ms(seconds: number, arrive: (at: number) => void): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await arrivals(RATE_PER_S, seconds, arrive);
  delays.disable();
  return delays.percentile(99) / 1e6;
}
