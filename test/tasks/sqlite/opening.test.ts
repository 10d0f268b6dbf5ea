/** Files that are damaged in every way that was seen: a refusal that says what is lost, never a silent empty start. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GollamaError } from '../../../src/base/errors.js';
import { createDriver } from '../../../src/base/sqlite/create-driver.js';
import { type StoreFiles, storeFiles } from '../../../src/tasks/sqlite/store-folder.js';
import { newTask } from '../../conformance/task-store/harness.js';
import { copyAsKilled, newFolder, storeIn } from './store-folder.js';

const TASKS = 400;
const PAGE = 4096;

describe('a store that is opened again', () => {
  let folder: string;
  let remove: () => void;
  let files: StoreFiles;

  beforeEach(() => {
    ({ folder, remove } = newFolder());
    files = storeFiles(folder);
  });
  afterEach(() => remove());

  /** Leaves a store with tasks: closed, or as a killed process would leave it. */
  async function leave(how: 'closed' | 'killed'): Promise<void> {
    const live = how === 'closed' ? folder : `${folder}-live`;
    const store = storeIn(live);
    await store.start();
    for (let batch = 0; batch < 4; batch += 1)
      await store.submit(Array.from({ length: TASKS / 4 }, () => newTask({ body: JSON.stringify('x'.repeat(900)) })));
    if (how === 'killed') copyAsKilled(live, folder);
    await store.stop();
  }

  async function refusal(): Promise<GollamaError> {
    const store = storeIn(folder);
    const error = await store.start().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    await store.stop();
    expect(error).toMatchObject({ name: 'GollamaError' });
    expect(error).toMatchObject({ code: 'configuration' });
    return error as GollamaError;
  }

  async function tasksLeft(): Promise<number> {
    const store = storeIn(folder);
    try {
      await store.start();
      const { total } = await store.list({ limit: 1 });
      expect(store.counts().states.ready).toBe(total);
      return total;
    } finally {
      await store.stop();
    }
  }

  const copies = () => readdirSync(folder).filter((name) => name.startsWith('damaged-'));

  function overwrite(path: string, at: number, length: number): void {
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(length, 0xa5), 0, length, at);
    closeSync(file);
  }

  it.each(['closed', 'killed'] as const)('has all its tasks when it was %s', async (how) => {
    await leave(how);
    expect(await tasksLeft()).toBe(TASKS);
    expect(await tasksLeft()).toBe(TASKS);
    expect(copies()).toEqual([]);
  });

  it('leaves no log when it was closed', async () => {
    await leave('closed');
    expect(statSync(files.log, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  });

  const half = (path: string) => Math.floor(statSync(path).size / 2);
  const damages: [string, 'closed' | 'killed', RegExp, (files: StoreFiles) => void][] = [
    ['without its log', 'killed', /tables are gone|changes are lost/, ({ log }) => rmSync(log)],
    [
      'with a log cut in half',
      'killed',
      /its last \d+ of \d+ changes are lost/,
      ({ log }) => truncateSync(log, half(log)),
    ],
    ['with an empty log', 'killed', /tables are gone|changes are lost/, ({ log }) => truncateSync(log, 0)],
    ['with a log flipped in its middle', 'killed', /changes are lost/, ({ log }) => overwrite(log, half(log), 1)],
    [
      'with a log whose header is garbage',
      'killed',
      /tables are gone|changes are lost/,
      ({ log }) => overwrite(log, 0, 8),
    ],
    ['without its database', 'closed', /gone or empty/, ({ database }) => rmSync(database)],
    ['with an empty database', 'closed', /gone or empty/, ({ database }) => truncateSync(database, 0)],
    [
      'with a database whose header is garbage',
      'closed',
      /cannot be read/,
      ({ database }) => overwrite(database, 0, 16),
    ],
    ['with a page overwritten', 'closed', /damaged/, ({ database }) => overwrite(database, PAGE * 20, PAGE)],
    [
      'with a database cut short',
      'closed',
      /damaged|cannot be read/,
      ({ database }) => truncateSync(database, PAGE * 20),
    ],
    [
      'with a text for a database',
      'closed',
      /cannot be read/,
      ({ database }) => writeFileSync(database, 'hello '.repeat(999)),
    ],
  ];

  it.each(damages)('%s (%s) is refused, and what is left is kept aside', async (_what, how, told, damage) => {
    await leave(how);
    damage(files);
    const before = existsSync(files.database) ? readFileSync(files.database) : undefined;
    const error = await refusal();
    expect(error.message).toMatch(told);
    expect(error.message).toContain(folder);
    expect(error.hint).toMatch(/backup/);
    const [copy] = copies();
    expect(error.message).toContain(copy);
    if (before) expect(readFileSync(join(folder, copy ?? '', 'tasks.db')).equals(before)).toBe(true);
    await refusal();
  });

  it('is refused where its database is an older copy of itself', async () => {
    await leave('closed');
    copyFileSync(files.database, `${folder}-old.db`);
    const store = storeIn(folder);
    await store.start();
    await store.submit([newTask()]);
    await store.stop();
    copyFileSync(`${folder}-old.db`, files.database);
    expect((await refusal()).message).toMatch(/changes are lost/);
  });

  it('goes on with what is left when the marker is removed', async () => {
    await leave('killed');
    truncateSync(files.log, half(files.log));
    expect((await refusal()).hint).toContain(files.marker);
    rmSync(files.marker);
    const left = await tasksLeft();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(TASKS);
    expect(await tasksLeft()).toBe(left);
  });

  it('is refused where a newer gollama wrote it, and left as it is', async () => {
    await leave('closed');
    const database = (await createDriver())(files.database);
    database.exec('PRAGMA user_version=99');
    database.close();
    expect((await refusal()).message).toMatch(/newer gollama/);
    expect(copies()).toEqual([]);
  });

  it('is refused where its database is of another program', async () => {
    await leave('closed');
    rmSync(files.database);
    const database = (await createDriver())(files.database);
    database.exec('CREATE TABLE theirs(a)');
    database.close();
    expect((await refusal()).message).toMatch(/not one of gollama/);
  });

  it('begins anew where a first start was cut off before it was told', async () => {
    await leave('closed');
    for (const path of [files.database, files.marker]) rmSync(path);
    writeFileSync(files.database, '');
    expect(await tasksLeft()).toBe(0);
  });

  it('is refused where its folder cannot be used', async () => {
    writeFileSync(folder, 'a file');
    expect((await refusal()).message).toMatch(/cannot use the folder/);
  });
});
