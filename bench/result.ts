/**
 * The result of a run: `gollama.bench/v1`, as it is written and read. Units are in the names: `_ms`, `_s`, `_rps` (requests a
 * second), `_tps` (tokens a second); ratios are 0 to 1. What could not be measured is null, never 0.
 * `bench/output/result.schema.json` is this as a JSON Schema; a test keeps the two equal.
 *
 * Definitions, the same in every output:
 * - start: the due time in an open loop, the moment the slot was free in a closed one
 * - `ttft`: first event that bears a token of any channel - start; `ttfr`: first event - start; `ttfo`: first token that is
 *   not reasoning - start; `e2e`: last event that bears a token - start (not streamed: end of the body)
 * - `tpot`: (e2e - ttft) / (completion tokens - 1); `icl`: gaps between events that bear tokens, over all requests;
 *   `ntpot`: e2e / completion tokens; `client_queue`: sent - start; `connect`: connected - sent; `headers`: headers - start;
 *   `stream_close`: end - last token
 */
import type { ErrorClass, TokenSource } from './record.js';

export const SCHEMA = 'gollama.bench/v1';

/** A distribution. Percentiles are linear interpolations of the sorted values (numpy's default). */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Distribution-free 95 % interval of the median; null below 6 values. */
  readonly p50_ci95: readonly [number, number] | null;
  /** One-sided 95 % upper bounds; null where there are too few values for one. */
  readonly p90_upper95: number | null;
  readonly p95_upper95: number | null;
  readonly p99_upper95: number | null;
  readonly method: 'exact' | 'hdr3';
}

export const LATENCIES = [
  'e2e',
  'ttft',
  'ttfr',
  'ttfo',
  'tpot',
  'icl',
  'ntpot',
  'client_queue',
  'connect',
  'headers',
  'stream_close',
] as const;
export type LatencyName = (typeof LATENCIES)[number];

export interface GateOutcome {
  readonly expr: string;
  readonly actual: number | null;
  readonly unit: string | null;
  readonly ci95: readonly [number | null, number | null] | null;
  readonly n: number | null;
  readonly min_n: number | null;
  readonly status: 'pass' | 'fail' | 'inconclusive';
  /** Why, where it is not plain from the figures. */
  readonly reason: string | null;
}

export interface ComparedMetric {
  readonly metric: string;
  readonly unit: string;
  readonly base: number | null;
  readonly head: number | null;
  /** Relative change of head against base: 0.1 is 10 % more. Success rate: difference in points / 100. */
  readonly change: number | null;
  readonly ci95: readonly [number, number] | null;
  readonly verdict: 'better' | 'worse' | 'same' | 'inconclusive';
}

export interface Comparison {
  readonly base: string;
  readonly head: string;
  /** Pairs of runs that were compared; 1: single runs, compared request by request, weak. */
  readonly pairs: number;
  readonly method: 'paired-bootstrap' | 'request-bootstrap';
  /** Half the spread that the base shows against itself, as a relative change; null with a single pair. */
  readonly noise: number | null;
  readonly metrics: readonly ComparedMetric[];
  /** Reasons that make the comparison worthless: other workload, saturated client ... */
  readonly guards: readonly string[];
  readonly confirmed: boolean;
  readonly status: 'same' | 'improvement' | 'regression' | 'inconclusive';
}

export interface Warning {
  readonly code: string;
  readonly message: string;
}

export interface ClientReport {
  readonly saturated: boolean;
  readonly reasons: readonly string[];
  readonly workers: number;
  /** Share of one core that a worker used. */
  readonly cpu_util: number | null;
  /** Event loop utilization. */
  readonly elu: number | null;
  readonly event_loop_delay_ms: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  readonly gc_pause_ms: number | null;
  readonly events_per_s: number | null;
  readonly cpu_us_per_event: number | null;
  readonly coalesced_event_ratio: number | null;
  /** Sent - due, in an open loop. */
  readonly schedule_lag_ms: { readonly p50: number; readonly p99: number } | null;
  /** Requests that were due but never sent. */
  readonly unsent: number;
  readonly calibration: {
    readonly streams: number;
    readonly delay_ms: { readonly p50: number; readonly p99: number };
    readonly cpu_us_per_event: number;
    readonly max_events_per_s: number;
  } | null;
}

export type VerdictStatus = 'pass' | 'fail' | 'regression' | 'inconclusive' | 'interrupted';

