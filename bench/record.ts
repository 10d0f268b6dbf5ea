/**
 * What was observed of one request. Every metric is computed from these; nothing is measured twice.
 *
 * Times are milliseconds since the run began, on the monotonic clock. A time that did not come is null, never 0.
 */

/** Where a token count comes from, best first: the server's `usage`, llama.cpp's `timings`, log-probabilities, chunks. */
export type TokenSource = 'usage' | 'timings' | 'logprobs' | 'chunks';

export const ERROR_CLASSES = [
  'connect',
  'tls',
  'fd_limit',
  'timeout_ttft',
  'timeout_idle',
  'timeout_total',
  'http_4xx',
  'http_429',
  'http_5xx',
  'not_sse',
  'stream_error',
  'truncated',
  'empty',
  'parse',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

export interface TokenCounts {
  readonly prompt: number | null;
  /** Reasoning tokens included. */
  readonly completion: number | null;
  readonly reasoning: number | null;
  /** Prompt tokens that came from the server's cache. */
  readonly cached: number | null;
  readonly source: TokenSource | null;
}

/** llama.cpp's own account of a request; durations in ms. */
export interface ServerTimings {
  readonly promptTokens: number;
  readonly promptMs: number;
  readonly predictedTokens: number;
  readonly predictedMs: number;
}

export interface RequestRecord {
  readonly index: number;
  readonly worker: number;
  /** When it was meant to start: its due time in an open loop, the moment its slot was free in a closed one. */
  readonly scheduledMs: number;
  readonly sentMs: number | null;
  /** When it had a connection. */
  readonly connectedMs: number | null;
  readonly connectionReused: boolean;
  readonly headersMs: number | null;
  /** First data event of any kind, a role-only delta included. */
  readonly firstEventMs: number | null;
  /** First event that bears a token of any channel: text, reasoning, tool call. */
  readonly firstTokenMs: number | null;
  /** First event that bears a token that is not reasoning. */
  readonly firstContentMs: number | null;
  /** Last event that bears a token; of an answer that is not streamed, the end of its body. */
  readonly lastTokenMs: number | null;
  /** The answer is over, for better or worse. */
  readonly endMs: number;
  readonly status: number | null;
  /** 2xx, no error inside, at least one token, and a finish reason or `[DONE]`. */
  readonly ok: boolean;
  readonly errorClass: ErrorClass | null;
  readonly error: string | null;
  /** Always 1, or 2 where the server did not take `stream_options` and was asked again without. */
  readonly attempts: number;
  readonly finishReason: string | null;
  readonly tokens: TokenCounts;
  /** Events that bear tokens. */
  readonly chunks: number;
  /** Gaps between token-bearing events, in whole microseconds. */
  readonly gapsUs: readonly number[];
  /** Of those events, how many came in the same read as the one before. */
  readonly coalesced: number;
  readonly serverTimings: ServerTimings | null;
  /** SHA-256 of the request's prompt, the first 16 hexadecimal digits. */
  readonly promptHash: string;
  /** The model that the answer named. */
  readonly modelReported: string | null;
  /** The run ended before the request did; it counts neither as a success nor as a failure. */
  readonly incomplete: boolean;
  /** Only where the user asked for it. */
  readonly text?: string;
}
