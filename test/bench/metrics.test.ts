import { describe, expect, it } from 'vitest';
import { AnswerObservation } from '../../bench/answer-observation.js';
import { measure } from '../../bench/metrics.js';
import type { RequestRecord } from '../../bench/record.js';
import { closedLoop, failedRecord, planFixture, recordFixture } from './support/record-fixture.js';

const OPEN = {
  kind: 'open',
  rate: 10,
  arrival: 'constant',
  burstiness: 1,
  inFlightMax: 64,
  rampMs: 0,
} as const;

const codes = (warnings: readonly { readonly code: string }[]) => warnings.map(({ code }) => code);

/** What an observation of this stream makes of one request that started at 0. */
function observed(script: readonly (readonly [number, string])[], endMs: number): RequestRecord {
  const seen = new AnswerObservation({ stream: true, saveText: false });
  seen.head(200, 'text/event-stream');
  for (const [atMs, bytes] of script) seen.bytes(Buffer.from(bytes), atMs);
  const { firstEventMs, firstTokenMs, firstContentMs, lastTokenMs, finishReason, chunks, gapsUs, coalesced } = seen;
  const times = { firstEventMs, firstTokenMs, firstContentMs, lastTokenMs, endMs };
  const ok = seen.failure() === undefined;
  return recordFixture({ ...times, ok, finishReason, chunks, gapsUs, coalesced, tokens: seen.tokens() });
}

describe('the stream of a reasoning model that decodes speculatively', () => {
  const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
  const delta = (body: object, finish: string | null = null) =>
    event({ choices: [{ delta: body, finish_reason: finish }] });
  const record = observed(
    [
      [35, delta({ role: 'assistant', content: '' })],
      [400, delta({ reasoning_content: 'a' })],
      [450, delta({ reasoning_content: 'b' })],
      [550, delta({ reasoning_content: 'c d' })],
      [700, delta({ content: 'e' })],
      [800, delta({ content: 'f g h' })],
      [850, delta({ content: 'i' })],
      [852, delta({}, 'stop')],
      [855, event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9 } })],
      [856, 'data: [DONE]\n\n'],
    ],
    856,
  );
  const { latency_ms, tokens } = measure([record], planFixture());

  it.each([
    ['ttfr', 35],
    ['ttft', 400],
    ['ttfo', 700],
    ['tpot', 56.25],
    ['icl', 90],
    ['e2e', 850],
    ['stream_close', 6],
  ] as const)('has a %s of %f ms', (name, valueMs) => {
    expect(latency_ms[name]?.mean).toBe(valueMs);
  });

  it('has nine tokens by usage, one and a half in a chunk', () => {
    expect(tokens).toMatchObject({ completion: 9, tokens_per_chunk_mean: 1.5, estimated: false });
    expect(tokens.source).toEqual({ usage: 1, timings: 0, logprobs: 0, chunks: 0 });
  });
});

