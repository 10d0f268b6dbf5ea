/** What the main thread asks of the two threads of the logs. */
import type { Item } from './packed-records.js';

export interface LogSetup {
  readonly folder: string;
  /** For a database that does not exist yet. */
  readonly newEpoch: string;
}

/** A part of a log, whole and in its final place; `last` is the sequence number of its last record. */
export interface Piece {
  readonly first: number;
  readonly last: number;
  /** See `packRecords`. */
  readonly data: string;
}

/** What moves from memory to its final place. */
export interface StoredLog {
  readonly number: number;
  readonly last: number;
  /** All of its pieces, those from before included. */
  readonly sizeBytes: number;
  /** Epoch milliseconds; undefined where the log goes on. */
  readonly endedAtMs: number | undefined;
  readonly pieces: readonly Piece[];
}

/** One transaction. */
export interface Commit {
  readonly kind: 'commit';
  readonly removed: readonly number[];
  /** Logs that begin, or begin again after an end. */
  readonly begun: readonly (readonly [number: number, id: string])[];
  /** Number of the row in the journal. */
  readonly row: number;
  /** Records that are only in memory beside it: `JournalPart`s as one JSON text; '' where there are none. */
  readonly journal: string;
  readonly stored: readonly StoredLog[];
  /** Rows of the journal before this one are of no use any more. */
  readonly journalFrom: number;
}

/** Log, sequence number of the first record, records; these as a text of their own (`packRecords`) before 0.1.0. */
export type JournalPart = readonly [number: number, first: number, records: readonly Item[] | string];

/** What was there when the database was opened. */
export interface OpenedLogs {
  readonly epoch: string;
  readonly nextNumber: number;
  readonly logs: readonly OpenedLog[];
  /** Where the damaged files are that were found instead, undefined where nothing was damaged. */
  readonly damagedCopy: string | undefined;
}

/** In the order of their ends; those without one have `endedAtMs` undefined. */
export interface OpenedLog extends Omit<StoredLog, 'pieces'> {
  readonly id: string;
}

export interface WriterAnswers extends Record<'commit', undefined> {
  commit: undefined;
}

/** Pieces with records after that position, from its place on. */
export interface PieceQuestion {
  readonly kind: 'pieces';
  readonly number: number;
  readonly after: number;
  /** Enough pieces for so many records. */
  readonly limit: number;
}

export interface ReaderAnswers extends Record<'pieces', readonly Piece[]> {
  pieces: readonly Piece[];
}