export interface BenchResult {
  /** The version that every JSON document of gollama carries. */
  readonly schemaVersion: 1;
  readonly schema: typeof SCHEMA;
  /** False where the run was interrupted. */
  readonly complete: boolean;
  readonly tool: { readonly name: 'gollama'; readonly version: string; readonly node: string };
  readonly run: {
    readonly id: string;
    readonly started_at: string;
    readonly duration_s: number;
    readonly seed: number;
    readonly repeat: { readonly index: number; readonly of: number };
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly env: {
    readonly os: string;
    readonly arch: string;
    readonly cpus: number;
    readonly cpu_model: string;
    readonly ci: string | null;
    /** Speed of one core, on a scale of its own: comparable between results of the same version only. */
    readonly cpu_score: number | null;
  };
  readonly target: {
    readonly url: string;
    readonly endpoint: string;
    readonly model: string;
    readonly model_reported: string | null;
    readonly stream: boolean;
  };
  readonly workload: {
    /** SHA-256 over everything that is sent and, where it is fixed, when. */
    readonly hash: string;
    readonly source: string;
    readonly requests: number | null;
    readonly max_tokens: number;
    readonly temperature: number;
    readonly ignore_eos: boolean;
    readonly prompts: 'repeat' | 'unique' | 'listed';
  };
  readonly load: {
    readonly mode: 'closed' | 'open';
    readonly concurrency: number | null;
    readonly rate_rps: number | null;
    readonly arrival: string | null;
    readonly burstiness: number | null;
    readonly in_flight_max: number | null;
    readonly ramp_s: number;
    readonly warmup_requests: number;
    readonly stop: { readonly kind: 'requests' | 'duration'; readonly value: number };
  };
  readonly requests: {
    readonly total: number;
    readonly successful: number;
    readonly failed: number;
    readonly incomplete: number;
    readonly success_rate: number | null;
    readonly success_rate_ci95: readonly [number, number] | null;
    readonly by_status: Readonly<Record<string, number>>;
    readonly by_error: Readonly<Partial<Record<ErrorClass, number>>>;
    readonly by_finish_reason: Readonly<Record<string, number>>;
    readonly retried_attempts: number;
  };
  /** Sums over successful requests. */
  readonly tokens: {
    readonly prompt: number | null;
    readonly completion: number | null;
    readonly reasoning: number | null;
    readonly cached_prompt: number | null;
    readonly total: number | null;
    readonly per_request_mean: number | null;
    readonly completion_per_request_mean: number | null;
    readonly source: Readonly<Record<TokenSource, number>>;
    /** True where any count is a count of chunks. */
    readonly estimated: boolean;
    readonly chunks: number;
    readonly tokens_per_chunk_mean: number | null;
    /** Answers that are shorter than was asked for by more than 5 %, although nothing stopped them. */
    readonly length_mismatch: number;
  };
  readonly latency_ms: Readonly<Record<LatencyName, Distribution | null>>;
  readonly throughput: {
    readonly request_rps: number | null;
    /** Completion tokens of all streams together. */
    readonly output_tps: number | null;
    readonly total_tps: number | null;
    /** While the target concurrency was in flight. */
    readonly output_tps_steady: number | null;
    readonly output_tps_peak_1s: number | null;
    readonly output_tps_per_request_mean: number | null;
    readonly decode_tps_per_user_mean: number | null;
    readonly prefill_tps_effective_mean: number | null;
    readonly goodput_rps: number | null;
    /** Share of all requests, failed ones included. */
    readonly good_fraction: number | null;
    /** The reference benchmark's own "Avg Tokens/sec": mean total tokens / mean time to headers. */
    readonly reference_avg_tps: number | null;
  };
  readonly concurrency: { readonly target: number | null; readonly mean: number | null; readonly peak: number };
  readonly windows: { readonly full: readonly [number, number]; readonly steady: readonly [number, number] | null };
  readonly server: {
    readonly timings: { readonly prompt_tps_mean: number; readonly predicted_tps_mean: number } | null;
  };
  readonly client: ClientReport;
  readonly gates: readonly GateOutcome[];
  readonly comparison: Comparison | null;
  readonly warnings: readonly Warning[];
  readonly timeseries: {
    readonly interval_s: number;
    readonly output_tokens: readonly number[];
    readonly in_flight: readonly number[];
    readonly errors: readonly number[];
  };
  readonly histograms: {
    readonly encoding: 'hdr-v2-deflate-base64';
    readonly unit: 'us';
    readonly ttft: string | null;
    readonly tpot: string | null;
    readonly e2e: string | null;
    readonly icl: string | null;
  };
  readonly verdict: { readonly status: VerdictStatus; readonly exit_code: number; readonly reason: string | null };
}
