/** What the real command does with a store whose files are damaged. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type StoreFiles, storeFiles } from '../../src/tasks/sqlite/store-folder.js';
import { endAll } from '../support/ending.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { GollamaProcess, gollama } from '../support/gollama-process.js';
import { makePlace, type Place } from '../support/place.js';
import { chatTask, kill, listTasks, RECOVERY_PATIENCE_MS, recoverable, submitTask } from '../support/recoverable.js';

afterEach(endAll);

/** What a kill left, with the tasks in the write-ahead log: made once, damaged in copies. */
describe('a store whose files are damaged', () => {
  let left = '';
  let ids: string[] = [];

  beforeAll(async () => {
    left = mkdtempSync(join(tmpdir(), 'gollama-left-'));
    const { serve, place } = await recoverable();
    const server = await serve();
    ids = [];
    for (let number = 0; number < 20; number += 1)
      ids.push(
        await submitTask(server, chatTask(`task ${number} ${'x'.repeat(500)}`, { model: 'nobody', delay: '1h' })),
      );
    await kill(server);
    cpSync(place.dataDir, left, { recursive: true });
    await endAll();
  }, RECOVERY_PATIENCE_MS);

  afterAll(() => rmSync(left, { recursive: true, force: true }));

  function garble(path: string, at: number, bytes: number): void {
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(bytes, 0xa5), 0, bytes, at);
  }

  /** As after a server that was stopped: all of it in the database. */
  async function settle(place: Place, upstreamUrl: string): Promise<void> {
    const server = await GollamaProcess.serve(['--upstream', upstreamUrl], { place });
    await server.stop();
  }

  const sizeOf = (path: string) => readFileSync(path).length;

  it.each<[string, boolean, (files: StoreFiles) => void]>([
    ['a write-ahead log that was cut', false, ({ log }) => truncateSync(log, Math.floor(sizeOf(log) / 2))],
    ['a write-ahead log with a changed byte', false, ({ log }) => garble(log, Math.floor(sizeOf(log) / 2), 1)],
    ['a write-ahead log whose head is garbage', false, ({ log }) => garble(log, 0, 32)],
    ['no write-ahead log any more', false, ({ log }) => rmSync(log)],
    ['a database whose head is garbage', true, ({ database }) => garble(database, 0, 100)],
    ['a database with a page of garbage', true, ({ database }) => garble(database, 2 * 4096, 4096)],
    ['a database that was cut', true, ({ database }) => truncateSync(database, 3 * 4096)],
    ['an empty database', true, ({ database }) => truncateSync(database, 0)],
    ['no database any more', true, ({ database }) => rmSync(database)],
  ])('is refused, kept and copied: %s', { timeout: RECOVERY_PATIENCE_MS }, async (_what, settled, damage) => {
    const place = makePlace();
    cpSync(left, place.dataDir, { recursive: true });
    const upstream = await FakeUpstream.start();
    if (settled) await settle(place, upstream.url);
    const files = storeFiles(join(place.dataDir, 'tasks'));
    damage(files);
    const before = contents(files);
    const args = ['serve', '--port', '0', '--data-dir', place.dataDir, '--upstream', upstream.url];
    const { code, stdout, stderr } = await gollama([...args, '--log-level', 'silent'], { place });
    expect({ code, stdout, stderr }).toEqual({ code: 4, stdout: '', stderr: expect.stringContaining('is damaged: ') });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^error: the task store .* is damaged: .*; a copy of the files is in /),
      expect.stringMatching(/^ {2}hint: /),
    ]);
    expect(contents(files)).toEqual(before);
    const [copy = ''] = readdirSync(files.folder).filter((name) => name.startsWith('damaged-'));
    expect(contents(storeFiles(join(files.folder, copy)))).toEqual(before);
  });

  it('goes on with what is left where its marker is removed, as the hint says', {
    timeout: RECOVERY_PATIENCE_MS,
  }, async () => {
    const place = makePlace();
    cpSync(left, place.dataDir, { recursive: true });
    const files = storeFiles(join(place.dataDir, 'tasks'));
    truncateSync(files.log, Math.floor(sizeOf(files.log) / 2));
    rmSync(files.marker);
    const upstream = await FakeUpstream.start();
    const server = await GollamaProcess.serve(['--upstream', upstream.url], { place });
    const listed = await listTasks(server);
    expect(listed.length).toBeGreaterThan(0);
    expect(listed.length).toBeLessThan(ids.length);
    expect(listed).toEqual(ids.slice(0, listed.length));
  });

  /** To be compared. An empty log is as good as none: SQLite makes one where it looks for one. */
  function contents({ database, log, marker }: StoreFiles): (string | undefined)[] {
    return [database, log, marker].map((path) => {
      const bytes = existsSync(path) ? readFileSync(path) : undefined;
      if (bytes === undefined || (path === log && bytes.length === 0)) return undefined;
      return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`;
    });
  }
});
