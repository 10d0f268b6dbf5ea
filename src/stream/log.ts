/**
 * The contract of the logs: for each answer an append-only list of records, one writer, any number of readers at their own
 * pace. A reader is a position; it costs nothing while it does not read.
 */
import type { Service } from '../base/service.js';
import type { LogEntry, LogRecord } from './record.js';

export interface LogBook extends Service {
  /** Names one life of the logs: a position of another epoch means nothing here. */
  readonly epoch: string;
  /** Logs without an end that were there at the start: whoever wrote them was broken off. */
  readonly found: readonly string[];
  /**
   * Appends; the first append begins the log. After a terminal record only a `restart` is taken. False where it was taken but
   * too much waits to become durable: the writer should wait for `drained`.
   */
  append(id: string, record: LogRecord): boolean;
  /** Resolves when there is room again, when nothing is written any more, and when `signal` aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** Resolves when readers see what was appended to that log until now, or where that takes more than a second. */
  settled(id: string): Promise<void>;
  /** Sequence number of the last record; 0 where there is none yet; undefined where the log is not known (any more). */
  last(id: string): number | undefined;
  /**
   * The records after that position, at most `limit`, as many as are there now. Undefined where the log is not known (any
   * more).
   */
  read(id: string, after: number, limit: number): Promise<readonly LogEntry[] | undefined>;
  /**
   * What `read` would resolve with, where it is in memory: what has just been written nearly always is. Undefined where it has
   * to be read.
   */
  held(id: string, after: number, limit: number): readonly LogEntry[] | undefined;
  /** It is not known any more. Nothing happens where it is not known, or not ended. */
  forget(id: string): void;
  /** Calls `listener` when there may be something new to read. */
  watch(id: string, listener: () => void): () => void;
}
