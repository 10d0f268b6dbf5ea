/** Without statistics, on empty tables: the plans must not depend on what SQLite guesses. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/base/sqlite/create-driver.js';
import type { Database } from '../../../src/base/sqlite/driver.js';
import { listSql } from '../../../src/tasks/sqlite/list-query.js';
import { READ_STATEMENTS } from '../../../src/tasks/sqlite/reader.js';
import { createTables } from '../../../src/tasks/sqlite/schema.js';
import { STATEMENTS } from '../../../src/tasks/sqlite/statements.js';
import type { TaskFilter } from '../../../src/tasks/task-store.js';

let database: Database;
beforeAll(async () => {
  database = (await createDriver())(':memory:');
  createTables(database);
});
afterAll(() => database.close());

function planOf(sql: string): string[] {
  const marks = sql.match(/\?/g)?.length ?? 0;
  const values = Array.from({ length: marks }, () => 1);
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...values)
    .map(({ detail }) => String(detail));
}

const KEY = /USING INTEGER PRIMARY KEY \(rowid=\?\)$/;
const COUNTER = /USING PRIMARY KEY/;
const EXPECTED: Readonly<Record<keyof typeof STATEMENTS, RegExp | undefined>> = {
  insertTask: undefined,
  insertBody: undefined,
  insertSome: undefined,
  insertSomeBodies: undefined,
  insertMany: undefined,
  insertManyBodies: undefined,
  insertResult: undefined,
  readTask: KEY,
  readBody: KEY,
  findGiven: /USING INDEX task_given \(given_id=\?\)$/,
  findKey: /USING INDEX task_idem \(owner=\? AND idem=\?\)$/,
  updateTask: KEY,
  startTask: KEY,
  completeTask: KEY,
  readyFirst: /USING COVERING INDEX task_ready \(model=\?\)$/,
  readyAtPriority: /USING COVERING INDEX task_ready \(model=\? AND prio=\? AND ord>\?\)$/,
  readyBelowPriority: /USING COVERING INDEX task_ready \(model=\? AND prio<\?\)$/,
  due: /USING INDEX task_due \(due_at<\?\)$/,
  nextDue: /USING COVERING INDEX task_due$/,
  running: /USING INDEX task_run$/,
  ended: /USING COVERING INDEX task_done \(state=\?\)$/,
  deleteTask: KEY,
  deleteBody: KEY,
  deleteResult: KEY,
  insertDelivery: undefined,
  retryDelivery: KEY,
  deleteDelivery: KEY,
  addToCounter: undefined,
  setCounter: undefined,
  dropCounter: COUNTER,
  readCounter: COUNTER,
  // As many rows as there are priorities of waiting tasks; at the start only.
  counters: /^SCAN counter$/,
  lastNumber: /^SCAN task$/,
};

describe('the statements that write', () => {
  it.each(Object.entries(STATEMENTS))('use their index: %s', (name, sql) => {
    const plan = planOf(sql);
    const expected = EXPECTED[name as keyof typeof STATEMENTS];
    if (expected) expect(plan).toEqual([expect.stringMatching(expected)]);
    // An index would be built or sorted for it.
    expect(plan.join('\n')).not.toMatch(/TEMP|AUTOMATIC/);
  });
});

describe('the statements that read', () => {
  it.each(Object.entries(READ_STATEMENTS))('use their index, and sort nothing: %s', (_name, sql) => {
    const plan = planOf(sql).join('\n');
    expect(plan).not.toMatch(/AUTOMATIC|^SCAN (?!delivery USING INDEX)/m);
    expect(plan).not.toMatch(/TEMP/);
  });

  const filters: [string, TaskFilter][] = [
    ['everything', { limit: 50 }],
    ['the newest', { limit: 50, newestFirst: true }],
    ['a later page', { limit: 50, cursor: 1000 }],
    ['a later page of the newest', { limit: 50, cursor: 1000, newestFirst: true }],
    ['some', { limit: 50, states: ['ready', 'failed'], types: ['chat'], models: ['m'], owner: 'o', sinceMs: 1 }],
    ['what runs', { limit: 50, states: ['running'], owner: 'o' }],
  ];

  it.each(filters)('take a page of %s in the order of the numbers, and find the rest by key', (what, filter) => {
    const plan = planOf(listSql(filter).page.sql);
    expect(plan.join('\n')).not.toMatch(/TEMP B-TREE FOR ORDER|AUTOMATIC/);
    expect(plan[0]).toMatch(
      what === 'what runs' ? /task_run/ : filter.cursor === undefined ? /^SCAN task/ : /rowid[<>]\?/,
    );
    expect(plan.filter((line) => /^SEARCH (body|result) /.test(line))).toHaveLength(2);
  });

  it('count states without looking at tasks', () => {
    expect(planOf(listSql({ limit: 1 }).total.sql).join()).not.toMatch(/\btask\b/);
    expect(planOf(listSql({ limit: 1, states: ['failed'] }).total.sql).join()).not.toMatch(/\btask\b/);
  });
});
