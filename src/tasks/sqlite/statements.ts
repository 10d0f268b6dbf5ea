/**
 * Every statement of the connection that writes, each with the index it uses: without statistics SQLite would scan. A
 * partial index needs its condition word for word, with literals.
 */
import type { Database, Statement } from '../../base/sqlite/driver.js';
import { TASK_COLUMNS } from './task-row.js';

/** Rows that one statement inserts; a call costs as much as the values of several rows. */
export const ROWS_AT_ONCE = 24;
export const ROWS_AT_LEAST = 4;

export const STATEMENTS = {
  insertTask: `INSERT INTO task(seq, tag, given_id, idem, owner, type, model, state, prio, ord, retries_max, notify,
    created_at, due_at, turn, retry_count, crashes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)`,
  insertBody: insertBodies(1),
  insertSome: insertPlain(ROWS_AT_LEAST),
  insertSomeBodies: insertBodies(ROWS_AT_LEAST),
  insertMany: insertPlain(ROWS_AT_ONCE),
  insertManyBodies: insertBodies(ROWS_AT_ONCE),
  insertResult: 'INSERT OR REPLACE INTO result(seq, data) VALUES(?, ?)',
  readTask: `SELECT ${TASK_COLUMNS} FROM task WHERE seq=?`,
  readBody: 'SELECT payload FROM body WHERE seq=?',
  findGiven: `SELECT ${TASK_COLUMNS} FROM task INDEXED BY task_given WHERE given_id=? AND given_id IS NOT NULL`,
  findKey: `SELECT ${TASK_COLUMNS} FROM task INDEXED BY task_idem WHERE owner=? AND idem=? AND idem IS NOT NULL`,
  updateTask: `UPDATE task SET state=?, prio=?, ord=?, turn=?, retry_count=?, crashes=?, started_at=?, finished_at=?,
    due_at=?, error=?, engine=? WHERE seq=?`,
  /** The two moves that every task makes, with fewer values to bind. */
  startTask: 'UPDATE task SET state=2, turn=?, started_at=?, engine=? WHERE seq=?',
  completeTask: 'UPDATE task SET state=3, finished_at=?, error=NULL WHERE seq=?',
  readyFirst: `SELECT seq, prio, ord FROM task INDEXED BY task_ready WHERE state=0 AND model=?
    ORDER BY prio DESC, ord LIMIT ?`,
  readyAtPriority: `SELECT seq, prio, ord FROM task INDEXED BY task_ready WHERE state=0 AND model=? AND prio=? AND ord>?
    ORDER BY ord LIMIT ?`,
  readyBelowPriority: `SELECT seq, prio, ord FROM task INDEXED BY task_ready WHERE state=0 AND model=? AND prio<?
    ORDER BY prio DESC, ord LIMIT ?`,
  due: `SELECT ${TASK_COLUMNS} FROM task INDEXED BY task_due WHERE state=1 AND due_at<=? ORDER BY due_at LIMIT ?`,
  nextDue: 'SELECT due_at FROM task INDEXED BY task_due WHERE state=1 ORDER BY due_at LIMIT 1',
  running: `SELECT ${TASK_COLUMNS} FROM task INDEXED BY task_run WHERE state=2`,
  ended: `SELECT seq, finished_at FROM task INDEXED BY task_done WHERE state=? AND state>=3
    ORDER BY finished_at LIMIT ?`,
  deleteTask: 'DELETE FROM task WHERE seq=?',
  deleteBody: 'DELETE FROM body WHERE seq=?',
  deleteResult: 'DELETE FROM result WHERE seq=?',
  insertDelivery: 'INSERT OR REPLACE INTO delivery(seq, failures, due_at) VALUES(?, 0, ?)',
  retryDelivery: 'UPDATE delivery SET failures=failures+1, due_at=? WHERE seq=?',
  deleteDelivery: 'DELETE FROM delivery WHERE seq=?',
  addToCounter: `INSERT INTO counter(name, model, prio, value) VALUES(?, ?, ?, ?)
    ON CONFLICT(name, model, prio) DO UPDATE SET value=value+excluded.value`,
  setCounter: 'INSERT OR REPLACE INTO counter(name, model, prio, value) VALUES(?, ?, ?, ?)',
  dropCounter: 'DELETE FROM counter WHERE name=? AND model=? AND prio=? AND value=0',
  readCounter: 'SELECT value FROM counter WHERE name=? AND model=? AND prio=?',
  counters: 'SELECT name, model, prio, value FROM counter',
  lastNumber: 'SELECT seq FROM task ORDER BY seq DESC LIMIT 1',
} as const;

/** Of tasks without a name, key, webhook or delay: a value to bind costs half a row. */
function insertPlain(count: number): string {
  return `INSERT INTO task(seq, tag, owner, type, model, state, prio, ord, retries_max, created_at,
    notify, turn, retry_count, crashes) VALUES${times(count, '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0)')}`;
}

function insertBodies(count: number): string {
  return `INSERT INTO body(seq, payload) VALUES${times(count, '(?, ?)')}`;
}

function times(count: number, values: string): string {
  return Array.from({ length: count }, () => values).join(', ');
}

export type Statements = Readonly<Record<keyof typeof STATEMENTS, Statement>>;

export function prepareStatements(database: Database): Statements {
  const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)] as const);
  return Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, Statement>;
}
