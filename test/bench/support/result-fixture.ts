/** Results of every kind, with the figures of one simulated run of the reference's first profile: 20 requests, 4 slots. */
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { BenchResult, Comparison, Distribution, GateOutcome } from '../../../bench/result.js';

export const E2E_MS = [
  9918.19, 10_044.1, 10_301.4, 10_402.7, 10_588.2, 10_733.9, 10_911.5, 11_266.1, 11_301.8, 11_383.2, 11_438.8, 11_522.4,
  11_655.3, 11_801.4, 12_066.7, 12_190.3, 12_488.8, 12_698.1, 13_104.3, 13_474.35,
];
const TTFT_MS = [
  796.43, 1012.2, 1088.6, 1124.6, 1131.4, 1150.8, 1166.9, 1180.1, 1191.7, 1204.3, 1222.12, 1240.5, 1301.6, 1455.3,
  1609.5, 1720.8, 2190.4, 2485.1, 2508.22, 2528.23,
];
const TPOT_MS = [
  221.76, 243.1, 251.9, 258.3, 262.2, 264.4, 265.8, 266.9, 267.4, 267.9, 268.38, 271.2, 274.9, 277.7, 280.2, 283.8,
  285.9, 287.3, 292.3, 292.61,
];

type Change<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: Change<T[K]> } : T;

/** A result that passed, with `change` laid over it. */
export function resultFixture(change: Change<BenchResult> = {}): BenchResult {
  return overlay(PASSING, change) as BenchResult;
}

export function failingResult(): BenchResult {
  return resultFixture({
    run: { duration_s: 61.2, labels: { git_sha: '9d3c2b1' } },
    workload: { requests: 200 },
    load: { stop: { kind: 'requests', value: 200 } },
    requests: {
      total: 200,
      successful: 193,
      failed: 7,
      success_rate: 0.965,
      success_rate_ci95: [0.929, 0.983],
      by_status: { 200: 197, 503: 3 },
      by_error: { timeout_ttft: 4, http_5xx: 3 },
      by_finish_reason: { stop: 193 },
    },
    tokens: { source: { usage: 193, timings: 0, logprobs: 0, chunks: 0 } },
    latency_ms: {
      e2e: { ...PASSING.latency_ms.e2e!, count: 193, p90_upper95: 12_900, p95_upper95: 13_300 },
      ttft: { ...PASSING.latency_ms.ttft!, count: 193, p90_upper95: 2498, p95_upper95: 2520 },
      tpot: { ...PASSING.latency_ms.tpot!, count: 193, p90_upper95: 290, p95_upper95: 292.6 },
    },
    gates: [
      gate({ expr: 'success_rate>=99%', actual: 0.965, status: 'fail', ci95: [0.929, 0.983], n: 200 }),
      gate({ expr: 'ttft.p95<800ms', actual: 1214, unit: 'ms', ci95: [null, 1390], n: 193, min_n: 59, status: 'fail' }),
      gate({ expr: 'output_tps>40', actual: 47.1, unit: 'tok/s' }),
    ],
    comparison: REGRESSION,
    verdict: { status: 'fail', exit_code: 7, reason: null },
  });
}

export function inconclusiveResult(): BenchResult {
  return resultFixture({
    client: {
      saturated: true,
      reasons: ['loop delay p99 41 ms', 'cpu 97%'],
      cpu_util: 0.97,
      event_loop_delay_ms: { p50: 12, p99: 41, max: 96 },
      events_per_s: 14_210,
    },
    gates: [
      gate({ expr: 'ttft.p95<3s', actual: 2509.22, unit: 'ms', n: 20, min_n: 59, status: 'inconclusive' }),
      gate({ expr: 'success_rate>=99%', actual: 1, ci95: [0.839, 1], n: 20 }),
    ],
    verdict: { status: 'inconclusive', exit_code: 9, reason: null },
  });
}

