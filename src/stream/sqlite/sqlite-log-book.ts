/**
 * Logs in a folder, in SQLite: the half on the main thread. Records are durable before any reader sees them, so what was
 * delivered is never lost, however the process ends. Two threads do the work, one that writes and one that reads; logs
 * that are written, and those that ended last, are read from memory.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { makeFolder } from '../../base/sqlite/data-folder.js';
import { ReaderCalls } from '../../base/sqlite/reader-calls.js';
import { ThreadCalls } from '../../base/sqlite/thread-calls.js';
import { LastRead, type LogWindow } from '../last-read.js';
import type { LogBook } from '../log.js';
import type { LogEntry, LogRecord } from '../record.js';
import { Watchers } from '../watchers.js';
import { Committer } from './committer.js';
import type { LiveLog } from './live-log.js';
import type { LogReaderCalls } from './log-reader-thread.js';
import { LOG_TABLE_LIMITS, LogTable, type LogTableLimits } from './log-table.js';
import type { LogWriterCalls } from './log-writer-thread.js';
import type { LogSetup, PieceQuestion } from './messages.js';
import { entriesIn } from './pieces.js';

export interface SqliteLogBookOptions {
  /** Made where it does not exist. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** An ended log is kept ten times as long, where there is room for it. */
  readonly retentionMs: number;
  /** For tests. */
  readonly limits?: Partial<Omit<LogTableLimits, 'shelf'>>;
  /** How many ended logs are kept, and how many characters of them; the oldest go first. */
  readonly endedMax?: number;
  readonly endedBytesMax?: number;
}

interface Threads {
  readonly writer: LogWriterCalls;
  readonly reader: LogReaderCalls;
  readonly epoch: string;
}

const KEEP_FACTOR = 10;
const ENDED_MAX = 100_000;
const ENDED_BYTES_MAX = 1024 * 1024 * 1024;
/** While so much waits for the disk, a producer should wait too. */
const WAITING_BYTES_WANTED = 8 * 1024 * 1024;
const PRUNE_INTERVAL_MS = 60_000;
const SETTLE_MS = 1_000;

export class SqliteLogBook implements LogBook {
  readonly #options: SqliteLogBookOptions;
  readonly #table: LogTable;
  readonly #committer: Committer;
  readonly #watchers = new Watchers();
  readonly #lastRead = new LastRead<LiveLog>();
  readonly #asked = new Map<string, Promise<readonly LogEntry[]>>();
  #threads: Threads | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #pruning: Timer | undefined;
  #waitingForRoom: (() => void)[] = [];
  #found: readonly string[] = [];

