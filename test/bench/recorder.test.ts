import { describe, expect, it } from 'vitest';
import { measure } from '../../bench/metrics.js';
import { Recorder } from '../../bench/recorder.js';
import { seededRandom } from '../../src/base/random.js';
import { closedLoop, failedRecord, planFixture, recordFixture } from './support/record-fixture.js';

const SEED = 20_261_121;

describe('a recorder', () => {
  it('knows live figures from the first record on', () => {
    const recorder = new Recorder({ plan: planFixture() });
    const nothing = { done: 0, failed: 0, inFlight: 4, outputTps: null, ttftP50Ms: null, e2eP50Ms: null };
    expect(recorder.live(10, 4)).toEqual(nothing);
    recorder.add(recordFixture());
    recorder.add(failedRecord({ index: 1, scheduledMs: 200 }));
    recorder.add(failedRecord({ index: 2, incomplete: true, errorClass: null }));
    expect(recorder.live(500, 2)).toEqual({
      done: 2,
      failed: 1,
      inFlight: 2,
      outputTps: 10,
      ttftP50Ms: 100,
      e2eP50Ms: 180,
    });
  });

  it('comes to the same figures in whatever order the records come', () => {
    const random = seededRandom(SEED);
    const plan = planFixture({ load: { kind: 'closed', concurrency: 3, rampMs: 0 } });
    const records = closedLoop({
      requests: 40,
      concurrency: 3,
      tokens: 9,
      ttftMs: 70,
      tokenMs: () => 5 + 9 * random(),
    });
    const shuffled = records
      .map((record) => ({ record, key: random() }))
      .sort((one, other) => one.key - other.key)
      .map(({ record }) => record);
    const [ordered, mixed] = [measure(records, plan), measure(shuffled, plan)];
    expect(mixed.windows).toEqual(ordered.windows);
    expect(mixed.concurrency).toEqual(ordered.concurrency);
    expect(mixed.timeseries).toEqual(ordered.timeseries);
    expect(mixed.histograms).toEqual(ordered.histograms);
    expect(mixed.latency_ms.e2e?.p95).toBe(ordered.latency_ms.e2e?.p95);
    expect(mixed.throughput.output_tps).toBe(ordered.throughput.output_tps);
  });

  it('goes on in bounded memory when there are many', () => {
    const recorder = new Recorder({ plan: planFixture() });
    for (let index = 0; index < 10_001; index++) {
      recorder.add(recordFixture({ index, scheduledMs: 182 * index, promptHash: `p${index}` }));
    }
    const { latency_ms, requests, timeseries, concurrency } = recorder.measured();
    expect(latency_ms.ttft).toMatchObject({ count: 10_001, method: 'hdr3', mean: 100, min: 100, max: 100, p99: 100 });
    expect(latency_ms.icl).toMatchObject({ count: 40_004, method: 'hdr3', p999: 20 });
    expect(requests.successful).toBe(10_001);
    expect(timeseries.interval_s).toBe(2);
    expect(timeseries.output_tokens.length).toBeLessThanOrEqual(1000);
    expect(timeseries.output_tokens.reduce((sum, tokens) => sum + tokens, 0)).toBeCloseTo(50_005, 0);
    expect(concurrency.peak).toBe(1);
  });

  it('tells how many events came together, for the report of the client', () => {
    const { events, modelReported } = measure(
      [recordFixture({ coalesced: 2 }), recordFixture({ index: 1 })],
      planFixture(),
    );
    expect([events, modelReported]).toEqual([{ total: 10, coalesced: 2 }, 'm']);
  });
});
