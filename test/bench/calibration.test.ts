import { describe, expect, it } from 'vitest';
import { calibrate } from '../../bench/calibration.js';
import { systemClock } from '../../src/base/clock.js';

const TINY = { streams: 3, tokensPerSecond: 500, durationMs: 40, workers: 1, clock: systemClock };

describe('the calibration', () => {
  it('finds a delay, a cost and a limit', async () => {
    const found = await calibrate({ ...TINY, signal: new AbortController().signal });
    expect(found?.streams).toBe(3);
    // Sent by one process, received by another: a clock that they do not share would show here.
    expect(found?.delay_ms.p50).toBeGreaterThan(0);
    expect(found?.delay_ms.p50).toBeLessThanOrEqual(found?.delay_ms.p99 ?? 0);
    expect(found?.delay_ms.p99).toBeLessThan(20_000);
    expect(found?.cpu_us_per_event).toBeGreaterThan(0);
    expect(found?.max_events_per_s).toBeGreaterThan(0);
  });

  it('finds nothing where it is interrupted', async () => {
    const interrupt = new AbortController();
    const found = calibrate({ ...TINY, durationMs: 600_000, signal: interrupt.signal });
    setImmediate(() => interrupt.abort());
    expect(await found).toBeNull();
  });
});
