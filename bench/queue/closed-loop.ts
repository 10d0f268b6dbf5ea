/** Clients that each do one thing after the other, for a while. */
import { systemClock } from '../../src/base/clock.js';

export interface Pace {
  /** How often a second all clients together did it. */
  readonly perS: number;
  /** CPU time of all threads of this process for each. */
  readonly cpuUsEach: number;
}

/** Not counted: until the code is compiled and the file has grown. */
const WARM_UP_SHARE = 0.25;

/** What is done after a warm-up counts. `act` gets how often it was begun before. */
export async function paceOf(clients: number, seconds: number, act: (at: number) => Promise<unknown>): Promise<Pace> {
  const end = systemClock.now() + seconds * 1000 * (1 + WARM_UP_SHARE);
  const countFrom = systemClock.now() + seconds * 1000 * WARM_UP_SHARE;
  let begun = 0;
  let counted = 0;
  let cpu: NodeJS.CpuUsage | undefined;
  const client = async () => {
    while (systemClock.now() < end) {
      await act(begun++);
      const now = systemClock.now();
      if (now < countFrom || now >= end) continue;
      cpu ??= process.cpuUsage();
      counted += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const { user, system } = process.cpuUsage(cpu);
  return { perS: counted / seconds, cpuUsEach: (user + system) / counted };
}
