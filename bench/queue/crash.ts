/** From the start of a process to its first claim, where the one before it was killed at work on a long backlog. */
import { once } from 'node:events';
import { pause, systemClock } from '../../src/base/clock.js';
import type { Figures, Setting } from './measurement.js';
import { runMeasurement, startMeasurement } from './measuring-process.js';
import { claimSome, fill, storeIn, withStore } from './stores.js';
import { MODEL } from './workload.js';

const RUNNING = 64;
const SUBMITTED = 100_000;
/** Of submissions at full speed, before the kill. */
const WORK_MS = 400;

export async function crash(setting: Setting): Promise<Figures> {
  const victim = startMeasurement('crash-victim', setting);
  try {
    await Promise.race([
      once(victim, 'message'),
      once(victim, 'exit').then(() => Promise.reject(new Error('it ended'))),
    ]);
    await pause(systemClock, WORK_MS);
  } finally {
    const exited = once(victim, 'exit');
    victim.kill('SIGKILL');
    await exited;
  }
  return runMeasurement('crash-survivor', setting);
}

/** Never ends by itself. It tells when its work has begun. */
export function crashVictim({ large }: Setting): Promise<Figures> {
  return withStore(large, async (store) => {
    await claimSome(store, RUNNING);
    process.send?.('working');
    await fill(store, SUBMITTED);
    throw new Error('it was not killed');
  });
}

export async function crashSurvivor({ large }: Setting): Promise<Figures> {
  const openedAt = systemClock.now();
  const store = storeIn(large);
  await store.start();
  const startedAt = systemClock.now();
  const claim = await store.claim(MODEL, 'bench');
  // The clock counts from the start of the process.
  const claimedAt = systemClock.now();
  if (!claim || store.recovery.returned + store.recovery.poisoned === 0) throw new Error('there was no crash');
  await store.settle(claim, { kind: 'returned', crashed: false });
  await store.stop();
  return { processMs: claimedAt, storeMs: claimedAt - openedAt, openMs: startedAt - openedAt };
}
