/** A position in a log that moves on as records come. It holds no records of its own. */
import type { Clock } from '../base/clock.js';
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
    const bell = new Bell(this.#clock, (ring) => this.#logs.watch(this.#id, ring));
    signal.addEventListener('abort', bell.ring, { once: true });
    try {
      while (!signal.aborted) {
        bell.reset();
        const entries = await this.#logs.read(this.#id, position, STEP_MAX);
        if (entries === undefined && wasKnown) return;
        wasKnown ||= entries !== undefined;
        const last = entries?.at(-1);
        if (entries === undefined || last === undefined) {
          if ((await this.ended()) && this.last <= position) return;
          if (!(await bell.rang(silenceMs))) yield [];
          continue;
        }
        position = last.sequence;
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

  constructor(clock: Clock, listen: (ring: () => void) => () => void) {
    this.#clock = clock;
    this.#listen = listen;
  }

  readonly ring = (): void => {
    this.#hasRung = true;
    this.stop();
    this.#wake?.();
  };

  reset(): void {
    this.#hasRung = false;
    this.#stopListening ??= this.#listen(this.ring);
  }

  stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** False where it did not ring in that time. */
  async rang(withinMs: number): Promise<boolean> {
    if (this.#hasRung) return true;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(withinMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
    return this.#hasRung;
  }
}
