import { describe, expect, it } from 'vitest';
import {
  type ClientFigures,
  type ClientHealth,
  clientReport,
  judge,
  type ThreadHealth,
} from '../../bench/client-health.js';

const WELL: ClientFigures = {
  cpuUtil: 0.3,
  elu: 0.3,
  loopDelayP99Ms: 1,
  lagP99Ms: 1,
  achievedShare: 1,
  inFlightPeak: 4,
  inFlightTarget: 4,
  ttftP50Ms: 200,
  iclP50Ms: 20,
};

describe('the verdict over the client', () => {
  it('is good where everything is within its limits, or unknown', () => {
    expect(judge(WELL)).toEqual({ saturated: false, reasons: [] });
    const unknown = { cpuUtil: null, elu: null, loopDelayP99Ms: null, lagP99Ms: null, achievedShare: null };
    expect(judge({ ...WELL, ...unknown, inFlightTarget: null, ttftP50Ms: null, iclP50Ms: null }).saturated).toBe(false);
  });

  it.each<[Partial<ClientFigures>, string]>([
    [{ cpuUtil: 0.86 }, 'CPU use of a thread 86 % > 85 %'],
    [{ elu: 0.9 }, 'event loop busy 90 % > 85 %'],
    [{ loopDelayP99Ms: 5.1 }, 'event loop delay p99 5.1 ms > 5.0 ms'],
    [{ loopDelayP99Ms: 21, iclP50Ms: 100 }, 'event loop delay p99 21.0 ms > 20.0 ms'],
    [{ lagP99Ms: 11 }, 'requests sent late, p99 11.0 ms > 10.0 ms'],
    [{ lagP99Ms: 31, ttftP50Ms: 3_000 }, 'requests sent late, p99 31.0 ms > 30.0 ms'],
    [{ achievedShare: 0.97 }, 'achieved rate 97 % of the target < 98 %'],
    [{ inFlightPeak: 3 }, 'in flight never reached 4, only 3'],
  ])('%j is a reason', (figures, reason) => {
    expect(judge({ ...WELL, ...figures })).toEqual({ saturated: true, reasons: [reason] });
  });

  it.each<[Partial<ClientFigures>]>([
    [{ cpuUtil: 0.85 }],
    [{ loopDelayP99Ms: 5 }],
    [{ loopDelayP99Ms: 19, iclP50Ms: 100 }],
    [{ lagP99Ms: 10 }],
    [{ lagP99Ms: 29, ttftP50Ms: 3_000 }],
    [{ achievedShare: 0.98 }],
    [{ inFlightPeak: 5 }],
  ])('%j is none', (figures) => {
    expect(judge({ ...WELL, ...figures }).saturated).toBe(false);
  });
});

const THREAD: ThreadHealth = {
  elu: 0.2,
  loopDelayMs: { count: 200, values: [0, 1, 2], max: 3 },
  gcPauseMs: 5,
  events: 100,
  coalesced: 10,
  lagMs: { count: 0, values: [], max: 0 },
  dueSpanMs: 0,
  lastLagMs: 0,
  inFlightPeak: 2,
  unsent: 0,
};
const RUN = { ttftP50Ms: 100, iclP50Ms: 20, calibration: null };

function health(threads: ThreadHealth[], more: Partial<ClientHealth> = {}): ClientHealth {
  return { threads, wallMs: 1_000, cpuUs: 400_000, inFlightTarget: 4, ...more };
}

describe('the report of the client', () => {
  it('adds up what adds up, and takes the worst of the rest', () => {
    const report = clientReport(health([THREAD, { ...THREAD, elu: 0.6, unsent: 1 }]), RUN);
    expect(report).toEqual({
      saturated: false,
      reasons: [],
      workers: 2,
      cpu_util: 0.2,
      elu: 0.6,
      event_loop_delay_ms: { p50: 1, p99: 2, max: 3 },
      gc_pause_ms: 10,
      events_per_s: 200,
      cpu_us_per_event: 2_000,
      coalesced_event_ratio: 0.1,
      schedule_lag_ms: null,
      unsent: 1,
      calibration: null,
    });
  });

  it('has null where nothing came, not 0', () => {
    const nothing = { ...THREAD, events: 0, coalesced: 0, loopDelayMs: { count: 0, values: [], max: 0 } };
    const report = clientReport(health([nothing], { inFlightTarget: null }), RUN);
    expect(report).toMatchObject({ cpu_us_per_event: null, coalesced_event_ratio: null, event_loop_delay_ms: null });
  });

  it('does not judge the slowest of a handful of looks at the event loop', () => {
    const stalled = { ...THREAD, loopDelayMs: { count: 20, values: [0, 40], max: 40 } };
    const inFlightTarget = 2;
    expect(clientReport(health([stalled], { inFlightTarget }), RUN).saturated).toBe(true);
    expect(clientReport(health([stalled], { inFlightTarget, wallMs: 490 }), RUN).saturated).toBe(false);
  });

  it('knows the achieved rate from how late the last request was', () => {
    const late = { ...THREAD, lagMs: { count: 50, values: [0, 0, 1], max: 60 }, dueSpanMs: 940, lastLagMs: 60 };
    expect(clientReport(health([late], { inFlightTarget: null }), RUN).reasons).toEqual([
      'achieved rate 94 % of the target < 98 %',
    ]);
  });
});
