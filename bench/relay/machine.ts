/** The rest of the machine: how busy it is, and a wait until it is less so. */
import { readFileSync } from 'node:fs';
import { pause, systemClock } from '../../src/base/clock.js';

/** Of /proc/stat; Linux has 100 ticks a second on every platform that Node runs on. */
const TICK_US = 10_000;
const LOOK_MS = 150;
const LOOKS_MAX = 8;
/** More than this share of one core is not quiet. */
const QUIET_CORES = 0.4;

/** CPU time that all processes together have used, over all cores; a hypervisor's steal counts too. */
export function busyUs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  )
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq + steal) * TICK_US;
}

/** Waits a second at most for the neighbours to pause. */
export async function quietMoment(signal: AbortSignal): Promise<void> {
  for (let look = 0; look < LOOKS_MAX && !signal.aborted; look += 1) {
    const before = busyUs();
    await pause(systemClock, LOOK_MS, signal);
    if (busyUs() - before < QUIET_CORES * LOOK_MS * 1_000) return;
  }
}
