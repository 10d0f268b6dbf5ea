/** Arrivals at a fixed rate, whether or not those before them are done. */
import { pause, systemClock } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';

const STEP_MS = 1;

/** Calls `arrive` so often a second, at random moments (Poisson), in the next step of a millisecond. */
export async function arrivals(ratePerS: number, seconds: number, arrive: (at: number) => void): Promise<void> {
  const random = seededRandom(1);
  const startedAt = systemClock.now();
  const endMs = seconds * 1000;
  let at = 0;
  let nextMs = 0;
  while (nextMs < endMs) {
    const elapsedMs = systemClock.now() - startedAt;
    for (; nextMs <= elapsedMs && nextMs < endMs; nextMs += (-Math.log(1 - random()) * 1000) / ratePerS) {
      arrive(at);
      at += 1;
    }
    await pause(systemClock, STEP_MS);
  }
}
