/** Tasks of the real server when its disk is full: a small one in memory, which takes the right to mount. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { atEnd, endAll } from '../support/ending.js';
import { chatCompletion } from '../support/fake-upstream.js';
import { gollama } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import {
  chatTask,
  getTask,
  kill,
  listTasks,
  RECOVERY_PATIENCE_MS,
  recoverable,
  submitTask,
  taskBecomes,
} from '../support/recoverable.js';

afterEach(endAll);

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

/** Undefined where this user may not mount. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'gollama-disk-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder);
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

function unmount(folder: string): void {
  run('umount', '-l', folder);
  rmSync(folder, { recursive: true });
}

const trial = mountSmallDisk();
if (trial === undefined) {
  console.warn('SKIPPED: what happens when the disk is full is not tested, as this user may not mount a small one');
} else unmount(trial);

describe.skipIf(trial === undefined)('a disk that is full', () => {
  function smallDisk() {
    const folder = mountSmallDisk() ?? '';
    atEnd(() => unmount(folder));
    const ballast = join(folder, 'ballast');
    return {
      folder,
      /** Leaves that much room, in bytes. The server may take some of it meanwhile: then what there is is filled. */
      fill(room: number) {
        const { bavail, bsize } = statfsSync(folder);
        try {
          writeFileSync(ballast, Buffer.alloc(bavail * bsize - room));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      },
      makeRoom: () => rmSync(ballast),
    };
  }

  const large = (prompt: string) => chatTask(`${prompt} ${'x'.repeat(50_000)}`, { delay: '1h' });

  it('refuses tasks with 507, loses none, and takes them again when there is room', {
    timeout: RECOVERY_PATIENCE_MS,
  }, async () => {
    const disk = smallDisk();
    const { serve } = await recoverable({ dataDir: disk.folder });
    const server = await serve();
    disk.fill(512 * 1024);
    const ids: string[] = [];
    let refusal = await send(`${server.url}/api/tasks`, { body: large('task 0') });
    for (let place = 1; refusal.status === 200 && place < 100; place += 1) {
      ids.push(String(refusal.json().task_id));
      refusal = await send(`${server.url}/api/tasks`, { body: large(`task ${place}`) });
    }
    expect(refusal.status).toBe(507);
    expect(refusal.json()).toEqual({ error: expect.stringContaining('no room') });
    expect(refusal.headers['retry-after']).toBeDefined();
    const batch = { tasks: [large('one'), large('two')] };
    expect((await send(`${server.url}/api/tasks/batch`, { body: batch })).status).toBe(507);
    expect(ids.length).toBeGreaterThan(0);
    expect(await listTasks(server)).toEqual(ids);
    disk.makeRoom();
    ids.push(await submitTask(server, large('there is room')));
    await kill(server);
    const second = await serve();
    expect(await listTasks(second)).toEqual(ids);
    expect((await send(`${second.url}/api/status`)).json()).toMatchObject({ pending_tasks: ids.length });
  });

  it('keeps the answer of a running task until it can be stored', { timeout: RECOVERY_PATIENCE_MS }, async () => {
    const disk = smallDisk();
    const { upstream, serve } = await recoverable({ dataDir: disk.folder });
    const server = await serve();
    const id = await submitTask(server, chatTask('hello'));
    const call = await upstream.next();
    disk.fill(0);
    call.answer(200, chatCompletion('y'.repeat(100_000)));
    await server.record(({ msg }) => msg === 'the end of an attempt waits to be stored');
    expect(await getTask(server, id)).toMatchObject({ status: 'running' });
    disk.makeRoom();
    const { result } = await taskBecomes(server, id, 'completed');
    expect(result).toMatchObject({ message: { content: 'y'.repeat(100_000) } });
    expect(upstream.count).toBe(1);
  });

  it('keeps a server from starting, which says why, and takes nothing from it', {
    timeout: RECOVERY_PATIENCE_MS,
  }, async () => {
    const disk = smallDisk();
    const { upstream, serve, place, config } = await recoverable({ dataDir: disk.folder });
    const first = await serve();
    const id = await submitTask(first, chatTask('hello'));
    await upstream.next();
    await kill(first);
    disk.fill(0);
    const args = ['serve', '-c', config, '--port', '0', '--data-dir', disk.folder, '--log-level', 'silent'];
    const { code, stderr } = await gollama(args, { place });
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^error: the tasks in .* cannot be opened: there is no room left .*\n {2}hint: make room there/,
    );
    disk.makeRoom();
    const second = await serve();
    (await upstream.next()).answer(200, chatCompletion('hi'));
    await taskBecomes(second, id, 'completed');
  });
});
