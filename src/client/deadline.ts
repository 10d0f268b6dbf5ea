/** A signal that aborts when its caller gives up, or when the time is over; which of both can be told. */
import type { Clock } from '../base/clock.js';

export class Deadline {
  readonly signal: AbortSignal;
  readonly #timer: { cancel(): void } | undefined;
  readonly #time = new AbortController();

  constructor(clock: Clock, timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.#timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => this.#time.abort());
    this.signal = signal ? AbortSignal.any([signal, this.#time.signal]) : this.#time.signal;
  }

  get isOver(): boolean {
    return this.#time.signal.aborted;
  }

  /** Idempotent. */
  dispose(): void {
    this.#timer?.cancel();
  }
}
