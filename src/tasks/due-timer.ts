/** One timer for a moment of wall-clock time. The wall clock may jump: it is looked at again at least once a minute. */
import type { Clock, Timer } from '../base/clock.js';

const LOOK_MS_MAX = 60_000;

export class DueTimer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #dueAtMs: number | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Calls `run` once when the wall clock shows that time or a later one, never before. Undefined: not at all. */
  set(dueAtMs: number | undefined): void {
    if (dueAtMs === this.#dueAtMs) return;
    this.#dueAtMs = dueAtMs;
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#dueAtMs === undefined) return;
    const delayMs = Math.max(0, this.#dueAtMs - this.#clock.epoch());
    this.#timer = this.#clock.after(Math.min(delayMs, LOOK_MS_MAX), () => this.#look());
  }

  #look(): void {
    if (this.#dueAtMs === undefined) return;
    if (this.#clock.epoch() < this.#dueAtMs) {
      this.#arm();
      return;
    }
    this.#dueAtMs = undefined;
    this.#timer = undefined;
    this.#run();
  }
}
