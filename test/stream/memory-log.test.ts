import { describe, expect, it } from 'vitest';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import type { LogRecord } from '../../src/stream/record.js';
import { ManualClock } from '../support/manual-clock.js';

const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
const FAILED: LogRecord = { kind: 'error', message: 'boom', code: 'engine_error' };
const AGAIN: LogRecord = { kind: 'restart', attempt: 2 };
const text = (words: string): LogRecord => ({ kind: 'text', text: words });
/** With what it costs beside its text. */
const RECORD_BYTES = 100;

function book(options: { retentionMs?: number; sizeBytesMax?: number } = {}) {
  const clock = new ManualClock();
  return { clock, logs: new MemoryLogBook({ clock, retentionMs: 1_000, ...options }) };
}

describe('logs in memory', () => {
  it('do not know a log before its first record', async () => {
    const { logs } = book();
    expect(logs.last('a')).toBeUndefined();
    expect(await logs.read('a', 0, 10)).toBeUndefined();
  });

  it('number the records of each log from 1 without a gap', async () => {
    const { logs } = book();
    for (const words of ['one', 'two', 'three']) logs.append('a', text(words));
    logs.append('b', text('other'));
    expect(await logs.read('a', 0, 10)).toEqual([
      { sequence: 1, record: text('one') },
      { sequence: 2, record: text('two') },
      { sequence: 3, record: text('three') },
    ]);
    expect([logs.last('a'), logs.last('b')]).toEqual([3, 1]);
  });

  it.each([
    { after: 0, limit: 2, expected: [1, 2] },
    { after: 1, limit: 1, expected: [2] },
    { after: 1, limit: 10, expected: [2, 3] },
    { after: 3, limit: 10, expected: [] },
    { after: 9, limit: 10, expected: [] },
  ])('give at most $limit records after $after', async ({ after, limit, expected }) => {
    const { logs } = book();
    for (const words of ['one', 'two', 'three']) logs.append('a', text(words));
    expect((await logs.read('a', after, limit))?.map(({ sequence }) => sequence)).toEqual(expected);
  });

  it.each([DONE, FAILED])('take nothing but a restart after $kind', async (end) => {
    const { logs } = book();
    logs.append('a', text('one'));
    logs.append('a', end);
    for (const late of [text('late'), DONE, FAILED, { kind: 'state', status: 'running' } as const])
      logs.append('a', late);
    expect(logs.last('a')).toBe(2);
    for (const record of [AGAIN, text('two'), DONE]) logs.append('a', record);
    const records = ((await logs.read('a', 0, 10)) ?? []).map(({ record }) => record);
    expect(records).toEqual([text('one'), end, AGAIN, text('two'), DONE]);
  });

  it('tell who watches a log of every record, until it watches no more', () => {
    const { logs } = book();
    const heard: string[] = [];
    const unwatch = logs.watch('a', () => heard.push('first'));
    const unwatchSecond = logs.watch('a', () => heard.push('second'));
    logs.append('b', text('elsewhere'));
    logs.append('a', text('one'));
    expect(heard).toEqual(['first', 'second']);
    unwatch();
    unwatch();
    logs.append('a', text('two'));
    expect(heard).toEqual(['first', 'second', 'second']);
    unwatchSecond();
    logs.append('a', text('three'));
    expect(heard.length).toBe(3);
  });

  it('keep a watcher that came when an earlier one of the same log had gone twice', () => {
    const { logs } = book();
    const heard: string[] = [];
    const unwatch = logs.watch('a', () => {});
    unwatch();
    logs.watch('a', () => heard.push('later'));
    unwatch();
    logs.append('a', text('one'));
    expect(heard).toEqual(['later']);
  });

  it('let a watcher leave while it is told', () => {
    const { logs } = book();
    const heard: string[] = [];
    const unwatch = logs.watch('a', () => {
      heard.push('once');
      unwatch();
    });
    logs.watch('a', () => heard.push('always'));
    logs.append('a', text('one'));
    logs.append('a', text('two'));
    expect(heard).toEqual(['once', 'always', 'always']);
  });

  it('do not wake anybody for a record that they do not take', () => {
    const { logs } = book();
    logs.append('a', DONE);
    let heard = 0;
    logs.watch('a', () => {
      heard += 1;
    });
    logs.append('a', text('late'));
    expect(heard).toBe(0);
  });

  it('wake everybody when they stop', async () => {
    const { logs } = book();
    const heard: string[] = [];
    for (const id of ['a', 'b']) logs.watch(id, () => heard.push(id));
    await logs.stop();
    expect(heard).toEqual(['a', 'b']);
  });

  it('forget a log when its time is over and another one ends, and none that is still written', () => {
    const { clock, logs } = book({ retentionMs: 1_000 });
    logs.append('written', text('one'));
    logs.append('old', DONE);
    clock.advance(999);
    logs.append('newer', DONE);
    expect(logs.last('old')).toBe(1);
    clock.advance(1);
    logs.append('newest', DONE);
    expect(logs.last('old')).toBeUndefined();
    expect([logs.last('newer'), logs.last('written')]).toEqual([1, 1]);
  });

  it('count the time of a log that was opened again from its last end', () => {
    const { clock, logs } = book({ retentionMs: 1_000 });
    logs.append('a', DONE);
    clock.advance(900);
    logs.append('a', AGAIN);
    clock.advance(900);
    logs.append('b', DONE);
    expect(logs.last('a'), 'it is written').toBe(2);
    logs.append('a', DONE);
    clock.advance(900);
    logs.append('c', DONE);
    expect(logs.last('a')).toBe(3);
  });

  it('forget the oldest ended logs when all of them take too much room', () => {
    const { logs } = book({ sizeBytesMax: 4 * RECORD_BYTES });
    for (const id of ['a', 'b', 'c', 'd']) logs.append(id, DONE);
    expect(['a', 'b', 'c', 'd'].map((id) => logs.last(id))).toEqual([1, 1, 1, 1]);
    logs.append('e', DONE);
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => logs.last(id))).toEqual([undefined, 1, 1, 1, 1]);
  });

  it.each([
    ['text', text('x'.repeat(100))],
    ['reasoning', { kind: 'reasoning', text: 'x'.repeat(100) } as const],
    ['tool calls', { kind: 'tool_call', call: { index: 'x'.repeat(100) } } as const],
  ])('count the room of %s', (_, record) => {
    const { logs } = book({ sizeBytesMax: 5 * RECORD_BYTES - 1 });
    logs.append('a', record);
    logs.append('a', DONE);
    expect(logs.last('a')).toBe(2);
    logs.append('b', DONE);
    expect([logs.last('a'), logs.last('b')]).toEqual([undefined, 1]);
  });

  it('have room again for others when a log was forgotten', () => {
    const { logs } = book({ sizeBytesMax: 3 * RECORD_BYTES });
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) logs.append(id, DONE);
    expect(['c', 'd', 'e', 'f'].map((id) => logs.last(id))).toEqual([undefined, 1, 1, 1]);
  });

  it('begin at 1 with a log that was forgotten', () => {
    const { logs } = book({ sizeBytesMax: RECORD_BYTES });
    logs.append('a', DONE);
    logs.append('b', DONE);
    logs.append('a', { kind: 'state', status: 'running' });
    expect(logs.last('a')).toBe(1);
  });

  it('live under a name that no other life has', () => {
    expect(book().logs.epoch).not.toBe(book().logs.epoch);
  });
});
