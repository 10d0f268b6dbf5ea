/** Task stores for the measurements. */
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { SqliteTaskStore } from '../../src/tasks/sqlite/sqlite-store.js';
import type { Claim } from '../../src/tasks/task-store.js';
import { MODELS, newTask } from './workload.js';

export function storeIn(folder: string, arrivals: Arrivals = new Arrivals()): SqliteTaskStore {
  return new SqliteTaskStore({ folder, clock: systemClock, arrivals, logger: silentLogger });
}

/** Runs `use` with the store of `folder`, open. */
export async function withStore<T>(folder: string, use: (store: SqliteTaskStore) => Promise<T>): Promise<T> {
  const store = storeIn(folder);
  await store.start();
  try {
    return await use(store);
  } finally {
    await store.stop();
  }
}

const BATCH = 1000;
const BATCHES_AT_ONCE = 4;

/** Adds waiting tasks of all models and priorities. */
export async function fill(store: SqliteTaskStore, count: number): Promise<void> {
  let begun = 0;
  const filler = async () => {
    while (begun < count) {
      const from = begun;
      begun = Math.min(count, begun + BATCH);
      const tasks = Array.from({ length: begun - from }, (_, at) =>
        newTask(from + at, MODELS[(from + at) % MODELS.length]),
      );
      await store.submit(tasks);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, filler));
}

/** Claims the first tasks of the models in turn, all at once. */
export async function claimSome(store: SqliteTaskStore, count: number): Promise<Claim[]> {
  const claims = await Promise.all(
    Array.from({ length: count }, (_, at) => store.claim(MODELS[at % MODELS.length] ?? '', 'bench')),
  );
  return claims.filter((claim) => claim !== undefined);
}

/** They wait again, in their old places. */
export async function giveBack(store: SqliteTaskStore, claims: readonly Claim[]): Promise<void> {
  await Promise.all(claims.map((claim) => store.settle(claim, { kind: 'returned', crashed: false })));
}
