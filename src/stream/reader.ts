/** A position in a log that moves on as records come. It holds no records of its own. */
import type { Clock, Timer } from '../base/clock.js';
import { Cursor, STEP_MAX } from './cursor.js';
import { type FollowedLog, Follower, type FollowerOptions, hasEnded } from './follower.js';
import type { LogBook } from './log.js';
import type { LogEntry, LogView } from './record.js';

const AS_IT_IS: LogView = (entries) => entries;

export class Reader {
  readonly #log: FollowedLog;

  constructor(logs: LogBook, id: string, clock: Clock, view: LogView = AS_IT_IS) {
    this.#log = { logs, id, clock, view };
  }

  /** Sequence number of the last record there is; 0 before the first. */
  get last(): number {
    return this.#log.logs.last(this.#log.id) ?? 0;
  }

  /** True where the last record there is ends the log. */
  ended(): Promise<boolean> {
    return hasEnded(this.#log.logs, this.#log.id);
  }

  /** As `read`, for those who want to be told. It begins with its `resume`. */
  follower(options: FollowerOptions): Follower {
    return new Follower(this.#log, options);
  }

  /**
   * Everything after that position, as it comes; ends after the terminal record (at once where it comes before that
   * position), when `signal` aborts, and when a log that was there is not kept any more. An empty step says that there was
   * nothing for `silenceMs`.
   */
  async *read(after: number, signal: AbortSignal, silenceMs: number): AsyncGenerator<readonly LogEntry[], void> {
    const { logs, id, clock, view } = this.#log;
    const cursor = new Cursor(after);
    const bell = new Bell(clock, (ring) => logs.watch(id, ring));
    signal.addEventListener('abort', bell.ring, { once: true });
    try {
      while (!signal.aborted) {
        bell.reset();
        const { position } = cursor;
        const entries = logs.held(id, position, STEP_MAX) ?? (await logs.read(id, position, STEP_MAX));
        const told = cursor.take(entries, this.last);
        if (told.length > 0) yield view(told);
        if (cursor.isOver) return;
        if (entries !== undefined && entries.length > 0) continue;
        if (cursor.mayHaveEnded && (await this.ended()) && this.last <= position) return;
        if (!(await bell.rang(silenceMs))) yield [];
      }
    } finally {
      bell.stop();
      signal.removeEventListener('abort', bell.ring);
    }
  }
}

/**
 * Remembers that it rang since it was reset, so that nothing is missed between looking and waiting. When it has rung it does
 * not listen: a reader that does not come back to look, as its client stalls, must not cost the writer anything.
 */
class Bell {
  readonly #clock: Clock;
  readonly #listen: (ring: () => void) => () => void;
  #stopListening: (() => void) | undefined;
  #hasRung = false;
  #wake: (() => void) | undefined;
  /** One for many waits: to set and cancel a timer for each record would cost as much as the record. */
  #timer: Timer | undefined;
  #silentAtMs = 0;

  constructor(clock: Clock, listen: (ring: () => void) => () => void) {
    this.#clock = clock;
    this.#listen = listen;
  }

  readonly ring = (): void => {
    this.#hasRung = true;
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#wake?.();
  };

  reset(): void {
    this.#hasRung = false;
    this.#stopListening ??= this.#listen(this.ring);
  }

  stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#timer?.cancel();
  }

  /** False where it did not ring in that time. */
  async rang(withinMs: number): Promise<boolean> {
    if (this.#hasRung) return true;
    this.#silentAtMs = this.#clock.now() + withinMs;
    this.#timer ??= this.#clock.after(withinMs, this.#onTimer);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    return this.#hasRung;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#wake === undefined) return;
    const restMs = this.#silentAtMs - this.#clock.now();
    if (restMs > 0) this.#timer = this.#clock.after(restMs, this.#onTimer);
    else this.#wake();
  };
}
