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
   * Everything after that position, as it comes; ends after the terminal record, when `signal` aborts, and when a log that
   * was there is not kept any more. An empty step says that there was nothing for `silenceMs`.
   */
  async *read(after: number, signal: AbortSignal, silenceMs: number): AsyncGenerator<readonly LogEntry[], void> {
    let position = after;
    let wasKnown = false;
    const bell = new Bell(this.#clock);
    const unwatch = this.#logs.watch(this.#id, bell.ring);
    signal.addEventListener('abort', bell.ring, { once: true });
    try {
      while (!signal.aborted) {
        bell.reset();
        const entries = await this.#logs.read(this.#id, position, STEP_MAX);
        if (entries === undefined && wasKnown) return;
        wasKnown ||= entries !== undefined;
        const last = entries?.at(-1);
        if (entries === undefined || last === undefined) {
          if (!(await bell.rang(silenceMs))) yield [];
          continue;
        }
        // An end that was not the last word, as the task was tried again, is none.
        yield entries.filter(({ sequence, record }) => !isTerminal(record) || sequence === this.last);
        position = last.sequence;
        if (isTerminal(last.record) && position === this.last) return;
      }
    } finally {
      unwatch();
      signal.removeEventListener('abort', bell.ring);
    }
  }
}

/** Remembers that it rang since it was reset, so that nothing is missed between looking and waiting. */
class Bell {
  readonly #clock: Clock;
  #hasRung = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly ring = (): void => {
    this.#hasRung = true;
    this.#wake?.();
  };

  reset(): void {
    this.#hasRung = false;
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
