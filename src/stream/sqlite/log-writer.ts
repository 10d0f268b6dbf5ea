/** The one connection that writes the logs. */
import { giveBackPages, transact } from '../../base/sqlite/connection.js';
import type { Database, OpenDatabase, Statement } from '../../base/sqlite/driver.js';
import { type FolderLock, lockFolder } from '../../base/sqlite/folder-lock.js';
import type { LogEntry } from '../record.js';
import { logFiles } from './log-files.js';
import type { Commit, JournalPart, LogSetup, OpenedLog, OpenedLogs, StoredLog } from './messages.js';
import { openLogs } from './opening.js';
import { entriesOf, unpackRecords } from './packed-records.js';
import { piecesOf } from './pieces.js';
import { STATEMENTS } from './schema.js';

type Statements = Readonly<Record<keyof typeof STATEMENTS, Statement>>;

export class LogWriter {
  readonly #database: Database;
  readonly #statements: Statements;
  readonly #lock: FolderLock;
  readonly opened: OpenedLogs;

  /** Throws `configuration`, see `lockFolder` and `openLogs`; then nothing stays open. */
  static open(setup: LogSetup, open: OpenDatabase): LogWriter {
    const files = logFiles(setup.folder);
    const lock = lockFolder('the folder of the logs', files, open);
    try {
      const { database, damagedCopy } = openLogs(files, open);
      try {
        return new LogWriter(database, lock, setup, damagedCopy);
      } catch (thrown) {
        database.close();
        throw thrown;
      }
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
  }

  private constructor(database: Database, lock: FolderLock, setup: LogSetup, damagedCopy: string | undefined) {
    this.#database = database;
    this.#lock = lock;
    this.#statements = prepared(database);
    const epoch = transact(database, () => {
      this.#emptyJournal();
      return this.#epoch(setup.newEpoch);
    });
    const logs = this.#statements.logs.all().map(
      (row): OpenedLog => ({
        number: Number(row.number),
        id: String(row.id),
        last: Number(row.last),
        sizeBytes: Number(row.size_bytes),
        endedAtMs: row.ended_at === null ? undefined : Number(row.ended_at),
      }),
    );
    const nextNumber = logs.reduce((high, { number }) => Math.max(high, number), 0) + 1;
    this.opened = { epoch, nextNumber, logs, damagedCopy };
  }

  /** All of it is durable when this returns, or nothing was done and it throws. */
  commit({ removed, begun, row, journal, stored, journalFrom }: Commit): void {
    const { begin, addToJournal, cutJournal, remove, removePieces } = this.#statements;
    transact(this.#database, () => {
      for (const number of removed) {
        remove.run(number);
        removePieces.run(number);
      }
      for (const [number, id] of begun) begin.run(number, id);
      if (journal !== '') addToJournal.run(row, journal);
      for (const log of stored) this.#store(log);
      cutJournal.run(journalFrom);
    });
    if (removed.length > 0) giveBackPages(this.#database);
  }

  close(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      this.#database.close();
    } finally {
      this.#lock.release();
    }
  }

  #store({ number, last, sizeBytes, endedAtMs, pieces }: StoredLog): void {
    for (const piece of pieces) this.#statements.addPiece.run(number, piece.last, piece.first, piece.data);
    this.#statements.store.run(last, sizeBytes, endedAtMs ?? null, number);
  }

  /** What was in memory when the process ended moves to its final place. */
  #emptyJournal(): void {
    const lost = new Map<number, { last: number; sizeBytes: number; entries: LogEntry[] }>();
    for (const row of this.#statements.unfinished.all())
      lost.set(Number(row.number), { last: Number(row.last), sizeBytes: Number(row.size_bytes), entries: [] });
    for (const { parts } of this.#statements.journal.all()) {
      for (const [number, first, records] of JSON.parse(String(parts)) as readonly JournalPart[]) {
        const log = lost.get(number);
        if (!log) continue;
        // What is in a piece already is skipped.
        const next = () => log.last + log.entries.length + 1;
        const entries = typeof records === 'string' ? unpackRecords(records, first) : entriesOf(records, first);
        for (const entry of entries) if (entry.sequence === next()) log.entries.push(entry);
      }
    }
    for (const [number, { last, sizeBytes, entries }] of lost) {
      if (entries.length === 0) continue;
      const pieces = piecesOf(entries);
      const more = pieces.reduce((sum, { data }) => sum + data.length, 0);
      this.#store({ number, last: last + entries.length, sizeBytes: sizeBytes + more, endedAtMs: undefined, pieces });
    }
    this.#statements.cutJournal.run(Number.MAX_SAFE_INTEGER);
  }

  #epoch(fresh: string): string {
    const known = this.#statements.readMeta.get('epoch')?.value;
    if (typeof known === 'string') return known;
    this.#statements.writeMeta.run('epoch', fresh);
    return fresh;
  }
}

function prepared(database: Database): Statements {
  const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)] as const);
  return Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, Statement>;
}
