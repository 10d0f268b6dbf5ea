/** The contract of a log book as tests: every one must pass them; one that keeps its logs over restarts, more of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { LogBook } from '../../src/stream/log.js';
import { Reader } from '../../src/stream/reader.js';
import { isTerminal, type LogEntry, type LogRecord } from '../../src/stream/record.js';
import { describeRandomLogs } from './stream-log/random-logs.js';
import { describeReopening } from './stream-log/reopening.js';

export interface LogBookUnderTest {
  /** Started. */
  readonly book: LogBook;
  /** Resolves when readers see all that was appended. */
  settled(): Promise<void>;
  /** Another one over the same logs; the one before was stopped, or is left behind as if its process had been killed. */
  reopened?(how: 'stopped' | 'killed'): Promise<LogBookUnderTest>;
  close(): Promise<void>;
}

export type MakeLogBook = () => Promise<LogBookUnderTest>;

export const text = (value: string): LogRecord => ({ kind: 'text', text: value });
export const restart = (attempt: number): LogRecord => ({ kind: 'restart', attempt });
export const done: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
export const failed: LogRecord = { kind: 'error', message: 'no', code: 'engine_error' };

export function logBookConformance(name: string, make: MakeLogBook): void {
  describe(`${name} keeps the contract of a log book`, () => {
    let underTest: LogBookUnderTest;
    const use = (next: LogBookUnderTest) => {
      underTest = next;
    };

    beforeEach(async () => {
      underTest = await make();
    });
    afterEach(() => underTest.close());

    async function append(id: string, ...records: LogRecord[]): Promise<LogBook> {
      const { book } = underTest;
      for (const record of records) book.append(id, record);
      await underTest.settled();
      return book;
    }

    it('has an epoch that does not change', async () => {
      const { book } = underTest;
      const { epoch } = book;
      expect(epoch).not.toBe('');
      await append('a', text('x'));
      expect(book.epoch).toBe(epoch);
    });

    it('does not know a log before its first record', async () => {
      const { book } = underTest;
      expect(book.last('a')).toBeUndefined();
      expect(await book.read('a', 0, 10)).toBeUndefined();
    });

    it('knows a log from its first record on', () => {
      const { book } = underTest;
      book.append('a', text('x'));
      expect(book.last('a')).toBeTypeOf('number');
    });

    it('numbers the records of each log from 1, without a gap', async () => {
      const book = await append('a', text('1'), text('2'));
      await append('b', text('other'));
      await append('a', { kind: 'reasoning', text: '3' }, done);
      const entries = (await book.read('a', 0, 10)) ?? [];
      expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      expect(entries.map(({ record }) => record)).toEqual([
        text('1'),
        text('2'),
        { kind: 'reasoning', text: '3' },
        done,
      ]);
      expect([book.last('a'), book.last('b')]).toEqual([4, 1]);
    });

    it('gives every kind of record back as it was', async () => {
      const records: LogRecord[] = [
        { kind: 'state', status: 'running' },
        text(''),
        text('\ud83d'),
        text('\ude00 \0 "é"'),
        { kind: 'tool_call', call: { index: 0, function: { name: 'f', arguments: '{"a":[1,null]}' } } },
        restart(2),
        failed,
        restart(1),
        {
          kind: 'done',
          status: 'completed',
          usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
        },
      ];
      const book = await append('a', ...records);
      expect((await book.read('a', 0, 100))?.map(({ record }) => record)).toEqual(records);
    });

    it('reads behind any position, and no more than it was asked for', async () => {
      const book = await append('a', ...Array.from({ length: 9 }, (_, at) => text(String(at + 1))), done);
      for (let after = 0; after <= 11; after += 1) {
        for (const limit of [0, 1, 3, 100]) {
          const expected = Array.from({ length: 10 }, (_, at) => at + 1).slice(after, after + limit);
          const entries = await book.read('a', after, limit);
          const held = book.held('a', after, limit);
          if (held) expect(held).toEqual(entries);
          expect(entries?.map(({ sequence }) => sequence)).toEqual(expected);
        }
      }
    });

    it('takes nothing after a terminal record', async () => {
      for (const [id, end] of [
        ['a', done],
        ['b', failed],
      ] as const) {
        const book = await append(id, text('x'), end, text('late'), done, failed, { kind: 'state', status: 'running' });
        expect(book.last(id)).toBe(2);
        await append(id, text('later'));
        expect(await book.read(id, 0, 10)).toHaveLength(2);
      }
    });

    it('goes on after an end with `restart`, in its numbers', async () => {
      const book = await append('a', text('x'), done);
      await append('a', restart(1), text('y'));
      await append('a', done);
      expect((await book.read('a', 2, 10))?.map(({ sequence, record }) => [sequence, record.kind])).toEqual([
        [3, 'restart'],
        [4, 'text'],
        [5, 'done'],
      ]);
      await append('a', text('late'));
      expect(book.last('a')).toBe(5);
    });

    it('wakes who watches, once there is something to read, and nobody else', async () => {
      const { book } = underTest;
      const seen: [string, number | undefined][] = [];
      const unwatch = book.watch('a', () => seen.push(['a', book.last('a')]));
      book.watch('b', () => seen.push(['b', book.last('b')]));
      await append('a', text('x'));
      expect(seen.at(-1)).toEqual(['a', 1]);
      expect(seen.every(([id]) => id === 'a')).toBe(true);
      unwatch();
      const { length } = seen;
      await append('a', text('y'));
      expect(seen).toHaveLength(length);
    });

    it('lets a watcher leave, and another come, while they are woken', async () => {
      const { book } = underTest;
      const woken: string[] = [];
      const leave = book.watch('a', () => {
        woken.push('first');
        leave();
      });
      book.watch('a', () => woken.push('second'));
      await append('a', text('x'));
      await append('a', text('y'));
      expect(woken.filter((who) => who === 'first')).toHaveLength(1);
      expect(woken.filter((who) => who === 'second').length).toBeGreaterThanOrEqual(2);
    });

    it('gives many readers at any pace the same whole answer', async () => {
      const { book } = underTest;
      async function follow(after: number): Promise<LogEntry[]> {
        const entries: LogEntry[] = [];
        for await (const step of new Reader(book, 'a', systemClock).read(after, new AbortController().signal, 60_000)) {
          entries.push(...step);
          if (after % 2 === 0) await new Promise(setImmediate);
        }
        return entries;
      }
      const readers = Array.from({ length: 50 }, (_, at) => follow(at * 10));
      for (let at = 1; at < 1_000; at += 1) {
        book.append('a', text(`${at} `));
        if (at % 100 === 0) await underTest.settled();
      }
      book.append('a', done);
      await underTest.settled();
      for (const [at, reading] of readers.entries()) {
        const entries = await reading;
        expect(entries.map(({ sequence }) => sequence)).toEqual(
          Array.from({ length: 1_000 - at * 10 }, (_, place) => at * 10 + place + 1),
        );
        expect(entries.filter(({ record }) => isTerminal(record))).toHaveLength(1);
      }
    });

    it('forgets a log that has ended, and no other', async () => {
      const book = await append('a', text('x'));
      book.forget('a');
      book.forget('unknown');
      expect(book.last('a')).toBe(1);
      await append('a', done);
      let woken = 0;
      book.watch('a', () => {
        woken += 1;
      });
      book.forget('a');
      await underTest.settled();
      expect(woken).toBe(1);
      expect(book.last('a')).toBeUndefined();
      expect(await book.read('a', 0, 10)).toBeUndefined();
      await append('a', text('anew'));
      expect(await book.read('a', 0, 10)).toEqual([{ sequence: 1, record: text('anew') }]);
    });

    it('tells when readers see what was appended to one log', async () => {
      const { book } = underTest;
      await book.settled('unknown');
      for (let at = 1; at <= 20; at += 1) {
        book.append('a', text('x'));
        if (at % 5 > 0) continue;
        await book.settled('a');
        expect(book.last('a')).toBe(at);
      }
      book.append('a', failed);
      book.append('a', restart(2));
      await book.settled('a');
      expect((await book.read('a', 21, 1))?.[0]?.record).toEqual(restart(2));
    });

    it('wakes everybody when it stops, and stops twice', async () => {
      const { book } = underTest;
      let woken = 0;
      book.watch('a', () => {
        woken += 1;
      });
      await book.stop();
      expect(woken).toBeGreaterThan(0);
      await book.stop();
    });

    describeReopening(() => underTest, use);
    describeRandomLogs(() => underTest, use);
  });
}