export function interruptedResult(): BenchResult {
  return resultFixture({
    complete: false,
    run: { duration_s: 31.07 },
    requests: {
      total: 12,
      successful: 8,
      failed: 0,
      incomplete: 4,
      success_rate_ci95: [0.676, 1],
      by_status: { 200: 8 },
      by_finish_reason: { stop: 8 },
    },
    tokens: { source: { usage: 8, timings: 0, logprobs: 0, chunks: 0 }, cached_prompt: null },
    gates: [],
    warnings: [],
    verdict: { status: 'interrupted', exit_code: 130, reason: null },
  });
}

/** Every request failed: nothing was measured but failures. */
export function allFailedResult(): BenchResult {
  return resultFixture({
    run: { duration_s: 1.02 },
    target: { model_reported: null },
    requests: {
      successful: 0,
      failed: 20,
      success_rate: 0,
      success_rate_ci95: [0, 0.161],
      by_status: { 503: 20 },
      by_error: { http_5xx: 20 },
      by_finish_reason: {},
    },
    tokens: {
      ...(Object.fromEntries(Object.keys(PASSING.tokens).map((key) => [key, null])) as object),
      source: { usage: 0, timings: 0, logprobs: 0, chunks: 0 },
      estimated: false,
      chunks: 0,
      length_mismatch: 0,
    },
    latency_ms: allNull(PASSING.latency_ms),
    throughput: allNull(PASSING.throughput),
    concurrency: { target: 4, mean: null, peak: 4 },
    windows: { full: [0, 1.02], steady: null },
    gates: [gate({ expr: 'ttft.p50<2s', actual: null, unit: 'ms', n: 0, min_n: 5, status: 'fail' })],
    warnings: [],
    timeseries: { interval_s: 1, output_tokens: [0, 0], in_flight: [4, 1], errors: [16, 4] },
    histograms: { ttft: null, tpot: null, e2e: null, icl: null },
    verdict: { status: 'fail', exit_code: 7, reason: 'no request succeeded' },
  });
}

export function gate(outcome: Pick<GateOutcome, 'expr' | 'actual'> & Partial<GateOutcome>): GateOutcome {
  return { unit: null, ci95: null, n: null, min_n: null, status: 'pass', reason: null, ...outcome };
}

/** The string that a result holds of these values. */
export function histogramOf(valuesMs: readonly number[]): string {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3.6e9,
    numberOfSignificantValueDigits: 3,
  });
  for (const valueMs of valuesMs) histogram.recordValue(Math.round(valueMs * 1000));
  return encodeIntoCompressedBase64(histogram);
}

export function distribution(figures: Partial<Distribution>): Distribution {
  return {
    count: 20,
    min: 0,
    mean: 0,
    stddev: 0,
    p50: 0,
    p75: 0,
    p90: 0,
    p95: 0,
    p99: 0,
    p999: 0,
    max: 0,
    p50_ci95: null,
    p90_upper95: null,
    p95_upper95: null,
    p99_upper95: null,
    method: 'exact',
    ...figures,
  };
}

function allNull<T extends object>(members: T): { [K in keyof T]: null } {
  return Object.fromEntries(Object.keys(members).map((key) => [key, null])) as { [K in keyof T]: null };
}

/** Objects are merged, everything else is replaced; a map is replaced as well where its keys are not fixed. */
function overlay(under: unknown, over: unknown, key = ''): unknown {
  if (over === undefined) return under;
  const isPlain = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isPlain(under) || !isPlain(over) || /^(by_|labels$)/.test(key)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) merged[name] = overlay(under[name], value, name);
  return merged;
}

