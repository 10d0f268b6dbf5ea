import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { LOG_TABLE_LIMITS, LogTable, type LogTableLimits } from '../../../src/stream/sqlite/log-table.js';
import { done, restart, text } from '../../conformance/stream-log.js';

const SHELF = { keepMs: 1_000, countMax: 100, sizeBytesMax: 1_000_000 };
const tableOf = (limits: Partial<LogTableLimits> = {}) =>
  new LogTable({ ...LOG_TABLE_LIMITS, shelf: SHELF, ...limits });

function commit(table: LogTable) {
  const made = table.nextCommit();
  table.committed();
  return made;
}

/** A log that ended at that time and is on the disk. */
function ended(table: LogTable, id: string, nowMs: number, content = 'x'): void {
  table.append(id, text(content), nowMs);
  table.append(id, done, nowMs);
  commit(table);
}

const kinds = (table: LogTable, id: string) =>
  table
    .live(id)
    ?.read(0, 100)
    .map(({ record }) => record.kind);

describe('what is appended to a log', () => {
  it('is seen when it is durable, not before', () => {
    const table = tableOf();
    table.append('a', text('x'), 0);
    expect(table.live('a')?.visible).toBe(0);
    table.nextCommit();
    table.append('a', text('y'), 0);
    expect(kinds(table, 'a')).toEqual([]);
    expect(table.committed()).toEqual(['a']);
    expect(table.live('a')?.visible).toBe(1);
    commit(table);
    expect(table.live('a')?.visible).toBe(2);
    expect(table.waitingBytes).toBe(0);
  });

  it('goes to the journal while the log is written, and to its place when it ends; then the journal is cut', () => {
    const table = tableOf();
    table.append('a', text('x'), 0);
    const first = commit(table);
    expect(first).toMatchObject({ begun: [[1, 'a']], journal: '[[1,1,[[0,"x"]]]]', stored: [] });
    table.append('a', done, 7);
    const second = commit(table);
    expect(second).toMatchObject({ begun: [], journal: '', stored: [{ number: 1, last: 2, endedAtMs: 7 }] });
    expect(second?.journalFrom).toBe((first?.row ?? 0) + 1);
  });

  it('is in one row of the journal for all logs', () => {
    const table = tableOf();
    for (const id of ['a', 'b', 'c']) table.append(id, text(id), 0);
    expect(JSON.parse(commit(table)?.journal ?? '')).toHaveLength(3);
    expect(table.nextCommit()).toBeUndefined();
  });

  it('is stored where the log has grown, or holds back the journal', () => {
    const table = tableOf({ storeBytes: 1_000, journalRowsMax: 3 });
    table.append('slow', text('x'), 0);
    commit(table);
    table.append('large', text('x'.repeat(1_000)), 0);
    expect(commit(table)?.stored.map(({ number }) => number)).toEqual([2]);
    for (let row = 0; row < 3; row += 1) {
      table.append('other', text('y'), 0);
      commit(table);
    }
    expect(table.hasWork).toBe(true);
    expect(table.nextCommit()?.stored.map(({ number }) => number)).toEqual([1]);
    table.committed();
    expect(table.hasWork).toBe(false);
  });

  it('is written again, in its order, where the commit has failed', () => {
    const table = tableOf();
    table.append('a', text('x'), 0);
    table.nextCommit();
    table.append('a', text('y'), 0);
    expect(table.failed(0)).toEqual([]);
    expect(table.live('a')?.visible).toBe(0);
    expect(commit(table)).toMatchObject({ begun: [[1, 'a']], journal: '[[1,1,[[0,"xy",[1,1]]]]]' });
    expect(table.live('a')?.visible).toBe(2);
    expect(table.waitingBytes).toBe(0);
  });

  it('stays ended where `restart` came after the end, while that was under way', () => {
    const table = tableOf();
    table.append('a', done, 5);
    table.nextCommit();
    table.append('a', restart(1), 6);
    table.committed();
    expect(table.shelved('a')).toBeUndefined();
    expect(commit(table)).toMatchObject({ begun: [[1, 'a']], journal: expect.stringMatching(/^\[\[1,2,/) });
    expect([...table.unfinished()]).toEqual(['a']);
  });
});

describe('a log that grows while the disk takes nothing', () => {
  const full = { waitingBytesMax: 1_000 };

  it('is cut off with an error in place of what was not delivered, and the others go on', () => {
    const table = tableOf(full);
    table.append('a', text('kept'), 0);
    table.append('b', text('b'), 0);
    commit(table);
    table.append('a', text('x'.repeat(300)), 0);
    expect(table.append('a', text('x'.repeat(300)), 1)).toBe(true);
    expect(table.live('a')?.read(0, 9)).toMatchObject([
      { sequence: 1, record: text('kept') },
      { sequence: 2, record: { kind: 'error', code: 'storage_full' } },
    ]);
    expect(table.append('b', text('x'.repeat(300)), 1)).toBe(false);
    commit(table);
    expect(kinds(table, 'b')).toEqual(['text', 'text']);
    expect(table.shelved('a')).toMatchObject({ last: 2, endedAtMs: 1 });
    expect(table.waitingBytes).toBe(0);
  });

  it('takes nothing more but `restart`', () => {
    const table = tableOf(full);
    table.append('a', text('x'.repeat(800)), 0);
    table.append('a', text('late'), 0);
    table.append('a', done, 0);
    expect(kinds(table, 'a')).toEqual(['error']);
    table.append('a', restart(2), 0);
    table.append('a', text('y'), 0);
    commit(table);
    expect(kinds(table, 'a')).toEqual(['error', 'restart', 'text']);
  });

  it('keeps what is under way, and shows the error only behind it', () => {
    const table = tableOf(full);
    table.append('a', text('x'.repeat(300)), 0);
    table.nextCommit();
    expect(table.append('a', text('y'.repeat(300)), 0)).toBe(false);
    expect(kinds(table, 'a')).toEqual([]);
    table.committed();
    expect(kinds(table, 'a')).toEqual(['text', 'error']);
  });

  it('shows the error where what was under way has failed', () => {
    const table = tableOf(full);
    table.append('a', text('x'.repeat(300)), 0);
    table.nextCommit();
    table.append('a', text('y'.repeat(300)), 0);
    expect(table.failed(0)).toEqual(['a']);
    expect(kinds(table, 'a')).toEqual(['error']);
    commit(table);
    expect(table.shelved('a')).toMatchObject({ last: 1 });
    expect(table.waitingBytes).toBe(0);
  });

  it('is cut off at once where nothing is stored any more', () => {
    const table = tableOf();
    table.append('a', text('x'), 0);
    commit(table);
    const error = new GollamaError('storage_error', 'the thread died');
    expect(table.die(error, 0)).toEqual(['a']);
    expect(kinds(table, 'a')).toEqual(['text', 'error']);
    expect(table.append('b', text('x'), 0)).toBe(true);
    expect(kinds(table, 'b')).toEqual(['error']);
    expect(table.hasWork).toBe(false);
  });
});

describe('an ended log', () => {
  it('stays until its time is over', () => {
    const table = tableOf();
    ended(table, 'a', 0);
    ended(table, 'b', 500);
    expect(table.prune(999)).toEqual([]);
    expect(table.prune(1_000)).toEqual(['a']);
    expect([table.live('a'), table.shelved('a')]).toEqual([undefined, undefined]);
    expect(commit(table)?.removed).toEqual([1]);
    expect(table.shelved('b')).toBeDefined();
  });

  it('goes before its time where there are too many, or too much of them, the oldest first', () => {
    const few = tableOf({ shelf: { ...SHELF, countMax: 2 } });
    for (const id of ['a', 'b', 'c']) ended(few, id, 0);
    expect(few.prune(0)).toEqual(['a']);
    const small = tableOf({ shelf: { ...SHELF, sizeBytesMax: 1_000 } });
    for (const id of ['a', 'b', 'c']) ended(small, id, 0, 'x'.repeat(400));
    expect(small.prune(0)).toEqual(['a']);
  });

  it('stays as long as it is written again', () => {
    const table = tableOf();
    ended(table, 'a', 0);
    table.append('a', restart(1), 10);
    commit(table);
    expect(table.prune(1_000_000)).toEqual([]);
    table.append('a', done, 2_000_000);
    commit(table);
    expect(table.shelved('a')).toMatchObject({ number: 1, last: 4, endedAtMs: 2_000_000 });
  });

  it('is told to be removed again where that has failed, and is not known meanwhile', () => {
    const table = tableOf();
    ended(table, 'a', 0);
    table.prune(5_000);
    table.nextCommit();
    table.failed(0);
    expect(table.shelved('a')).toBeUndefined();
    expect(commit(table)?.removed).toEqual([1]);
  });

  it('leaves memory when there is no room, and is known all the same', () => {
    const table = tableOf({ memoryBytesMax: 1_000 });
    for (const id of ['a', 'b', 'c']) ended(table, id, 0, 'x'.repeat(150));
    expect(table.live('a')).toBeUndefined();
    expect(table.live('c')).toBeDefined();
    expect(table.shelved('a')).toMatchObject({ last: 2 });
    expect(table.memoryBytes).toBeLessThanOrEqual(1_000);
  });
});

describe('a log that is forgotten', () => {
  it('is gone, with what waits of it', () => {
    const table = tableOf();
    table.append('a', text('x'), 0);
    expect(table.forget('a')).toBe(false);
    table.append('a', done, 0);
    expect(table.forget('a')).toBe(true);
    expect(table.forget('a')).toBe(false);
    expect([table.live('a'), table.waitingBytes, table.memoryBytes]).toEqual([undefined, 0, 0]);
    expect(commit(table)).toMatchObject({ removed: [1], begun: [], journal: '' });
  });

  it('is gone also where it was under way, whatever comes of that', () => {
    for (const outcome of ['committed', 'failed'] as const) {
      const table = tableOf();
      table.append('a', text('x'), 0);
      table.nextCommit();
      table.append('a', text('y'), 0);
      table.append('a', done, 0);
      table.forget('a');
      if (outcome === 'failed') table.failed(0);
      else table.committed();
      expect([table.waitingBytes, table.memoryBytes], outcome).toEqual([0, 0]);
      table.append('a', text('new'), 0);
      expect(commit(table)).toMatchObject({ removed: [1], begun: [[2, 'a']], journal: '[[2,1,[[0,"new"]]]]' });
      expect(table.waitingBytes).toBe(0);
    }
  });
});
