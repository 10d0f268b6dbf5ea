/**
 * The tables, and how a connection to them is set.
 *
 * - `task`: narrow, because every move writes it again; `body` and `result` are written once
 * - indexes are partial, so that a task is only in those of its state
 * - `delivery`: ended tasks whose end is still to be told
 * - `counter`: tasks by state (those that wait also by model and priority), and a few numbers of the store itself; in one
 *   table, so that a commit writes one page for all of them
 */
import type { TaskState } from '../task.js';
import type { Database } from './driver.js';

/** `goll`, in the header of the file. */
export const APPLICATION_ID = 0x676f6c6c;
export const SCHEMA_VERSION = 1;

/** In the indexes: final states are 3 and higher. */
export const STATE_CODES: Readonly<Record<TaskState, number>> = {
  ready: 0,
  delayed: 1,
  running: 2,
  completed: 3,
  failed: 4,
  cancelled: 5,
};

const STATES = Object.keys(STATE_CODES) as TaskState[];

export function stateOf(code: number): TaskState {
  const state = STATES[code];
  if (state === undefined) throw new Error(`a task has the unknown state ${code}`);
  return state;
}

const TABLES = `
CREATE TABLE task(
  seq INTEGER PRIMARY KEY, tag TEXT NOT NULL, given_id TEXT, idem TEXT, owner TEXT NOT NULL, type TEXT NOT NULL,
  model TEXT NOT NULL, state INT NOT NULL, prio INT NOT NULL, ord INT NOT NULL, turn INT NOT NULL,
  retry_count INT NOT NULL, retries_max INT NOT NULL, crashes INT NOT NULL, notify INT NOT NULL,
  created_at INT NOT NULL, started_at INT, finished_at INT, due_at INT, error TEXT, engine TEXT) STRICT;
CREATE TABLE body(seq INTEGER PRIMARY KEY, payload TEXT NOT NULL) STRICT;
CREATE TABLE result(seq INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT;
CREATE TABLE delivery(seq INTEGER PRIMARY KEY, failures INT NOT NULL, due_at INT NOT NULL) STRICT;
CREATE TABLE counter(
  name TEXT NOT NULL, model TEXT NOT NULL, prio INT NOT NULL, value INT NOT NULL,
  PRIMARY KEY(name, model, prio)) STRICT, WITHOUT ROWID;
CREATE INDEX task_ready ON task(model, prio DESC, ord) WHERE state=0;
CREATE INDEX task_due ON task(due_at) WHERE state=1;
CREATE INDEX task_run ON task(seq) WHERE state=2;
CREATE INDEX task_done ON task(state, finished_at) WHERE state>=3;
CREATE UNIQUE INDEX task_given ON task(given_id) WHERE given_id IS NOT NULL;
CREATE UNIQUE INDEX task_idem ON task(owner, idem) WHERE idem IS NOT NULL;
CREATE INDEX delivery_due ON delivery(due_at);
PRAGMA application_id=${APPLICATION_ID};
PRAGMA user_version=${SCHEMA_VERSION};`;

/** For the one connection that writes. Only it makes checkpoints. */
export function setForWriting(database: Database): void {
  // Before the first table; afterwards they change nothing.
  database.exec('PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL');
  database.exec('PRAGMA busy_timeout=5000; PRAGMA mmap_size=0; PRAGMA cache_size=-65536');
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8192');
}

/** For every other connection. */
export function setForReading(database: Database): void {
  database.exec('PRAGMA busy_timeout=5000; PRAGMA mmap_size=0; PRAGMA cache_size=-16384; PRAGMA query_only=1');
}

/** All of it or nothing. */
export function createTables(database: Database): void {
  database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
}

/** The one number that a pragma answers. */
export function pragma(database: Database, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
}
