import { join } from 'node:path';
import { taskStoreConformance } from '../../conformance/task-store.js';
import { copyAsKilled, newFolder, storeIn } from './store-folder.js';

taskStoreConformance('the SQLite store', async ({ clock, arrivals }) => {
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
