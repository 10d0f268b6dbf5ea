/** What outlives the process. */
import { describe, expect, it } from 'vitest';
import type { LogBook } from '../../../src/stream/log.js';
import type { LogEntry } from '../../../src/stream/record.js';
import { done, type LogBookUnderTest, restart, text } from '../stream-log.js';

export function describeReopening(current: () => LogBookUnderTest, use: (next: LogBookUnderTest) => void): void {
  async function reopen(how: 'stopped' | 'killed'): Promise<LogBook | undefined> {
    const next = await current().reopened?.(how);
    if (next) use(next);
    return next?.book;
  }

  async function all(book: LogBook, id: string, after = 0): Promise<readonly LogEntry[] | undefined> {
    return book.read(id, after, 1_000_000);
  }

  describe.each(['stopped', 'killed'] as const)('that is opened again after it was %s (where it can be)', (how) => {
    it('has the same epoch and the same logs, and goes on with them', async () => {
      const { book, settled, reopened } = current();
      if (!reopened) return;
      const { epoch } = book;
      book.append('ended', text('x'));
      book.append('open', text('1'));
      await settled();
      book.append('ended', done);
      book.append('open', text('2'));
      await settled();
      const before = [await all(book, 'ended'), await all(book, 'open')];
      const next = await reopen(how);
      if (!next) return;
      expect(next.epoch).toBe(epoch);
      expect([await all(next, 'ended'), await all(next, 'open')]).toEqual(before);
      next.append('ended', text('late'));
      next.append('open', restart(1));
      next.append('open', text('3'));
      next.append('new', text('n'));
      await current().settled();
      expect([next.last('ended'), next.last('open'), next.last('new')]).toEqual([2, 4, 1]);
      expect((await all(next, 'open', 2))?.map(({ record }) => record)).toEqual([restart(1), text('3')]);
      next.append('ended', restart(1));
      await current().settled();
      expect(next.last('ended')).toBe(3);
    });

    it('gives the same remainder from every position, in steps of any size', async () => {
      const { book, settled, reopened } = current();
      if (!reopened) return;
      for (let at = 0; at < 700; at += 1) {
        book.append('a', at % 97 === 5 ? restart(at) : text(`${at}é😀`.slice(0, (at % 5) + 1)));
        if (at % 50 === 0) await settled();
      }
      book.append('a', done);
      await settled();
      const before = await all(book, 'a');
      const next = await reopen(how);
      if (!next) return;
      for (let after = 0; after <= 701; after += 23)
        for (const limit of [1, 7, 256, 1_000])
          expect(await next.read('a', after, limit)).toEqual(before?.slice(after, after + limit));
    });
  });
}
