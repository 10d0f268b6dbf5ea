/** Pages of 50 of the list, anywhere in a long backlog. */
import { systemClock } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';
import { ascending, quantile } from '../statistics/quantile.js';
import type { Figures, Setting } from './measurement.js';
import { withStore } from './stores.js';

const PAGES = 500;
const WARM_UP_PAGES = 50;
const LIMIT = 50;
const NOBODY = 'nobody';

export function pages({ large }: Setting): Promise<Figures> {
  return withStore(large, async (store) => {
    const random = seededRandom(1);
    const { tasks } = await store.list({ limit: 1, newestFirst: true });
    const last = tasks[0]?.number ?? 1;
    const timesMs: number[] = [];
    const waysMs: number[] = [];
    for (let page = 0; page < WARM_UP_PAGES + PAGES; page += 1) {
      const startedAt = systemClock.now();
      await store.list({ limit: LIMIT, newestFirst: true, cursor: 1 + Math.floor(random() * last) });
      const listedAt = systemClock.now();
      // Nothing is read for it: the way to the reading thread and back.
      await store.get(NOBODY);
      if (page < WARM_UP_PAGES) continue;
      timesMs.push(listedAt - startedAt);
      waysMs.push(systemClock.now() - listedAt);
    }
    const sorted = ascending(timesMs);
    return {
      pageP50Ms: quantile(sorted, 0.5),
      pageP99Ms: quantile(sorted, 0.99),
      wayP99Ms: quantile(ascending(waysMs), 0.99),
    };
  });
}
