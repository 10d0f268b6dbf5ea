/** Brings what was appended to the disk, commit by commit, one at a time. */
import type { Clock, Timer } from '../../base/clock.js';
import { type GollamaError, toGollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { commitDelayMs, isLarge } from './commit-pace.js';
import type { LogTable } from './log-table.js';
import type { Commit } from './messages.js';

export interface CommitterParts {
  readonly table: LogTable;
  readonly clock: Clock;
  readonly logger: Logger;
  write(commit: Commit): Promise<void>;
  /** These logs have something new for their readers. */
  onNews(ids: readonly string[]): void;
}

export class Committer {
  readonly #parts: CommitterParts;
  #lastBeganMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #isClosed = false;
  #timer: Timer | undefined;
  #isScheduled = false;
  #underWay: Promise<void> | undefined;
  #idlers: (() => void)[] = [];

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  /** There may be something to write. */
  schedule(): void {
    const { table, clock } = this.#parts;
    if (this.#isClosed || this.#underWay || this.#isScheduled || !table.hasWork) return;
    // The timer is for all that comes meanwhile.
    if (this.#timer && !isLarge(table.waitingBytes)) return;
    const delayMs = commitDelayMs({
      sinceLastMs: clock.now() - this.#lastBeganMs,
      isFailing: this.#isFailing,
      waitingBytes: table.waitingBytes,
    });
    if (delayMs > 0) {
      this.#timer ??= clock.after(delayMs, () => {
        this.#timer = undefined;
        this.schedule();
      });
      return;
    }
    this.#cancelTimer();
    // At the end of this turn of the loop: what comes together shares a commit.
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) void this.#commit();
    });
  }

  /** Resolves when nothing waits for the disk. */
  idle(): Promise<void> {
    if (!this.#underWay && !this.#parts.table.hasWork) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** Writes what waits, as long as the disk takes it; then nothing any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#underWay;
    this.#isFailing = false;
    while (this.#parts.table.hasWork && !this.#isFailing) await this.#commit();
    this.#tellIdlers();
  }

  #commit(): Promise<void> {
    this.#underWay ??= this.#write().finally(() => {
      this.#underWay = undefined;
      this.schedule();
      if (!this.#parts.table.hasWork) this.#tellIdlers();
    });
    return this.#underWay;
  }

  async #write(): Promise<void> {
    const { table, clock, logger, onNews } = this.#parts;
    const commit = table.nextCommit();
    if (!commit) {
      this.#isFailing = true;
      return;
    }
    this.#lastBeganMs = clock.now();
    try {
      await this.#parts.write(commit);
    } catch (thrown) {
      this.#failed(toGollamaError(thrown));
      return;
    }
    if (this.#isFailing) logger.info({}, 'the logs of answers can be stored again');
    this.#isFailing = false;
    onNews(table.committed());
  }

  #failed(error: GollamaError): void {
    const { table, clock, logger, onNews } = this.#parts;
    if (!this.#isFailing) logger.error({ err: error }, 'the logs of answers cannot be stored; it is tried again');
    this.#isFailing = true;
    this.#lastBeganMs = clock.now();
    // Where the thread has died, the table knows already.
    if (table.isUnderWay) onNews(table.failed(clock.epoch()));
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tellIdlers(): void {
    for (const resolve of this.#idlers.splice(0)) resolve();
  }
}