const REGRESSION: Comparison = {
  base: 'main@3f2a91c',
  head: 'head',
  pairs: 5,
  method: 'paired-bootstrap',
  noise: 0.031,
  metrics: [
    { metric: 'ttft.p50', unit: 'ms', base: 412, head: 655, change: 0.59, ci95: [0.48, 0.71], verdict: 'worse' },
    { metric: 'tpot.p50', unit: 'ms', base: 19.8, head: 20, change: 0.01, ci95: [-0.019, 0.042], verdict: 'same' },
    {
      metric: 'output_tps',
      unit: 'tok/s',
      base: 52.3,
      head: 47.1,
      change: -0.099,
      ci95: [-0.13, -0.067],
      verdict: 'worse',
    },
    {
      metric: 'success_rate',
      unit: '',
      base: 1,
      head: 0.965,
      change: -0.035,
      ci95: [-0.071, -0.009],
      verdict: 'worse',
    },
  ],
  guards: [],
  confirmed: true,
  status: 'regression',
};

const PASSING: BenchResult = {
  schemaVersion: 1,
  schema: 'gollama.bench/v1',
  complete: true,
  tool: { name: 'gollama', version: '0.1.0', node: '22.19.0' },
  run: {
    id: '0f6b2c9a',
    started_at: '2026-11-20T15:10:35.954Z',
    duration_s: 58.36,
    seed: 42,
    repeat: { index: 0, of: 1 },
    labels: {},
  },
  env: { os: 'linux', arch: 'x64', cpus: 2, cpu_model: 'Example CPU', ci: null, cpu_score: 1 },
  target: {
    url: 'http://192.168.3.21:8090',
    endpoint: 'chat',
    model: 'local',
    model_reported: 'example-1b-q4',
    stream: true,
  },
  workload: {
    hash: `sha256:9c1e${'0'.repeat(60)}`,
    source: 'prompt',
    requests: 20,
    max_tokens: 128,
    temperature: 0.2,
    ignore_eos: false,
    prompts: 'repeat',
  },
  load: {
    mode: 'closed',
    concurrency: 4,
    rate_rps: null,
    arrival: null,
    burstiness: null,
    in_flight_max: null,
    ramp_s: 0,
    warmup_requests: 4,
    stop: { kind: 'requests', value: 20 },
  },
  requests: {
    total: 20,
    successful: 20,
    failed: 0,
    incomplete: 0,
    success_rate: 1,
    success_rate_ci95: [0.839, 1],
    by_status: { 200: 20 },
    by_error: {},
    by_finish_reason: { stop: 20 },
    retried_attempts: 0,
  },
  tokens: {
    prompt: 500,
    completion: 762,
    reasoning: 0,
    cached_prompt: 480,
    total: 1262,
    per_request_mean: 63.1,
    completion_per_request_mean: 38.1,
    source: { usage: 20, timings: 0, logprobs: 0, chunks: 0 },
    estimated: false,
    chunks: 762,
    tokens_per_chunk_mean: 1,
    length_mismatch: 0,
  },
  latency_ms: {
    e2e: distribution({
      min: 9918.19,
      mean: 11_487.74,
      stddev: 927.4,
      p50: 11_410.98,
      p75: 12_094.5,
      p90: 12_676.19,
      p95: 13_122.86,
      p99: 13_474.35,
      p999: 13_474.35,
      max: 13_474.35,
      p50_ci95: [10_733.9, 12_066.7],
    }),
    ttft: distribution({
      min: 796.43,
      mean: 1433.73,
      stddev: 534.1,
      p50: 1213.21,
      p75: 1637.3,
      p90: 2487.24,
      p95: 2509.22,
      p99: 2528.23,
      p999: 2528.23,
      max: 2528.23,
      p50_ci95: [1124.6, 1609.5],
    }),
    ttfr: distribution({ min: 35, mean: 61, p50: 60, p75: 66, p90: 71, p95: 75, p99: 79, p999: 79, max: 79 }),
    ttfo: null,
    tpot: distribution({
      min: 221.76,
      mean: 271.46,
      stddev: 17.2,
      p50: 268.14,
      p75: 281.1,
      p90: 287.16,
      p95: 292.31,
      p99: 292.61,
      p999: 292.61,
      max: 292.61,
      p50_ci95: [264.4, 280.2],
    }),
    icl: distribution({
      count: 742,
      min: 201.2,
      mean: 271.1,
      stddev: 31.7,
      p50: 268,
      p75: 290.2,
      p90: 312.9,
      p95: 325.4,
      p99: 341,
      p999: 347,
      max: 347.9,
      p50_ci95: [265.8, 270.3],
      p90_upper95: 316.1,
      p95_upper95: 330.2,
      p99_upper95: 346.5,
    }),
    ntpot: distribution({ min: 260, mean: 304, p50: 300, p75: 320, p90: 331, p95: 340, p99: 349, p999: 349, max: 349 }),
    client_queue: distribution({
      min: 0,
      mean: 0.1,
      p50: 0.1,
      p75: 0.1,
      p90: 0.2,
      p95: 0.2,
      p99: 0.3,
      p999: 0.3,
      max: 0.3,
    }),
    connect: null,
    headers: distribution({ min: 30, mean: 55, p50: 54, p75: 60, p90: 66, p95: 70, p99: 74, p999: 74, max: 74 }),
    stream_close: distribution({ min: 3, mean: 6, p50: 6, p75: 7, p90: 8, p95: 8, p99: 9, p999: 9, max: 9 }),
  },
  throughput: {
    request_rps: 0.343,
    output_tps: 13.06,
    total_tps: 21.62,
    output_tps_steady: 13.1,
    output_tps_peak_1s: 15.6,
    output_tps_per_request_mean: 3.33,
    decode_tps_per_user_mean: 3.7,
    prefill_tps_effective_mean: 19.4,
    goodput_rps: 0.291,
    good_fraction: 0.85,
    reference_avg_tps: 5.49,
  },
  concurrency: { target: 4, mean: 3.94, peak: 4 },
  windows: { full: [0, 58.36], steady: [0, 56.39] },
  server: { timings: null },
  client: {
    saturated: false,
    reasons: [],
    workers: 1,
    cpu_util: 0.03,
    elu: 0.04,
    event_loop_delay_ms: { p50: 0.1, p99: 1.2, max: 6 },
    gc_pause_ms: 12,
    events_per_s: 13,
    cpu_us_per_event: 61,
    coalesced_event_ratio: 0,
    schedule_lag_ms: null,
    unsent: 0,
    calibration: { streams: 4, delay_ms: { p50: 0.1, p99: 1 }, cpu_us_per_event: 60, max_events_per_s: 21_000 },
  },
  gates: [
    gate({ expr: 'success_rate>=99%', actual: 1 }),
    gate({ expr: 'ttft.p50<2s', actual: 1213.21, unit: 'ms', ci95: [1124.6, 1609.5], n: 20, min_n: 5 }),
  ],
  comparison: null,
  warnings: [
    {
      code: 'prefix_cache',
      message: 'prompt cache: 480 of 500 prompt tokens cached, TTFT is not cold. --unique',
    },
  ],
  timeseries: {
    interval_s: 1,
    output_tokens: Array.from({ length: 59 }, (_, second) =>
      second === 0 ? 0 : second > 56 ? 5 : 12 + ((second * 7) % 5),
    ),
    in_flight: Array.from({ length: 59 }, (_, second) => (second > 56 ? 2 : 4)),
    errors: new Array<number>(59).fill(0),
  },
  histograms: {
    encoding: 'hdr-v2-deflate-base64',
    unit: 'us',
    ttft: histogramOf(TTFT_MS),
    tpot: histogramOf(TPOT_MS),
    e2e: histogramOf(E2E_MS),
    icl: histogramOf(Array.from({ length: 742 }, (_, at) => 201.2 + (((at * 37) % 100) + ((at * 61) % 48)) * 1.0)),
  },
  verdict: { status: 'pass', exit_code: 0, reason: null },
};