describe('a closed loop of 20 requests on 4 slots', () => {
  const records = closedLoop({
    requests: 20,
    concurrency: 4,
    tokens: 38,
    ttftMs: 1200,
    tokenMs: (index) => 265 + index,
  });
  const endMs = Math.max(...records.map((record) => record.endMs));
  const measured = measure(records, planFixture({ load: { kind: 'closed', concurrency: 4, rampMs: 0 } }));

  it('has its rates over the time from the first start to the last end', () => {
    expect(measured.windows.full).toEqual([0, endMs / 1000]);
    expect(measured.throughput.request_rps).toBeCloseTo(20_000 / endMs, 9);
    expect(measured.throughput.output_tps).toBeCloseTo((20_000 * 38) / endMs, 9);
    expect(measured.throughput.total_tps).toBeCloseTo((20_000 * 63) / endMs, 9);
  });

  it('has as many requests in flight on average as rate times latency says (Little)', () => {
    const { throughput, latency_ms, concurrency } = measured;
    expect(concurrency.mean).toBeCloseTo(((throughput.request_rps ?? 0) * (latency_ms.e2e?.mean ?? 0)) / 1000, 9);
    expect(concurrency).toMatchObject({ target: 4, peak: 4 });
    expect(concurrency.mean).toBeGreaterThan(3.8);
    expect(concurrency.mean).toBeLessThan(4);
  });

  it('has a steady window that ends when the first slot stays empty', () => {
    const lastEnds = records.slice(-4).map((record) => record.endMs);
    expect(measured.windows.steady?.[0]).toBe(0);
    expect(measured.windows.steady?.[1]).toBeCloseTo(Math.min(...lastEnds) / 1000, 9);
    expect(measured.throughput.output_tps_steady ?? 0).toBeGreaterThan(measured.throughput.output_tps ?? 0);
  });

  it('has the speed of a stream apart from that of a request, and from that of all', () => {
    const {
      decode_tps_per_user_mean: decode,
      output_tps_per_request_mean: perRequest,
      output_tps,
    } = measured.throughput;
    expect(decode).toBeCloseTo(records.reduce((sum, { gapsUs }) => sum + 1e6 / (gapsUs[0] ?? 0), 0) / 20, 6);
    expect(perRequest).toBeLessThan(decode ?? 0);
    expect(output_tps).toBeGreaterThan(3 * (perRequest ?? 0));
    expect(measured.throughput.prefill_tps_effective_mean).toBeCloseTo(25 / 1.2, 9);
  });

  it('has a series of tokens that adds up to all of them', () => {
    const { output_tokens, in_flight, errors, interval_s } = measured.timeseries;
    expect(interval_s).toBe(1);
    expect(output_tokens).toHaveLength(Math.ceil(endMs / 1000));
    expect(output_tokens.reduce((sum, tokens) => sum + tokens, 0)).toBeCloseTo(20 * 38, 2);
    expect([in_flight[5], in_flight.length, errors[5]]).toEqual([4, output_tokens.length, 0]);
    expect(measured.throughput.output_tps_peak_1s).toBeGreaterThanOrEqual(Math.max(...output_tokens));
  });

  it('has percentiles, marks, and histograms to draw', () => {
    expect(measured.latency_ms.e2e).toMatchObject({ count: 20, p95_upper95: null, method: 'exact' });
    expect(measured.latency_ms.icl?.count).toBe(20 * 37);
    expect(measured.histograms.icl).toMatch(/^HISTF/);
    expect(codes(measured.warnings)).toEqual(['few_samples']);
  });
});

describe('an open loop', () => {
  it('against a stalled server counts the wait from the moment each request was due', () => {
    // 10 requests a second, 500 ms of service, one at a time: the wait grows by 400 ms with each request.
    const records = Array.from({ length: 8 }, (_, index) => {
      const scheduledMs = 100 * index;
      const sentMs = 500 * index;
      const lastTokenMs = sentMs + 500;
      return recordFixture({ index, scheduledMs, sentMs, lastTokenMs, endMs: lastTokenMs, headersMs: sentMs + 20 });
    });
    const measured = measure(records, planFixture({ load: { ...OPEN, inFlightMax: 1 } }));
    expect(measured.latency_ms.e2e?.mean).toBe(1900);
    expect(measured.latency_ms.client_queue?.mean).toBe(1400);
    expect(measured.latency_ms.headers?.max).toBe(2820);
    expect(measured.concurrency).toEqual({ target: null, mean: 1, peak: 1 });
    expect(codes(measured.warnings)).toContain('client_queue');
  });

  it('is steady from the end of its ramp to its last arrival', () => {
    const records = Array.from({ length: 50 }, (_, index) => recordFixture({ index, scheduledMs: 100 * index }));
    const measured = measure(records, planFixture({ load: { ...OPEN, rampMs: 1000 } }));
    expect(measured.windows).toEqual({ full: [0, 5.082], steady: [1, 4.9] });
    expect(measured.throughput.output_tps_steady).toBeCloseTo(50, 0);
  });
});

