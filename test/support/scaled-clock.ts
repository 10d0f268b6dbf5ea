import { type Clock, systemClock } from '../../src/base/clock.js';

/** Real time, some times faster: for tests with real processes, whose rules count in seconds. */
export function scaledClock(factor: number): Clock {
  return {
    now: () => systemClock.now() * factor,
    epoch: () => systemClock.epoch(),
    after: (delayMs, run) => systemClock.after(delayMs / factor, run),
  };
}
