import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/base/sqlite/create-driver.js';
import { logFiles } from '../../../src/stream/sqlite/log-files.js';
import type { LogTableLimits } from '../../../src/stream/sqlite/log-table.js';
import { LogWriter } from '../../../src/stream/sqlite/log-writer.js';
import type { SqliteLogBook, SqliteLogBookOptions } from '../../../src/stream/sqlite/sqlite-log-book.js';
import { done, type LogBookUnderTest, logBookConformance, text } from '../../conformance/stream-log.js';
import { ManualClock } from '../../support/manual-clock.js';
import { copyAsKilled, logBookIn, newLogFolder } from './log-folder.js';

type Limits = Partial<Omit<LogTableLimits, 'shelf'>>;

async function open(folder: string, limits: Limits, remove: () => void): Promise<LogBookUnderTest> {
  const book = logBookIn(folder, { limits });
  await book.start();
  let copies = 0;
  return {
    book,
    settled: () => book.flushed(),
    async reopened(how) {
      copies += 1;
      const next = how === 'killed' ? `${folder}-${copies}` : folder;
      if (how === 'killed') copyAsKilled(folder, next);
      await book.stop();
      return open(next, limits, remove);
    },
    async close() {
      await book.stop();
      remove();
    },
  };
}

const make = (limits: Limits) => () => {
  const { folder, remove } = newLogFolder();
  return open(folder, limits, remove);
};

logBookConformance('the log book in SQLite', make({}));

logBookConformance(
  'the log book in SQLite with next to no memory',
  make({ memoryBytesMax: 4_096, storeBytes: 1_024, tailBytes: 512, journalRowsMax: 3, journalBytesMax: 2_048 }),
);

it('reads what a journal holds as it was written before', async () => {
  const { folder, remove } = newLogFolder();
  mkdirSync(folder, { recursive: true });
  const open = await createDriver();
  const before = LogWriter.open({ folder, newEpoch: 'e' }, open);
  const nothing = { kind: 'commit', removed: [], stored: [], journalFrom: 0 } as const;
  before.commit({ ...nothing, begun: [[1, 'a']], row: 1, journal: '[[1,1,"[[0,\\"xy\\",[1,1]]]"]]' });
  before.close();
  const after = LogWriter.open({ folder, newEpoch: 'e' }, open);
  expect(after.opened.logs).toMatchObject([{ id: 'a', last: 2 }]);
  after.close();
  remove();
});

describe('the log book in SQLite', () => {
  let folder: string;
  let remove: () => void;
  const opened: SqliteLogBook[] = [];

  beforeEach(() => {
    ({ folder, remove } = newLogFolder());
  });
  afterEach(async () => {
    for (const book of opened.splice(0)) await book.stop();
    remove();
  });

  async function book(options: Partial<SqliteLogBookOptions> = {}): Promise<SqliteLogBook> {
    const made = logBookIn(folder, options);
    opened.push(made);
    await made.start();
    return made;
  }

  it('is refused a folder that another one uses, until that one stops', async () => {
    const first = await book();
    await expect(book()).rejects.toMatchObject({ code: 'configuration', message: expect.stringMatching(/in use/) });
    await first.stop();
    await book();
  });

  it('keeps an ended log ten times the retention, then it is gone, also from the disk', async () => {
    const clock = new ManualClock();
    const first = await book({ clock, retentionMs: 60_000 });
    first.append('a', text('x'));
    first.append('a', done);
    first.append('open', text('x'));
    await first.flushed();
    await clock.advanceAsync(599_000);
    expect(await first.read('a', 0, 10)).toHaveLength(2);
    let woken = 0;
    first.watch('a', () => {
      woken += 1;
    });
    await clock.advanceAsync(60_000);
    expect([first.last('a'), first.last('open'), woken]).toEqual([undefined, 1, 1]);
    await first.stop();
    const next = await book({ clock, retentionMs: 60_000 });
    expect([next.last('a'), next.last('open')]).toEqual([undefined, 1]);
  });

  it('prunes what is over at the start', async () => {
    const clock = new ManualClock();
    const first = await book({ clock, retentionMs: 60_000 });
    for (let at = 0; at < 120; at += 1) {
      first.append(`a${at}`, text('x'));
      first.append(`a${at}`, done);
    }
    await first.flushed();
    await first.stop();
    const next = await book({ clock, retentionMs: 60_000, endedMax: 30 });
    for (let at = 0; next.last('a89') !== undefined; at += 1) {
      if (at === 0) await next.flushed();
      await clock.advanceAsync(20);
    }
    expect([next.last('a89'), next.last('a90'), next.last('a119')]).toEqual([undefined, 2, 2]);
    expect(await next.read('a119', 0, 10)).toHaveLength(2);
  });

  it('tells which logs its writers left without an end', async () => {
    const first = await book();
    first.append('open', text('x'));
    first.append('ended', done);
    await first.stop();
    expect((await book()).found).toEqual(['open']);
  });

  it('puts a damaged database aside and begins anew, in an epoch of its own', async () => {
    const first = await book();
    first.append('a', done);
    await first.stop();
    writeFileSync(logFiles(folder).database, 'this is no database, and long enough to be told from an empty one');
    const next = await book();
    expect(next.epoch).not.toBe(first.epoch);
    expect(next.last('a')).toBeUndefined();
    expect(readdirSync(folder)).toContain('damaged-logs-1');
    next.append('a', done);
    await next.flushed();
  });

  it('says that the disk is behind, and when it has caught up', async () => {
    const first = await book();
    expect(first.append('a', text('x'))).toBe(true);
    expect(first.append('a', text('x'.repeat(9_000_000)))).toBe(false);
    await first.drained(AbortSignal.abort());
    expect(first.append('a', text('x'))).toBe(false);
    await first.drained(new AbortController().signal);
    expect(first.append('a', text('x'))).toBe(true);
    await first.flushed();
    expect(await first.read('a', 0, 10)).toHaveLength(4);
  });

  it('writes what waits before it stops, and takes nothing after that', async () => {
    const first = await book();
    for (let at = 0; at < 100; at += 1) first.append('a', text('x'));
    await first.stop();
    first.append('a', text('late'));
    const next = await book();
    expect(next.last('a')).toBe(100);
  });

  it('is not started where its folder cannot be made', async () => {
    mkdirSync(folder);
    writeFileSync(`${folder}/file`, '');
    const refused = logBookIn(`${folder}/file/logs`);
    await expect(refused.start()).rejects.toMatchObject({ code: 'configuration' });
    await refused.stop();
    expect(existsSync(`${folder}/file`)).toBe(true);
  });
});
