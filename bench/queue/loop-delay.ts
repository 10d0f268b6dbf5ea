/** What 5,000 whole lives a second add to the delay of the event loop, above the same generator with nothing to submit to. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Figures, Setting } from './measurement.js';
import { arrivals } from './open-loop.js';
import { SUBMITTER, withQueue } from './whole-queue.js';
import { submission } from './workload.js';

const RATE_PER_S = 5_000;
const SLOTS = 1_024;
const WARM_UP_S = 1;

export function loopDelay({ folder, seconds }: Setting): Promise<Figures> {
  return withQueue(folder, SLOTS, {}, async (tasks) => {
    const submit = (at: number) => void tasks.submit([submission(at)], SUBMITTER);
    await arrivals(RATE_PER_S, WARM_UP_S, submit);
    const idleMs = await delayP99Ms(seconds, () => {});
    const busyMs = await delayP99Ms(seconds, submit);
    return { idleMs, addedMs: busyMs - idleMs };
  });
}

async function delayP99Ms(seconds: number, arrive: (at: number) => void): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await arrivals(RATE_PER_S, seconds, arrive);
  delays.disable();
  return delays.percentile(99) / 1e6;
}
