/**
 * A position in a log that tells what comes, where many follow the same: what is in memory is told in the turn in which it
 * was written, without a promise for each reader. `Reader` is for those who ask.
 */
import type { Clock, Timer } from '../base/clock.js';
import { Cursor, STEP_MAX } from './cursor.js';
import type { LogBook } from './log.js';
import { isTerminal, type LogEntry, type LogView } from './record.js';

/** Who is told. False: it takes nothing more before `resume`. */
export interface FollowerEars {
  /** The next records; the same array for all who stand at the same place and see the same. */
  entries(entries: readonly LogEntry[]): boolean;
  /** There was nothing for `silenceMs`. */
  silence(): boolean;
  /**
   * The last call, but for a `stop`: the log has ended, or is not kept any more. `failure`: it could not be read, and that is
   * what was thrown.
   */
  over(failure?: unknown): void;
}

export interface FollowedLog {
  readonly logs: LogBook;
  readonly id: string;
  readonly clock: Clock;
  readonly view: LogView;
}

export interface FollowerOptions {
  readonly after: number;
  readonly silenceMs: number;
  readonly ears: FollowerEars;
}

export class Follower {
  readonly #log: FollowedLog;
  readonly #options: FollowerOptions;
  readonly #cursor: Cursor;
  /** `full`: until it is resumed it costs the writer nothing. */
  #state: 'idle' | 'busy' | 'full' | 'over' = 'full';
  /** Something happened to the log since it was looked at. */
  #hasNews = false;
  #unwatch: (() => void) | undefined;
  /** One for many silences: to set and cancel a timer for each record would cost as much as the record. */
  #timer: Timer | undefined;
  #silentAtMs = 0;

  /** Tells nothing before the first `resume`. */
  constructor(log: FollowedLog, options: FollowerOptions) {
    this.#log = log;
    this.#options = options;
    this.#cursor = new Cursor(options.after);
  }

  /** Idempotent. */
  resume(): void {
    if (this.#state !== 'full') return;
    this.#state = 'idle';
    this.#unwatch = this.#log.logs.watch(this.#log.id, this.#onNews);
    this.#pump();
  }

  /** Idempotent; nothing is told after it. */
  stop(): void {
    this.#state = 'over';
    this.#forget();
  }

  readonly #onNews = (): void => {
    this.#hasNews = true;
    if (this.#state === 'idle') this.#pump();
  };

  #pump(): void {
    this.#state = 'busy';
    try {
      while (this.#isBusy()) {
        const entries = this.#log.logs.held(this.#log.id, this.#cursor.position, STEP_MAX);
        if (entries === undefined || (entries.length === 0 && this.#cursor.mayHaveEnded)) {
          void this.#read();
          return;
        }
        this.#tell(entries);
      }
    } catch (thrown) {
      this.#end(thrown);
    }
  }

  /** What is not in memory. Meanwhile there may be more, or the log may have gone. */
  async #read(): Promise<void> {
    const { logs, id } = this.#log;
    this.#hasNews = false;
    try {
      const entries = await logs.read(id, this.#cursor.position, STEP_MAX);
      const isLast = !entries?.length && this.#cursor.mayHaveEnded && (await hasEnded(logs, id));
      if (!this.#isBusy()) return;
      if (isLast && this.#last <= this.#cursor.position) this.#end();
      else this.#tell(entries);
      if (this.#isBusy() || (this.#state === 'idle' && this.#hasNews)) this.#pump();
    } catch (thrown) {
      this.#end(thrown);
    }
  }

  #tell(entries: readonly LogEntry[] | undefined): void {
    const last = this.#last;
    const told = this.#cursor.take(entries, last);
    const { ears, silenceMs } = this.#options;
    const isTaken = told.length === 0 || ears.entries(this.#log.view(told));
    if (!this.#isBusy()) return;
    if (this.#cursor.isOver) this.#end();
    else if (!isTaken) this.#fill();
    else if (this.#cursor.position >= last) {
      this.#state = 'idle';
      this.#silentAtMs = this.#log.clock.now() + silenceMs;
      this.#timer ??= this.#log.clock.after(silenceMs, this.#onTimer);
    }
  }

  get #last(): number {
    return this.#log.logs.last(this.#log.id) ?? 0;
  }

  /** What is told may have changed it. */
  #isBusy(): boolean {
    return this.#state === 'busy';
  }

  readonly #onTimer = (): void => {
    const { clock } = this.#log;
    const { ears, silenceMs } = this.#options;
    this.#timer = undefined;
    if (this.#state !== 'idle') return;
    const restMs = this.#silentAtMs - clock.now();
    if (restMs <= 0) this.#silentAtMs = clock.now() + silenceMs;
    if (restMs <= 0 && !ears.silence()) this.#fill();
    else this.#timer = clock.after(restMs > 0 ? restMs : silenceMs, this.#onTimer);
  };

  #fill(): void {
    this.#state = 'full';
    this.#forget();
  }

  #end(failure?: unknown): void {
    if (this.#state === 'over') return;
    this.stop();
    this.#options.ears.over(failure);
  }

  #forget(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** True where the last record there is ends the log. */
export async function hasEnded(logs: LogBook, id: string): Promise<boolean> {
  const last = logs.last(id) ?? 0;
  const [entry] = (await logs.read(id, last - 1, 1)) ?? [];
  return entry !== undefined && isTerminal(entry.record);
}
