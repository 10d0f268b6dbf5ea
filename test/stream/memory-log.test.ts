import { describe, expect, it } from 'vitest';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import type { LogRecord } from '../../src/stream/record.js';
import { logBookConformance } from '../conformance/stream-log.js';
import { ManualClock } from '../support/manual-clock.js';

const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
const AGAIN: LogRecord = { kind: 'restart', attempt: 2 };
const text = (words: string): LogRecord => ({ kind: 'text', text: words });
/** With what it costs beside its text. */
const RECORD_BYTES = 100;

function book(options: { retentionMs?: number; sizeBytesMax?: number } = {}) {
  const clock = new ManualClock();
  return { clock, logs: new MemoryLogBook({ clock, retentionMs: 1_000, ...options }) };
}

logBookConformance('the log book in memory', async () => {
  const book = new MemoryLogBook({ clock: new ManualClock(), retentionMs: 1_000 });
  await book.start();
  return { book, settled: () => Promise.resolve(), close: () => book.stop() };
});

describe('logs in memory', () => {
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
});