describe('failures', () => {
  it('of all requests leave nothing but counts', () => {
    const records = Array.from({ length: 20 }, (_, index) => failedRecord({ index, scheduledMs: 10 * index }));
    const measured = measure(records, planFixture(), { goodput: { ttft: 800 } });
    expect(measured.requests).toEqual({
      total: 20,
      successful: 0,
      failed: 20,
      incomplete: 0,
      success_rate: 0,
      success_rate_ci95: [0, expect.closeTo(0.161, 3)],
      by_status: { 503: 20 },
      by_error: { http_5xx: 20 },
      by_finish_reason: {},
      retried_attempts: 0,
    });
    expect(Object.values(measured.latency_ms).every((figures) => figures === null)).toBe(true);
    const { goodput_rps, good_fraction, ...rates } = measured.throughput;
    expect([goodput_rps, good_fraction]).toEqual([0, 0]);
    expect(Object.values(rates).every((rate) => rate === null)).toBe(true);
    expect(measured.tokens).toMatchObject({ prompt: null, completion: null, total: null, per_request_mean: null });
    expect(measured.timeseries.errors).toEqual([20]);
  });

  it('stay in the time of the run, and out of the latencies', () => {
    const records = [recordFixture(), failedRecord({ scheduledMs: 182, endMs: 10_000, errorClass: 'timeout_total' })];
    const measured = measure(records, planFixture());
    expect(measured.windows.full).toEqual([0, 10]);
    expect(measured.throughput.request_rps).toBe(0.1);
    expect(measured.latency_ms.e2e?.count).toBe(1);
    expect(codes(measured.warnings)).toContain('failed_requests');
  });

  it('that are only cut off by the end of the run are neither failures nor successes', () => {
    const cut = failedRecord({ ok: false, incomplete: true, errorClass: null, status: null, endMs: 300 });
    const { requests, timeseries } = measure([recordFixture(), cut], planFixture());
    expect(timeseries.errors).toEqual([0]);
    expect(requests).toMatchObject({ total: 2, successful: 1, failed: 0, incomplete: 1, success_rate: 1 });
  });

  it('of nothing at all are no failure of the measurement', () => {
    const measured = measure([], planFixture());
    expect(measured.requests).toMatchObject({ total: 0, success_rate: null, success_rate_ci95: null });
    expect(measured.windows).toEqual({ full: [0, 0], steady: null });
    expect(measured.concurrency).toEqual({ target: 1, mean: null, peak: 0 });
  });
});

describe('what is not streamed', () => {
  const whole = (index: number) =>
    recordFixture({
      index,
      scheduledMs: 1000 * index,
      headersMs: 1000 * index + 900,
      firstEventMs: 1000 * index + 910,
      firstTokenMs: 1000 * index + 910,
      firstContentMs: 1000 * index + 910,
      lastTokenMs: 1000 * index + 910,
      endMs: 1000 * index + 910,
      chunks: 1,
      gapsUs: [],
      tokens: { prompt: 26, completion: 38 },
    });
  const records = [0, 1, 2].map(whole);
  const measured = measure(records, planFixture({ target: { stream: false } }));

  it('has no first token and no time per token', () => {
    const { ttft, ttfr, ttfo, tpot, icl, stream_close, e2e, ntpot } = measured.latency_ms;
    expect([ttft, ttfr, ttfo, tpot, icl, stream_close]).toEqual([null, null, null, null, null, null]);
    expect([e2e?.p50, ntpot?.p50]).toEqual([910, 910 / 38]);
  });

  it("has the reference benchmark's own speed, prompts counted in, time taken to the headers", () => {
    expect(measured.throughput.reference_avg_tps).toBeCloseTo(64 / 0.9, 9);
    expect(measured.throughput.output_tps_per_request_mean).toBeCloseTo(38 / 0.91, 9);
  });

  it('has no rate of tokens where it is embeddings', () => {
    const embedded = records.map((record) => ({ ...record, tokens: { ...record.tokens, completion: 0 } }));
    const { throughput, tokens } = measure(
      embedded,
      planFixture({ target: { stream: false, endpoint: 'embeddings' } }),
    );
    expect([throughput.output_tps, tokens.completion, tokens.total]).toEqual([null, 0, 78]);
    expect(throughput.total_tps).toBeCloseTo(78 / 2.91, 9);
  });
});

describe('goodput', () => {
  it('counts requests that met every limit, in proportion to all that did not', () => {
    const slow = recordFixture({ index: 1, firstTokenMs: 150, gapsUs: [10_000, 10_000, 5_000, 5_000] });
    const stuttering = recordFixture({ index: 2, lastTokenMs: 400, endMs: 402 });
    const records = [recordFixture(), slow, stuttering, failedRecord({ index: 3 })];
    const { throughput } = measure(records, planFixture(), { goodput: { ttft: 120, tpot: 30 } });
    expect(throughput.good_fraction).toBe(0.25);
    expect(throughput.goodput_rps).toBeCloseTo(1 / 0.402, 9);
  });

  it('is null where no limit was set', () => {
    expect(measure([recordFixture()], planFixture()).throughput).toMatchObject({
      goodput_rps: null,
      good_fraction: null,
    });
  });
});

