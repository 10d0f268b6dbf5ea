/** What a claim costs with a long backlog and with a short one: batches of claims on both, in turn. */
import { systemClock } from '../../src/base/clock.js';
import { ascending, quantile } from '../statistics/quantile.js';
import type { Figures, Setting } from './measurement.js';
import { claimSome, giveBack, withStore } from './stores.js';

const BATCH = 64;
const BATCHES = 60;
const WARM_UP_BATCHES = 10;

class Cost {
  readonly #batchesMs: number[] = [];
  #cpuUs = 0;
  #claims = 0;

  async of(claim: () => Promise<number>): Promise<void> {
    const cpu = process.cpuUsage();
    const startedAt = systemClock.now();
    this.#claims += await claim();
    this.#batchesMs.push(systemClock.now() - startedAt);
    const { user, system } = process.cpuUsage(cpu);
    this.#cpuUs += user + system;
  }

  /** Of all threads. */
  get cpuUsPerClaim(): number {
    return this.#cpuUs / this.#claims;
  }

  get batchP50Ms(): number {
    return quantile(ascending(this.#batchesMs), 0.5);
  }
}

export function claims({ large, small }: Setting): Promise<Figures> {
  return withStore(large, (long) =>
    withStore(small, async (short) => {
      const stores = [long, short];
      let costs = stores.map(() => new Cost());
      for (let batch = 0; batch < WARM_UP_BATCHES + BATCHES; batch += 1) {
        if (batch === WARM_UP_BATCHES) costs = stores.map(() => new Cost());
        for (const [place, store] of stores.entries()) {
          const claimed: Awaited<ReturnType<typeof claimSome>> = [];
          await costs[place]?.of(async () => claimed.push(...(await claimSome(store, BATCH))));
          await giveBack(store, claimed);
        }
      }
      const [ofLong, ofShort] = costs;
      return {
        timeRatio: (ofLong?.batchP50Ms ?? Number.NaN) / (ofShort?.batchP50Ms ?? Number.NaN),
        cpuRatio: (ofLong?.cpuUsPerClaim ?? Number.NaN) / (ofShort?.cpuUsPerClaim ?? Number.NaN),
        cpuUsPerClaim: ofLong?.cpuUsPerClaim ?? Number.NaN,
      };
    }),
  );
}
