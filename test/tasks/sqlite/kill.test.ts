/** The promise of the store: what was acknowledged survives the end of the process at any moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FullTask } from '../../../src/tasks/task-store.js';
import { newFolder, storeIn } from './store-folder.js';

const PROGRAM = fileURLToPath(new URL('killed-process.ts', import.meta.url));
const ROUNDS = 5;
const ACKNOWLEDGED_MAX = 1_500;

describe('a process that is killed', () => {
  let folder: string;
  let remove: () => void;
  const children = new Set<ChildProcess>();

  beforeEach(() => {
    ({ folder, remove } = newFolder());
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    remove();
  });

  /** Starts the process; resolves when it has acknowledged so much. */
  async function runUntil(lines: number, log: string, seed: number): Promise<ChildProcess> {
    writeFileSync(log, '');
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, folder, log, String(seed)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.add(child);
    const ended = once(child, 'exit').then(() => {
      throw new Error('it ended by itself');
    });
    const enough = new Promise<void>((resolve) => {
      const watcher = watch(log, () => {
        if (linesOf(log).length < lines) return;
        watcher.close();
        resolve();
      });
    });
    ended.catch(() => {});
    await Promise.race([enough, ended]);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    children.delete(child);
  }

  /** Without the last one, where it was cut off. */
  function linesOf(log: string): [word: string, id: string][] {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => line.split(' ') as [string, string]);
  }

  it('loses nothing that it acknowledged, and runs nothing again that was completed', {
    timeout: 300_000,
  }, async () => {
    const seed = Number(process.env.GOLLAMA_SEED ?? Date.now() % 100_000);
    const completed = new Set<string>();
    const cancelled = new Set<string>();
    const submitted = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const log = join(folder, '..', `log-${round}`);
      const lines = 1 + ((seed * 7919 + round * 104_729) % ACKNOWLEDGED_MAX);
      await kill(await runUntil(lines, log, seed + round));
      for (const [word, id] of linesOf(log)) {
        if (word === 'submitted') submitted.add(id);
        if (word === 'cancelled') cancelled.add(id);
        if (word === 'started')
          expect(completed.has(id), `${id} ran after it was completed (seed ${seed})`).toBe(false);
        if (word === 'completed') completed.add(id);
      }
      const store = storeIn(folder);
      await store.start();
      const tasks = await allOf(store);
      for (const id of submitted) expect(tasks.has(id), `${id} is lost (seed ${seed}, round ${round})`).toBe(true);
      for (const id of completed)
        expect(tasks.get(id), `seed ${seed}`).toMatchObject({ state: 'completed', result: `"${id}"` });
      for (const id of cancelled) expect(tasks.get(id)?.state, `seed ${seed}`).toBe('cancelled');
      for (const { state } of tasks.values()) expect(state).not.toBe('running');
      expectRecounted(store, tasks);
      await store.stop();
    }
    expect(completed.size).toBeGreaterThan(0);
  });

  it('holds its folder while it lives, and no longer', { timeout: 60_000 }, async () => {
    const child = await runUntil(1, join(folder, '..', 'log'), 1);
    const refused = storeIn(folder);
    await expect(refused.start()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(new RegExp(`${folder} is in use by process ${child.pid}$`)) as string,
    });
    await refused.stop();
    await kill(child);
    const store = storeIn(folder);
    await store.start();
    expect(existsSync(join(folder, 'lock.db'))).toBe(true);
    await store.stop();
  });

  async function allOf(store: ReturnType<typeof storeIn>): Promise<Map<string, FullTask>> {
    const tasks = new Map<string, FullTask>();
    let cursor: number | undefined;
    do {
      const page = await store.list({ limit: 10_000, ...(cursor === undefined ? {} : { cursor }) });
      for (const task of page.tasks) tasks.set(task.id, task);
      ({ cursor } = page);
    } while (cursor !== undefined);
    return tasks;
  }

  function expectRecounted(store: ReturnType<typeof storeIn>, tasks: ReadonlyMap<string, FullTask>): void {
    const counted: Record<string, number> = {};
    for (const { state } of tasks.values()) counted[state] = (counted[state] ?? 0) + 1;
    expect(store.counts().states).toMatchObject(counted);
  }
});