describe('a connection', () => {
  it('counts for its setup where it is new only', () => {
    const fresh = recordFixture({ connectionReused: false, connectedMs: 12 });
    const { latency_ms, warnings } = measure([fresh, recordFixture({ index: 1, scheduledMs: 200 })], planFixture());
    expect(latency_ms.connect).toMatchObject({ count: 1, mean: 12 });
    expect(codes(warnings)).toContain('connection_setup');
  });
});

describe('the server itself', () => {
  it('says how fast it read what was not cached, and how fast it wrote', () => {
    const serverTimings = { promptTokens: 110, promptMs: 500, predictedTokens: 5, predictedMs: 250 };
    const { server } = measure([recordFixture({ serverTimings, tokens: { cached: 10 } })], planFixture());
    expect(server.timings).toEqual({ prompt_tps_mean: 200, predicted_tps_mean: 20 });
  });
});

describe('a warning', () => {
  const many = (change: Parameters<typeof recordFixture>[0]) =>
    Array.from({ length: 60 }, (_, index) => recordFixture({ ...change, index, scheduledMs: 182 * index }));
  const warned = (records: readonly RequestRecord[], plan = planFixture()) => measure(records, plan).warnings;

  it('is not given where there is nothing to say', () => {
    expect(warned(many({}))).toEqual([]);
  });

  it.each<[string, Parameters<typeof recordFixture>[0]]>([
    ['prefix_cache', { tokens: { cached: 8 } }],
    ['repeated_prompts', { promptHash: 'same' }],
    ['estimated_tokens', { tokens: { source: 'chunks' } }],
    ['uncounted_tokens', { tokens: { source: null, completion: null } }],
    ['usage_discrepancy', { chunks: 9 }],
    ['length_mismatch', { finishReason: 'length' }],
    ['usage_refused', { attempts: 2 }],
    ['coalesced_events', { coalesced: 2 }],
    ['multi_token_chunks', { chunks: 2 }],
  ])('of %s is given', (code, change) => {
    expect(codes(warned(many(change)))).toContain(code);
  });

  it('is given of slots that stood empty between two requests', () => {
    const late = many({}).map((record) => ({ ...record, sentMs: record.scheduledMs + 40 }));
    expect(codes(warned(late))).toEqual(['low_concurrency', 'client_queue']);
  });

  it('tells the share of cached tokens', () => {
    expect(warned(many({ tokens: { cached: 8 } }))).toEqual([
      {
        code: 'prefix_cache',
        message: 'prompt cache: 480 of 600 prompt tokens cached, TTFT is not cold. --unique',
      },
    ]);
  });

  it('is given of answers that are too short, and not of those that stopped by themselves', () => {
    const plan = planFixture({ request: { maxTokens: 100 } });
    expect(
      measure(many({ finishReason: 'length', tokens: { completion: 94 }, chunks: 94 }), plan).tokens,
    ).toMatchObject({
      length_mismatch: 60,
    });
    expect(
      measure(many({ finishReason: 'length', tokens: { completion: 96 }, chunks: 96 }), plan).tokens,
    ).toMatchObject({
      length_mismatch: 0,
    });
    expect(measure(many({ tokens: { completion: 5 } }), plan).tokens.length_mismatch).toBe(0);
  });

  it('is given where the server tells two lengths of one answer', () => {
    const serverTimings = { promptTokens: 10, promptMs: 1, predictedTokens: 50, predictedMs: 1 };
    expect(codes(warned(many({ serverTimings })))).toEqual(['usage_discrepancy']);
  });

  it('is given of slots that were asked for and not reached, and of a drain that took long', () => {
    const wide = planFixture({ load: { kind: 'closed', concurrency: 8, rampMs: 0 } });
    expect(codes(warned(many({}), wide))).toContain('concurrency_not_reached');
    const long = recordFixture({ index: 60, scheduledMs: 60 * 182, lastTokenMs: 40_000, endMs: 40_000 });
    const two = planFixture({ load: { kind: 'closed', concurrency: 2, rampMs: 0 } });
    const pairs = [...many({}), ...many({}), long];
    expect(codes(warned(pairs, two))).toContain('ramp_tail');
  });

  it('is given of several models behind one name', () => {
    const records = many({}).map((record, index) => ({ ...record, modelReported: index === 7 ? 'other' : 'm' }));
    expect(warned(records)).toEqual([{ code: 'several_models', message: 'answers named 2 models: m, other' }]);
  });
});
