/** A position in a log that moves on as records come. It holds no records of its own. */
import type { Clock, Timer } from '../base/clock.js';
import type { LogBook } from './log.js';
import { isTerminal, type LogEntry } from './record.js';

/** Records in one step: all that is held in memory for one reader. */
const STEP_MAX = 256;

export class Reader {
  readonly #logs: LogBook;
  readonly #id: string;
  readonly #clock: Clock;

  constructor(logs: LogBook, id: string, clock: Clock) {
    this.#logs = logs;
    this.#id = id;
    this.#clock = clock;
  }

  /** Sequence number of the last record there is; 0 before the first. */
  get last(): number {
    return this.#logs.last(this.#id) ?? 0;
  }

  /** True where the last record there is ends the log. */
  async ended(): Promise<boolean> {
    const [entry] = (await this.#logs.read(this.#id, this.last - 1, 1)) ?? [];
    return entry !== undefined && isTerminal(entry.record);
  }

  /**
   * Everything after that position, as it comes; ends after the terminal record (at once where it comes before that
   * position), when `signal` aborts, and when a log that was there is not kept any more. An empty step says that there was
   * nothing for `silenceMs`.
   */
  async *read(after: number, signal: AbortSignal, silenceMs: number): AsyncGenerator<readonly LogEntry[], void> {
    let position = after;
    let wasKnown = false;
    // What is behind the position is not its end, unless nothing was told yet.
    let mayHaveEnded = true;
    const bell = new Bell(this.#clock, (ring) => this.#logs.watch(this.#id, ring));
    signal.addEventListener('abort', bell.ring, { once: true });
    try {
      while (!signal.aborted) {
        bell.reset();
        const entries =
          this.#logs.held(this.#id, position, STEP_MAX) ?? (await this.#logs.read(this.#id, position, STEP_MAX));
        if (entries === undefined && wasKnown) return;
        wasKnown ||= entries !== undefined;
        const last = entries?.at(-1);
        if (entries === undefined || last === undefined) {
          if (mayHaveEnded && (await this.ended()) && this.last <= position) return;
          if (!(await bell.rang(silenceMs))) yield [];
          continue;
        }
        position = last.sequence;
        mayHaveEnded = isTerminal(last.record);
        // An end that was not the last word, as the task was tried again, is none.
        const end = this.last;
        const told = entries.filter(({ sequence, record }) => !isTerminal(record) || sequence === end);
        if (told.length > 0) yield told;
        if (isTerminal(last.record) && position === end) return;
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
