/** The transactions, with a disk that fails when told. */
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/base/sqlite/create-driver.js';
import type { OpenDatabase } from '../../../src/base/sqlite/driver.js';
import type { Operation } from '../../../src/tasks/sqlite/messages.js';
import { newRow } from '../../../src/tasks/sqlite/task-row.js';
import { Writer } from '../../../src/tasks/sqlite/writer.js';
import { newTask as born } from '../../../src/tasks/task-moves.js';
import { newTask } from '../../conformance/task-store/harness.js';
import { newFolder } from './store-folder.js';

const FULL = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL', rawCode: 13 });

describe('a transaction', () => {
  let folder: string;
  let remove: () => void;
  let open: OpenDatabase;
  let writer: Writer;
  let commitFails = false;
  let rollbackFails = false;

  beforeEach(async () => {
    ({ folder, remove } = newFolder());
    mkdirSync(folder);
    commitFails = false;
    rollbackFails = false;
    const driver = await createDriver();
    open = (path) => {
      const database = driver(path);
      const exec = (sql: string) => {
        if (sql === 'COMMIT' && commitFails) {
          if (rollbackFails) database.exec('ROLLBACK');
          throw FULL;
        }
        database.exec(sql);
      };
      return { exec, prepare: (sql) => database.prepare(sql), close: () => database.close() };
    };
    writer = Writer.open({ folder, nowMs: 1000 }, open);
  });
  afterEach(() => {
    writer.close();
    remove();
  });

  const submit = (number: number, order = number): Operation => {
    const wishes = newTask();
    const task = born(wishes, { number, id: `n${number}`, order, nowMs: 1000 });
    return { kind: 'submit', rows: [newRow(wishes, task, 'tag')] };
  };
  const claim = (number: number): Operation => ({ kind: 'claim', number, engine: undefined, atMs: 1000 });

  it.each([
    ['and is rolled back', false],
    ['when SQLite has rolled it back itself', true],
  ])('that cannot be committed happened not at all %s, and the next one is as if it had not been', (_how, itself) => {
    writer.commit([submit(1)]);
    commitFails = true;
    rollbackFails = itself;
    expect(() => writer.commit([submit(2), claim(1)])).toThrow(FULL);
    expect(() => writer.commit([submit(2)])).toThrow(FULL);
    commitFails = false;
    const [again, first] = writer.commit([submit(2), claim(1)]);
    expect(again).toBeUndefined();
    expect(first).toMatchObject({ turn: 1 });
    writer.close();
    writer = Writer.open({ folder, nowMs: 2000 }, open);
    expect(writer.opened).toMatchObject({ recovery: { returned: 1, poisoned: 0 }, nextNumber: 3 });
    expect(writer.opened.counts).toEqual([{ state: 'ready', model: newTask().model, priority: 5, count: 2 }]);
  });

  it('of one batch holds all its operations, also those that follow from each other', () => {
    const replies = writer.commit([submit(1), claim(1), claim(1), claim(7)]);
    expect(replies.slice(1)).toEqual([expect.objectContaining({ turn: 1 }), undefined, undefined]);
  });

  it('leaves the orders that were given out behind those that come after the next start', () => {
    const orders = [5, 70_000, 70_001, 200_000, 1_000_000];
    for (const [place, order] of orders.entries()) {
      writer.commit([submit(place + 1, order)]);
      writer.close();
      writer = Writer.open({ folder, nowMs: 2000 }, open);
      expect(writer.opened.orderHigh).toBeGreaterThan(order);
      expect(writer.opened.orderHigh).toBeLessThanOrEqual(order + 65_536);
    }
  });

  it('that prunes gives the room back in the end', async () => {
    const wishes = newTask({ body: JSON.stringify('x'.repeat(20_000)) });
    for (let number = 1; number <= 1200; number += 1) {
      const task = born(wishes, { number, id: 'x', order: number, nowMs: 1000 });
      const rows = [newRow(wishes, task, 'tag')];
      writer.commit([{ kind: 'submit', rows }, claim(number)]);
      const settlement = { kind: 'failed', error: 'x' } as const;
      writer.commit([{ kind: 'settle', number, turn: 1, settlement, atMs: 1000 }]);
    }
    const rule = { state: 'failed', endedBeforeMs: 2000, keepMax: 0 } as const;
    let removed = 0;
    for (;;) {
      const [reply] = writer.commit([{ kind: 'prune', rule }]) as [{ removed: number }];
      if (reply.removed === 0) break;
      expect(reply.removed).toBeLessThanOrEqual(200);
      removed += reply.removed;
    }
    expect(removed).toBe(1200);
    writer.close();
    const database = (await createDriver())(`${folder}/tasks.db`);
    const pages = Object.values(database.prepare('PRAGMA page_count').get() ?? {})[0];
    database.close();
    writer = Writer.open({ folder, nowMs: 2000 }, open);
    // It held over 6000 pages.
    expect(Number(pages)).toBeLessThan(2500);
  });
});
