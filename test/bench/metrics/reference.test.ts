import { describe, expect, it } from 'vitest';
import { referenceReport } from '../../../bench/metrics/reference.js';
import { failedRecord, recordFixture } from '../support/record-fixture.js';

/** Headers after 100, 200 ... 2000 ms, 64 tokens each. */
const TWENTY = Array.from({ length: 20 }, (_, index) => {
  return recordFixture({
    index,
    sentMs: 50,
    headersMs: 50 + 100 * (20 - index),
    tokens: { prompt: 26, completion: 38 },
  });
});

describe('the report of the reference benchmark', () => {
  it('has its percentiles without interpolation: P95 and P99 of 20 are the largest', () => {
    expect(referenceReport(TWENTY, 10_000).latencyMs).toEqual({
      min: 100,
      avg: 1050,
      p50: 1100,
      p95: 2000,
      p99: 2000,
      max: 2000,
    });
  });

  it('has prompts in its tokens, and the speed of a request for that of the service', () => {
    const report = referenceReport([...TWENTY, failedRecord({ index: 20 })], 10_000);
    expect(report).toMatchObject({ totalRequests: 21, successful: 20, failed: 1, durationS: 10, requestsPerSecond: 2 });
    expect(report).toMatchObject({ totalTokens: 1280, averageTokensPerRequest: 64 });
    expect(report.averageTokensPerSecond).toBeCloseTo(64 / 1.05, 9);
    expect(report.successRate).toBeCloseTo(95.238, 3);
  });

  it('of failures alone has no latencies', () => {
    expect(referenceReport([failedRecord()], 1000)).toMatchObject({
      latencyMs: null,
      averageTokensPerRequest: null,
      averageTokensPerSecond: null,
      requestsPerSecond: 0,
    });
  });

  it('takes a missing count for zero, as the reference does', () => {
    const uncounted = recordFixture({ tokens: { prompt: null, completion: null } });
    expect(referenceReport([uncounted], 1000).totalTokens).toBe(0);
  });
});
