/**
 * `gollama.bench/v1` as a zod schema: it reads result files, and the JSON Schema beside it is made from it. Members that are
 * missing or unknown are errors: a figure that is not understood must not look as if it had been.
 */
import { z } from 'zod';
import { ERROR_CLASSES } from '../record.js';
import { LATENCIES, SCHEMA } from '../result.js';

const count = z.int().nonnegative();
const figure = z.number().nullable();
const ratio = z.number().min(0).max(1);
const interval = z.tuple([z.number(), z.number()]);
const countsByName = z.record(z.string(), count);

const distribution = z.strictObject({
  count,
  min: z.number(),
  mean: z.number(),
  stddev: z.number(),
  p50: z.number(),
  p75: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
  p50_ci95: interval.nullable(),
  p90_upper95: figure,
  p95_upper95: figure,
  p99_upper95: figure,
  method: z.enum(['exact', 'hdr3']),
});

const gate = z.strictObject({
  expr: z.string(),
  actual: figure,
  unit: z.string().nullable(),
  ci95: z.tuple([figure, figure]).nullable(),
  n: count.nullable(),
  min_n: count.nullable(),
  status: z.enum(['pass', 'fail', 'inconclusive']),
  reason: z.string().nullable(),
});

const comparison = z.strictObject({
  base: z.string(),
  head: z.string(),
  pairs: count,
  method: z.enum(['paired-bootstrap', 'request-bootstrap']),
  noise: figure,
  metrics: z.array(
    z.strictObject({
      metric: z.string(),
      unit: z.string(),
      base: figure,
      head: figure,
      change: figure,
      ci95: interval.nullable(),
      verdict: z.enum(['better', 'worse', 'same', 'inconclusive']),
    }),
  ),
  guards: z.array(z.string()),
  confirmed: z.boolean(),
  status: z.enum(['same', 'improvement', 'regression', 'inconclusive']),
});

const client = z.strictObject({
  saturated: z.boolean(),
  reasons: z.array(z.string()),
  workers: count,
  cpu_util: figure,
  elu: figure,
  event_loop_delay_ms: z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  gc_pause_ms: figure,
  events_per_s: figure,
  cpu_us_per_event: figure,
  coalesced_event_ratio: figure,
  schedule_lag_ms: z.strictObject({ p50: z.number(), p99: z.number() }).nullable(),
  unsent: count,
  calibration: z
    .strictObject({
      streams: count,
      delay_ms: z.strictObject({ p50: z.number(), p99: z.number() }),
      cpu_us_per_event: z.number(),
      max_events_per_s: z.number(),
    })
    .nullable(),
});

const about = {
  tool: z.strictObject({ name: z.literal('gollama'), version: z.string(), node: z.string() }),
  run: z.strictObject({
    id: z.string(),
    started_at: z.string(),
    duration_s: z.number().nonnegative(),
    seed: z.number(),
    repeat: z.strictObject({ index: count, of: count }),
    labels: z.record(z.string(), z.string()),
  }),
  env: z.strictObject({
    os: z.string(),
    arch: z.string(),
    cpus: count,
    cpu_model: z.string(),
    ci: z.string().nullable(),
    cpu_score: figure,
  }),
  target: z.strictObject({
    url: z.string(),
    endpoint: z.string(),
    model: z.string(),
    model_reported: z.string().nullable(),
    stream: z.boolean(),
  }),
  workload: z.strictObject({
    hash: z.string(),
    source: z.string(),
    requests: count.nullable(),
    max_tokens: count,
    temperature: z.number(),
    ignore_eos: z.boolean(),
    prompts: z.enum(['repeat', 'unique', 'listed']),
  }),
  load: z.strictObject({
    mode: z.enum(['closed', 'open']),
    concurrency: count.nullable(),
    rate_rps: figure,
    arrival: z.string().nullable(),
    burstiness: figure,
    in_flight_max: count.nullable(),
    ramp_s: z.number().nonnegative(),
    warmup_requests: count,
    stop: z.strictObject({ kind: z.enum(['requests', 'duration']), value: z.number() }),
  }),
};

const measured = {
  requests: z.strictObject({
    total: count,
    successful: count,
    failed: count,
    incomplete: count,
    success_rate: ratio.nullable(),
    success_rate_ci95: interval.nullable(),
    by_status: countsByName,
    by_error: z.partialRecord(z.enum(ERROR_CLASSES), count),
    by_finish_reason: countsByName,
    retried_attempts: count,
  }),
  tokens: z.strictObject({
    prompt: figure,
    completion: figure,
    reasoning: figure,
    cached_prompt: figure,
    total: figure,
    per_request_mean: figure,
    completion_per_request_mean: figure,
    source: z.strictObject({ usage: count, timings: count, logprobs: count, chunks: count }),
    estimated: z.boolean(),
    chunks: count,
    tokens_per_chunk_mean: figure,
    length_mismatch: count,
  }),
  latency_ms: z.record(z.enum(LATENCIES), distribution.nullable()),
  throughput: z.strictObject({
    request_rps: figure,
    output_tps: figure,
    total_tps: figure,
    output_tps_steady: figure,
    output_tps_peak_1s: figure,
    output_tps_per_request_mean: figure,
    decode_tps_per_user_mean: figure,
    prefill_tps_effective_mean: figure,
    goodput_rps: figure,
    good_fraction: ratio.nullable(),
    reference_avg_tps: figure,
  }),
  concurrency: z.strictObject({ target: figure, mean: figure, peak: count }),
  windows: z.strictObject({ full: interval, steady: interval.nullable() }),
  server: z.strictObject({
    timings: z.strictObject({ prompt_tps_mean: z.number(), predicted_tps_mean: z.number() }).nullable(),
  }),
};

const drawn = {
  timeseries: z.strictObject({
    interval_s: z.number().positive(),
    output_tokens: z.array(z.number()),
    in_flight: z.array(z.number()),
    errors: z.array(z.number()),
  }),
  histograms: z.strictObject({
    encoding: z.literal('hdr-v2-deflate-base64'),
    unit: z.literal('us'),
    ttft: z.string().nullable(),
    tpot: z.string().nullable(),
    e2e: z.string().nullable(),
    icl: z.string().nullable(),
  }),
};

export const RESULT = z
  .strictObject({
    schemaVersion: z.literal(1),
    schema: z.literal(SCHEMA),
    complete: z.boolean(),
    ...about,
    ...measured,
    client,
    gates: z.array(gate),
    comparison: comparison.nullable(),
    warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
    ...drawn,
    verdict: z.strictObject({
      status: z.enum(['pass', 'fail', 'regression', 'inconclusive', 'interrupted']),
      exit_code: count,
      reason: z.string().nullable(),
    }),
  })
  .meta({
    title: SCHEMA,
    description: 'A result of gollama bench. Units are in the names; null is what was not measured.',
  });

/** What `result.schema.json` holds. */
export function resultJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(RESULT, { target: 'draft-2020-12' });
}
