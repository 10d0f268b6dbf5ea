import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SqliteTaskStore } from '../../../src/tasks/sqlite/sqlite-store.js';
import { newTask } from '../../conformance/task-store/harness.js';
import { durableTaskStoreConformance } from '../../conformance/task-store.js';
import { copyAsKilled, newFolder, storeIn } from './store-folder.js';

durableTaskStoreConformance('the SQLite store', async ({ clock, arrivals }) => {
  const { folder, remove } = newFolder();
  const stores = [storeIn(folder, clock, arrivals)];
  let last = folder;
  return {
    store: stores[0]!,
    reopen: async (newArrivals) => {
      const next = join(folder, '..', `life-${stores.length}`);
      copyAsKilled(last, next);
      // Its threads would live on otherwise; what it does now is not in the copy.
      await stores.at(-1)?.stop();
      last = next;
      const store = storeIn(next, clock, newArrivals);
      stores.push(store);
      return store;
    },
    dispose: async () => {
      await Promise.all(stores.map((store) => store.stop()));
      remove();
    },
  };
});

describe('the SQLite store', () => {
  const { folder, remove } = newFolder();
  let store: SqliteTaskStore;
  let life = 0;

  beforeEach(async () => {
    life += 1;
    store = storeIn(`${folder}-${life}`);
    await store.start();
  });
  afterEach(() => store.stop());
  afterAll(remove);

  it('puts what comes together into few commits', async () => {
    const before = store.commits;
    const rounds = 4;
    const submitters = Array.from({ length: 64 }, async () => {
      for (let round = 0; round < rounds; round += 1) await store.submit([newTask()]);
    });
    await Promise.all(submitters);
    expect(store.counts().states.ready).toBe(64 * rounds);
    // Two that take turns would be enough; a submission each would be 256.
    expect(store.commits - before).toBeLessThan(64);
  });

  it('starts a task in the commit in which it is stored', async () => {
    const before = store.commits;
    const submitting = store.submit([newTask()]);
    await Promise.resolve();
    const claiming = store.claim(newTask().model, 'one');
    const [[submitted], claim] = await Promise.all([submitting, claiming]);
    expect(claim?.task.id).toBe(submitted?.task.id);
    expect(store.commits - before).toBe(1);
  });

  it('is refused a folder that another store of this process uses, until that one stops', async () => {
    const other = storeIn(`${folder}-${life}`);
    await expect(other.start()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/in use by this process$/) as string,
    });
    await store.stop();
    await other.start();
    await other.stop();
  });

  it('finishes what it was asked before it stops', async () => {
    const submitting = store.submit(Array.from({ length: 100 }, () => newTask()));
    const stopping = store.stop();
    expect(await submitting).toHaveLength(100);
    await stopping;
    const again = storeIn(`${folder}-${life}`);
    await again.start();
    expect(again.counts().states.ready).toBe(100);
    await again.stop();
  });

  it('does no harm to itself or others where a listener throws', async () => {
    const heard: string[] = [];
    store.onChange(() => {
      throw new Error('a listener');
    });
    store.onChange(({ move }) => heard.push(move));
    await store.submit([newTask()]);
    expect(heard).toEqual(['submitted']);
  });

  it('takes no name that would be another one after the next start', async () => {
    for (const odd of ['a\u0000b', 'half \ud83d']) {
      for (const wish of [{ model: odd }, { owner: odd }, { givenId: odd }, { idempotencyKey: odd }])
        await expect(store.submit([newTask(), newTask(wish)])).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect(store.counts().states.ready).toBe(0);
    await store.submit([newTask()]);
    const claim = await store.claim(newTask().model, 'one\u0000');
    await store.settle(claim!, { kind: 'failed', error: 'a\u0000b \ud83d.' });
    const { tasks } = await store.list({ limit: 1 });
    expect(tasks[0]).toMatchObject({ engine: 'one\ufffd', error: 'a\ufffdb \ufffd.' });
  });
});