  constructor(options: SqliteLogBookOptions) {
    const { clock, logger, retentionMs, limits, endedMax, endedBytesMax } = options;
    this.#options = options;
    this.#table = new LogTable({
      ...LOG_TABLE_LIMITS,
      ...limits,
      shelf: {
        keepMs: retentionMs * KEEP_FACTOR,
        countMax: endedMax ?? ENDED_MAX,
        sizeBytesMax: endedBytesMax ?? ENDED_BYTES_MAX,
      },
    });
    this.#committer = new Committer({
      table: this.#table,
      clock,
      logger,
      write: async (commit) => this.#opened().writer.ask(commit),
      onNews: (ids) => this.#tell(ids),
    });
  }

  /** Rejects with `configuration` where the folder cannot be used. */
  async start(): Promise<void> {
    if (this.#stopping) throw new GollamaError('shutting_down', 'the logs are stopped');
    this.#starting ??= this.#open();
    try {
      await this.#starting;
    } catch (thrown) {
      this.#starting = undefined;
      throw thrown;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  get epoch(): string {
    return this.#opened().epoch;
  }

  /** Logs without an end that were there at the start: their writer was broken off. */
  get found(): readonly string[] {
    return this.#found;
  }

  /** False: it was taken, but the disk is behind; wait for `drained` before more. */
  append(id: string, record: LogRecord): boolean {
    if (this.#stopping) return false;
    this.#opened();
    if (this.#table.append(id, record, this.#options.clock.epoch())) this.#watchers.wake(id);
    this.#committer.schedule();
    return this.#hasRoom;
  }

  /** Resolves when the disk has caught up, when nothing is written any more, and when `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    if (this.#hasRoom || this.#stopping || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.#waitingForRoom.push(done);
    });
  }

  async settled(id: string): Promise<void> {
    const log = this.#table.live(id);
    const wanted = log?.last ?? 0;
    // A log that was cut off has become shorter.
    const isSeen = () => !log || log.isForgotten || log.visible >= Math.min(wanted, log.last);
    if (isSeen() || this.#stopping) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        patience.cancel();
        stopWatching();
        resolve();
      };
      const patience = this.#options.clock.after(SETTLE_MS, done);
      const stopWatching = this.watch(id, () => {
        if (isSeen() || this.#stopping) done();
      });
    });
  }

  /** Resolves when all that was appended is durable. */
  flushed(): Promise<void> {
    return this.#committer.idle();
  }

  last(id: string): number | undefined {
    return this.#table.live(id)?.visible ?? this.#table.shelved(id)?.last;
  }

  async read(id: string, after: number, limit: number): Promise<readonly LogEntry[] | undefined> {
    const held = this.held(id, after, limit);
    if (held) return held;
    const from = Math.max(0, after);
    const log = this.#table.live(id);
    const place = log ?? this.#table.shelved(id);
    if (!place) return undefined;
    const wanted = log ? Math.min(limit, log.readableFrom - from) : limit;
    const stored = wanted > 0 ? await this.#stored(place.number, from, wanted) : [];
    const last = stored.at(-1)?.sequence;
    // It may have been forgotten meanwhile, and even begun anew.
    const now = this.#table.live(id) ?? this.#table.shelved(id);
    if (now?.number !== place.number) return this.read(id, after, limit);
    if (last === undefined || stored.length === limit) return stored;
    const rest = await this.read(id, last, limit - stored.length);
    return rest && [...stored, ...rest];
  }

  held(id: string, after: number, limit: number): readonly LogEntry[] | undefined {
    const from = Math.max(0, after);
    const log = this.#table.live(id);
    if (log && from >= log.readableFrom)
      return this.#lastRead.entries({ log, after: from, limit, last: log.visible }, entriesOf);
    const place = log ?? this.#table.shelved(id);
    return place && from >= place.last ? [] : undefined;
  }

  watch(id: string, listener: () => void): () => void {
    return this.#watchers.add(id, listener);
  }

  /** It goes from the disk with the next commit. */
  forget(id: string): void {
    if (this.#stopping || !this.#table.forget(id)) return;
    this.#watchers.wake(id);
    this.#committer.schedule();
  }

  get #hasRoom(): boolean {
    return this.#table.waitingBytes <= WAITING_BYTES_WANTED;
  }

  /** Those who ask for the same at the same time share the answer. */
  #stored(number: number, after: number, limit: number): Promise<readonly LogEntry[]> {
    const key = `${number} ${after} ${limit}`;
    let asked = this.#asked.get(key);
    if (!asked) {
      asked = this.#ask({ kind: 'pieces', number, after, limit }).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return asked;
  }

  async #ask(question: PieceQuestion): Promise<readonly LogEntry[]> {
    const pieces = await this.#opened().reader.ask(question);
    return entriesIn(pieces, question.after, question.limit);
  }

  async #open(): Promise<void> {
    const { folder, logger } = this.#options;
    const setup: LogSetup = { folder, newEpoch: randomUUID().slice(0, 8) };
    await makeFolder('the logs of answers', folder);
    const writer: LogWriterCalls = new ThreadCalls(
      { beside: import.meta.url, name: 'log-writer-thread' },
      setup,
      (error) => this.#die(error),
    );
    const reader: LogReaderCalls = new ReaderCalls({ beside: import.meta.url, name: 'log-reader-thread' }, setup);
    try {
      const opened = await writer.open();
      if (opened.damagedCopy !== undefined)
        logger.error({ folder: opened.damagedCopy }, 'the logs of answers were damaged; they begin anew');
      this.#table.open(opened);
      this.#found = [...this.#table.unfinished()];
      this.#threads = { writer, reader, epoch: opened.epoch };
      this.#prune();
    } catch (thrown) {
      await reader.close();
      await writer.close();
      throw thrown;
    }
  }

  async #close(): Promise<void> {
    await this.#starting?.catch(() => {});
    this.#pruning?.cancel();
    if (this.#threads) {
      const { writer, reader } = this.#threads;
      await this.#committer.close();
      await reader.close();
      const error = await writer.close();
      if (error) this.#options.logger.error({ err: error }, 'the logs of answers were not closed in good order');
    }
    this.#makeRoom();
    this.#watchers.wakeAll();
  }

  #opened(): Threads {
    if (!this.#threads) throw new GollamaError('storage_error', 'the logs are not started');
    return this.#threads;
  }

  #tell(ids: readonly string[]): void {
    for (const id of ids) this.#watchers.wake(id);
    if (this.#hasRoom) this.#makeRoom();
  }

  #makeRoom(): void {
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }

  #prune(): void {
    if (this.#stopping) return;
    const { clock } = this.#options;
    const ids = this.#table.prune(clock.epoch());
    for (const id of ids) this.#watchers.wake(id);
    this.#committer.schedule();
    // While there is more, one step after the other.
    const next = () => this.#prune();
    if (ids.length > 0) void this.#committer.idle().then(next);
    else this.#pruning = clock.after(PRUNE_INTERVAL_MS, next);
  }

  #die(error: GollamaError): void {
    const { logger, clock } = this.#options;
    logger.error({ err: error }, 'the logs of answers do not work any more');
    this.#tell(this.#table.die(error, clock.epoch()));
    this.#makeRoom();
  }
}

function entriesOf({ log, after, limit }: LogWindow<LiveLog>): readonly LogEntry[] {
  return log.read(after, limit);
}
