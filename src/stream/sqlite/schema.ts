/**
 * The tables of the logs.
 *
 * - `log`: one row each; `ended_at` is NULL while it is written
 * - `piece`: records in their final place, some hundred a row, keyed by the last of them
 * - `journal`: one row a commit, for all logs: what is not in a piece yet. So a commit writes one place, however many
 *   answers are being written
 * - `meta`: the epoch
 */
import type { Database } from '../../base/sqlite/driver.js';

/** `goln`, in the header of the file. */
export const APPLICATION_ID = 0x676f6c6e;
export const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE log(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, last INT NOT NULL, size_bytes INT NOT NULL,
  ended_at INT) STRICT;
CREATE TABLE piece(log INT NOT NULL, last INT NOT NULL, first INT NOT NULL, data TEXT NOT NULL,
  PRIMARY KEY(log, last)) STRICT, WITHOUT ROWID;
CREATE TABLE journal(row INTEGER PRIMARY KEY, parts TEXT NOT NULL) STRICT;
PRAGMA application_id=${APPLICATION_ID};
PRAGMA user_version=${SCHEMA_VERSION};`;

export const STATEMENTS = {
  begin:
    'INSERT INTO log(number, id, last, size_bytes) VALUES(?, ?, 0, 0) ON CONFLICT(number) DO UPDATE SET ended_at=NULL',
  store: 'UPDATE log SET last=?, size_bytes=?, ended_at=? WHERE number=?',
  remove: 'DELETE FROM log WHERE number=?',
  addPiece: 'INSERT OR REPLACE INTO piece(log, last, first, data) VALUES(?, ?, ?, ?)',
  removePieces: 'DELETE FROM piece WHERE log=?',
  addToJournal: 'INSERT OR REPLACE INTO journal(row, parts) VALUES(?, ?)',
  cutJournal: 'DELETE FROM journal WHERE row<?',
  journal: 'SELECT parts FROM journal ORDER BY row',
  unfinished: 'SELECT number, last, size_bytes FROM log WHERE ended_at IS NULL',
  logs: 'SELECT number, id, last, size_bytes, ended_at FROM log ORDER BY ended_at, number',
  readMeta: 'SELECT value FROM meta WHERE name=?',
  writeMeta: 'INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)',
} as const;

export const READ_PIECES = 'SELECT first, last, data FROM piece WHERE log=? AND last>? ORDER BY last LIMIT ?';

/** All of it or nothing. */
export function createTables(database: Database): void {
  database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
}
