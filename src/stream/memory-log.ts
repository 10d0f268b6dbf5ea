/** Logs in memory: they end with the process, and the oldest finished ones go when they take too much room. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { LastRead, type LogWindow } from './last-read.js';
import type { LogBook } from './log.js';
import { isTerminal, type LogEntry, type LogRecord } from './record.js';
import { Watchers } from './watchers.js';

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** How long a log stays after its last record. */
  readonly retentionMs: number;
  /** Room for all logs; one that is still written may stand above it. */
  readonly sizeBytesMax?: number;
}

const SIZE_BYTES_MAX = 64 * 1024 * 1024;
/** What a record costs beside its text. */
const RECORD_BYTES = 100;

interface Log {
  readonly entries: LogEntry[];
  sizeBytes: number;
  endedAtMs: number | undefined;
}

export class MemoryLogBook implements LogBook {
  readonly epoch = randomUUID().slice(0, 8);
  readonly found = [];
  readonly #options: Required<MemoryLogOptions>;
  readonly #logs = new Map<string, Log>();
  /** In the order in which they ended. */
  readonly #ended = new Set<string>();
  readonly #watchers = new Watchers();
  readonly #lastRead = new LastRead<Log>();
  #sizeBytes = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = { sizeBytesMax: SIZE_BYTES_MAX, ...options };
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#watchers.wakeAll();
    return Promise.resolve();
  }

  append(id: string, record: LogRecord): boolean {
    const log = this.#log(id);
    if (log.endedAtMs !== undefined && !this.#reopen(id, log, record)) return true;
    log.entries.push({ sequence: log.entries.length + 1, record });
    const sizeBytes = RECORD_BYTES + sizeOf(record);
    log.sizeBytes += sizeBytes;
    this.#sizeBytes += sizeBytes;
    if (isTerminal(record)) {
      log.endedAtMs = this.#options.clock.now();
      this.#ended.add(id);
      this.#forget();
    }
    this.#watchers.wake(id);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  last(id: string): number | undefined {
    return this.#logs.get(id)?.entries.length;
  }

  read(id: string, after: number, limit: number): Promise<readonly LogEntry[] | undefined> {
    return Promise.resolve(this.held(id, after, limit));
  }

  held(id: string, after: number, limit: number): readonly LogEntry[] | undefined {
    const log = this.#logs.get(id);
    return (
      log && this.#lastRead.entries({ log, after: Math.max(0, after), limit, last: log.entries.length }, entriesOf)
    );
  }

  forget(id: string): void {
    const log = this.#logs.get(id);
    if (log?.endedAtMs === undefined) return;
    this.#drop(id, log);
    this.#watchers.wake(id);
  }

  watch(id: string, listener: () => void): () => void {
    return this.#watchers.add(id, listener);
  }

  #log(id: string): Log {
    let log = this.#logs.get(id);
    if (log === undefined) {
      log = { entries: [], sizeBytes: 0, endedAtMs: undefined };
      this.#logs.set(id, log);
    }
    return log;
  }

  #reopen(id: string, log: Log, record: LogRecord): boolean {
    if (record.kind !== 'restart') return false;
    log.endedAtMs = undefined;
    this.#ended.delete(id);
    return true;
  }

  /** Logs whose time is over, and then the oldest until the rest has room. */
  #forget(): void {
    const { clock, retentionMs, sizeBytesMax } = this.#options;
    const endedBeforeMs = clock.now() - retentionMs;
    for (const id of this.#ended) {
      const log = this.#logs.get(id);
      if (log?.endedAtMs !== undefined && log.endedAtMs > endedBeforeMs && this.#sizeBytes <= sizeBytesMax) return;
      if (log) this.#drop(id, log);
    }
  }

  #drop(id: string, log: Log): void {
    this.#ended.delete(id);
    this.#logs.delete(id);
    this.#sizeBytes -= log.sizeBytes;
  }
}

function entriesOf({ log, after, limit }: LogWindow<Log>): readonly LogEntry[] {
  return log.entries.slice(after, after + limit);
}

function sizeOf(record: LogRecord): number {
  switch (record.kind) {
    case 'text':
    case 'reasoning':
      return record.text.length * 2;
    case 'tool_call':
      return JSON.stringify(record.call).length * 2;
    default:
      return 0;
  }
}
