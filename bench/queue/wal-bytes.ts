/** What a whole life writes to the log of the database, where batches of 32 share a commit. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { SqliteTaskStore } from '../../src/tasks/sqlite/sqlite-store.js';
import type { Figures, Setting } from './measurement.js';
import { claimSome, withStore } from './stores.js';
import { MODELS, newTask, RESULT } from './workload.js';

const BATCH = 32;
const WARM_UP_BATCHES = 16;
/** Together less than what makes a checkpoint, after which the file would be written again from its beginning. */
const BATCHES = 48;

export function walBytes({ folder }: Setting): Promise<Figures> {
  return withStore(folder, async (store) => {
    await liveBatches(store, WARM_UP_BATCHES);
    const before = walSizeBytes(folder);
    await liveBatches(store, BATCHES);
    return { walKibPerLife: (walSizeBytes(folder) - before) / 1024 / (BATCHES * BATCH) };
  });
}

async function liveBatches(store: SqliteTaskStore, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) {
    await Promise.all(
      Array.from({ length: BATCH }, (_, at) => store.submit([newTask(at, MODELS[at % MODELS.length])])),
    );
    const claims = await claimSome(store, BATCH);
    await Promise.all(claims.map((claim) => store.settle(claim, { kind: 'completed', result: RESULT })));
  }
}

function walSizeBytes(folder: string): number {
  return statSync(join(folder, 'tasks.db-wal')).size;
}
