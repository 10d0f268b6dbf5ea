import { describe, expect, it } from 'vitest';
import { LoadGenerator } from '../../bench/load-generator.js';
import type { Load } from '../../bench/plan.js';
import type { RequestRecord } from '../../bench/record.js';
import { pause } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { recordFixture } from './support/record-fixture.js';

const OPEN: Load = { kind: 'open', rate: 10, arrival: 'constant', burstiness: 1, inFlightMax: 100, rampMs: 0 };

/** A server that takes `serviceMs` for each request. */
function setUp(load: Load, requests: number, serviceMs: number) {
  const clock = new ManualClock();
  const lags: [dueMs: number, lagMs: number][] = [];
  const records: RequestRecord[] = [];
  const generator = new LoadGenerator({
    load,
    stop: { kind: 'requests', requests },
    sender: {
      async send({ index, scheduledMs }) {
        const sentMs = clock.now();
        await pause(clock, serviceMs);
        return { ...recordFixture({ index, scheduledMs, sentMs }), endMs: clock.now() };
      },
    },
    clock,
    random: seededRandom(1),
    startedAtMs: 0,
    item: () => ({ messages: [], maxTokens: 1 }),
    onRecord: (record) => void records.push(record),
    onLag: (dueMs, lagMs) => void lags.push([dueMs, lagMs]),
  });
  return { clock, generator, lags, records };
}

describe('an open loop', () => {
  it('sends on time whatever the server takes, and lags by nothing', async () => {
    const { clock, generator, lags, records } = setUp(OPEN, 5, 10_000);
    const run = generator.run(new AbortController().signal);
    await clock.advanceAsync(20_000);
    await run;
    expect(records.map(({ sentMs }) => sentMs)).toEqual([0, 100, 200, 300, 400]);
    expect(lags.map(([, lagMs]) => lagMs)).toEqual([0, 0, 0, 0, 0]);
  });

  it('counts the wait for a place in flight, and does not call it a lag of its own', async () => {
    const { clock, generator, lags, records } = setUp({ ...OPEN, inFlightMax: 1 }, 8, 500);
    const run = generator.run(new AbortController().signal);
    await clock.advanceAsync(10_000);
    await run;
    const latencies = records.map(({ endMs, scheduledMs }) => endMs - scheduledMs);
    // From the schedule, not from the sending, which would tell 500 of each.
    expect(latencies).toEqual([500, 900, 1_300, 1_700, 2_100, 2_500, 2_900, 3_300]);
    expect(lags.every(([, lagMs]) => lagMs === 0)).toBe(true);
  });

  it('sends what is overdue without a wait between', async () => {
    const { clock, generator, lags } = setUp({ ...OPEN, rate: 10_000 }, 50, 1_000);
    clock.advance(100);
    const run = generator.run(new AbortController().signal);
    await settled();
    expect(lags).toHaveLength(50);
    expect(lags.at(0)).toEqual([0, 100]);
    await clock.advanceAsync(1_000);
    await run;
  });
});
