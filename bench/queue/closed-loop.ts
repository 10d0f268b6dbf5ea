/** Clients that each do one thing after the other, for a while. */
import { systemClock } from '../../src/base/clock.js';

/** Not counted: until the code is compiled and the file has grown. */
const WARM_UP_SHARE = 0.25;

/** How often a second `clients` of them together did it, after a warm-up. `act` gets how many there were before. */
export async function perSecond(clients: number, seconds: number, act: (at: number) => Promise<unknown>) {
  const countFrom = systemClock.now() + seconds * 1000 * WARM_UP_SHARE;
  const end = systemClock.now() + seconds * 1000 * (1 + WARM_UP_SHARE);
  let begun = 0;
  let counted = 0;
  const client = async () => {
    while (systemClock.now() < end) {
      await act(begun++);
      const now = systemClock.now();
      if (now >= countFrom && now < end) counted += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return counted / seconds;
}
