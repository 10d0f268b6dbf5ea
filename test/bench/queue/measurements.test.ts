import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MEASUREMENTS } from '../../../bench/queue/catalogue.js';
import { fill, withStore } from '../../../bench/queue/stores.js';
import { MODELS } from '../../../bench/queue/workload.js';

describe('a measurement of the queue benchmark', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gollama-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds what a life writes to the log of the database', async () => {
    const setting = { folder, seconds: 0, waiting: 0, large: '', small: '' };
    const figures = await MEASUREMENTS.wal?.(setting);
    // Body and result alone have one and a half.
    expect(figures?.walKibPerLife).toBeGreaterThan(1.5);
    expect(figures?.walKibPerLife).toBeLessThan(50);
  });

  it('leaves a backlog as long as it was', async () => {
    const [large, small] = [join(folder, 'large'), join(folder, 'small')];
    for (const place of [large, small]) await withStore(place, (store) => fill(store, 300));
    const figures = await MEASUREMENTS.claims?.({ folder, seconds: 0, waiting: 300, large, small });
    expect(figures?.timeRatio).toBeGreaterThan(0);
    const [counts, models] = await withStore(large, async (store) => [store.counts(), [...store.models()]]);
    expect(counts.states).toMatchObject({ ready: 300, running: 0 });
    expect([...models].sort()).toEqual([...MODELS].sort());
  });
});
