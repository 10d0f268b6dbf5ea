/**
 * The figures of the reference benchmark under its own names and by its own formulas, for users who compare with its
 * published tables. Ours are better defined; these are kept apart from them.
 */
import type { RequestRecord } from '../record.js';

export interface ReferenceReport {
  readonly totalRequests: number;
  readonly successful: number;
  readonly failed: number;
  readonly durationS: number;
  /** Percent. */
  readonly successRate: number;
  /** Times from sending to response headers, of successes; null without any. */
  readonly latencyMs: {
    readonly min: number;
    readonly avg: number;
    /** `sorted[floor(n * p)]`, without interpolation: of 20 values, P95 and P99 are the largest. */
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  } | null;
  readonly requestsPerSecond: number;
  /** Prompt and completion. */
  readonly totalTokens: number;
  readonly averageTokensPerRequest: number | null;
  /** Mean tokens of a request / mean latency: the speed of one request, its prompt counted in. */
  readonly averageTokensPerSecond: number | null;
}

export function referenceReport(records: readonly RequestRecord[], durationMs: number): ReferenceReport {
  const successes = records.filter(({ ok }) => ok);
  const sorted = successes
    .map(({ sentMs, scheduledMs, headersMs, endMs }) => (headersMs ?? endMs) - (sentMs ?? scheduledMs))
    .sort((one, other) => one - other);
  const count = successes.length;
  const at = (share: number) => sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0;
  const averageMs = sorted.reduce((sum, latencyMs) => sum + latencyMs, 0) / count;
  const totalTokens = successes.reduce((sum, { tokens }) => sum + (tokens.prompt ?? 0) + (tokens.completion ?? 0), 0);
  const some = count > 0;
  return {
    totalRequests: records.length,
    successful: count,
    failed: records.length - count,
    durationS: durationMs / 1000,
    successRate: records.length === 0 ? 0 : (100 * count) / records.length,
    latencyMs: some ? { min: at(0), avg: averageMs, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) } : null,
    requestsPerSecond: (1000 * count) / durationMs,
    totalTokens,
    averageTokensPerRequest: some ? totalTokens / count : null,
    averageTokensPerSecond: some ? (1000 * (totalTokens / count)) / averageMs : null,
  };
}
