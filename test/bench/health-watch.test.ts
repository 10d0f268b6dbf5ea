import { describe, expect, it } from 'vitest';
import { clientReport, type ThreadHealth } from '../../bench/client-health.js';
import { HealthWatch } from '../../bench/health-watch.js';
import { recordFixture } from './support/record-fixture.js';

const RUN = { ttftP50Ms: 100, iclP50Ms: 20, calibration: null };

function reportOf(thread: ThreadHealth, wallMs: number) {
  return clientReport({ threads: [thread], wallMs, cpuUs: 0, inFlightTarget: null }, RUN);
}

describe('the watch over a thread', () => {
  it('sees an event loop that is blocked', async () => {
    const watch = new HealthWatch();
    watch.start();
    const startedMs = performance.now();
    for (let block = 0; block < 21; block += 1) {
      const untilMs = performance.now() + 50;
      while (performance.now() < untilMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const report = reportOf(watch.finish(0), performance.now() - startedMs);
    expect(report.saturated).toBe(true);
    expect(report.reasons).toEqual([
      expect.stringMatching(/^event loop busy [\d.]+ % > 85 %$/),
      expect.stringMatching(/^event loop delay p99 \d+\.\d ms > 5\.0 ms$/),
    ]);
    expect(report.event_loop_delay_ms?.max).toBeGreaterThan(30);
  });

  it('counts what is in flight at once, and the events that came', () => {
    const watch = new HealthWatch();
    watch.start();
    watch.sent();
    watch.sent();
    watch.ended(recordFixture({ chunks: 5, coalesced: 2 }));
    watch.sent();
    watch.ended(recordFixture({ chunks: 1 }));
    expect(watch.finish(3)).toMatchObject({ inFlightPeak: 2, events: 6, coalesced: 2, unsent: 3 });
  });

  it('keeps how late requests were sent', () => {
    const watch = new HealthWatch();
    watch.start();
    watch.late(100, 0);
    watch.late(200, 4);
    watch.late(350, 2.5);
    const health = watch.finish(0);
    expect(health).toMatchObject({ dueSpanMs: 250, lastLagMs: 2.5, lagMs: { count: 3 } });
    expect(reportOf(health, 1).schedule_lag_ms).toMatchObject({ p50: 2.5, p99: 4 });
  });
});
