/** What a reader must know before believing the figures: pure rules over them. */
import type { BenchResult, Warning } from '../result.js';
import { samplesNeeded } from '../statistics/order-statistic.js';

export interface Evidence {
  readonly measured: Pick<BenchResult, 'requests' | 'tokens' | 'latency_ms' | 'concurrency' | 'windows'>;
  readonly streamed: boolean;
  /** Time-weighted requests in flight inside the steady window; null without one. */
  readonly steadyInFlight: number | null;
  readonly requestsPerPrompt: number;
  readonly models: readonly string[];
  readonly events: { readonly total: number; readonly coalesced: number };
  readonly discrepantAnswers: number;
  readonly uncountedAnswers: number;
  readonly retriedRequests: number;
  /** Requests beyond the bound of what is kept to know the requests in flight. */
  readonly spansLeftOut: number;
}

type Rule = (evidence: Evidence) => string | undefined | false;

/** Less is the lateness of timers. */
const QUEUE_MS_MIN = 5;

const RULES: Readonly<Record<string, Rule>> = {
  failed_requests: ({ measured: { requests } }) =>
    requests.failed > 0 &&
    requests.successful > 0 &&
    `${requests.failed} requests failed; latencies are those of the ${requests.successful} that did not`,

  prefix_cache: ({ measured: { tokens } }) =>
    tokens.cached_prompt !== null &&
    tokens.prompt !== null &&
    tokens.cached_prompt > 0.2 * tokens.prompt &&
    `prompt cache: ${tokens.cached_prompt} of ${tokens.prompt} prompt tokens cached, TTFT is not cold. --unique`,

  repeated_prompts: ({ measured: { tokens }, streamed, requestsPerPrompt }) =>
    streamed &&
    tokens.cached_prompt === null &&
    requestsPerPrompt >= 2 &&
    `each prompt was sent ${oneDigit(requestsPerPrompt)} times, and the server does not tell what it cached: TTFT may not be cold. --unique`,

  estimated_tokens: ({ measured: { tokens, requests } }) =>
    tokens.estimated &&
    `the tokens of ${tokens.source.chunks} of ${requests.successful} answers are estimated: the server told no usage, chunks were counted`,

  uncounted_tokens: ({ measured: { requests }, uncountedAnswers }) =>
    uncountedAnswers > 0 &&
    `${uncountedAnswers} of ${requests.successful} answers told no token counts and are missing in tok/s`,

  usage_discrepancy: ({ measured: { requests }, discrepantAnswers }) =>
    discrepantAnswers > 0 &&
    `usage of ${discrepantAnswers} of ${requests.successful} answers differs by more than 10% from their timings or chunks`,

  length_mismatch: ({ measured: { tokens, requests } }) =>
    tokens.length_mismatch > 0 &&
    `${tokens.length_mismatch} of ${requests.successful} answers are shorter than was asked for, although they did not stop by themselves`,

  few_samples: ({ measured: { latency_ms } }) => {
    const count = latency_ms.e2e?.count;
    return (
      count !== undefined &&
      count < samplesNeeded(0.95) &&
      `n=${count} is too few for a 95% bound of the tails: P90 needs ${samplesNeeded(0.9)}, P95 ${samplesNeeded(0.95)}, P99 ${samplesNeeded(0.99)}`
    );
  },

  concurrency_not_reached: ({ measured: { concurrency } }) =>
    concurrency.target !== null &&
    concurrency.peak < concurrency.target &&
    `${concurrency.target} in flight were asked for, ${concurrency.peak} were reached`,

  low_concurrency: ({ measured: { concurrency }, steadyInFlight }) =>
    concurrency.target !== null &&
    steadyInFlight !== null &&
    steadyInFlight < 0.95 * concurrency.target &&
    `${oneDigit(steadyInFlight)} of ${concurrency.target} in flight on average: requests did not follow each other at once`,

  ramp_tail: ({ measured: { windows } }) => {
    const { full, steady } = windows;
    const fullS = full[1] - full[0];
    return (
      steady !== null &&
      steady[1] - steady[0] < 0.8 * fullS &&
      `the load was full for ${oneDigit(steady[1] - steady[0])} of ${oneDigit(fullS)} s: ramp and drain lower the throughput, see output_tps_steady`
    );
  },

  client_queue: ({ measured: { latency_ms } }) => {
    const { client_queue: queue, e2e } = latency_ms;
    return (
      queue !== null &&
      e2e !== null &&
      queue.mean > Math.max(QUEUE_MS_MIN, 0.05 * e2e.mean) &&
      `requests waited ${oneDigit(queue.mean)} ms on average before they were sent: the limit of requests in flight was reached`
    );
  },

  connection_setup: ({ measured: { latency_ms } }) => {
    const { connect, ttft } = latency_ms;
    return (
      connect !== null &&
      ttft !== null &&
      connect.p50 > 0.05 * ttft.p50 &&
      `${connect.count} requests opened a connection, ${oneDigit(connect.p50)} ms each: that is in their TTFT`
    );
  },

  multi_token_chunks: ({ measured: { tokens } }) =>
    tokens.tokens_per_chunk_mean !== null &&
    tokens.tokens_per_chunk_mean > 1.2 &&
    `${oneDigit(tokens.tokens_per_chunk_mean)} tokens per chunk: ICL is the time between chunks, TPOT that of a token`,

  coalesced_events: ({ events }) =>
    events.total > 0 &&
    events.coalesced > 0.1 * events.total &&
    `${Math.round((100 * events.coalesced) / events.total)}% of the events came together with the one before: ICL is that of the network`,

  usage_refused: ({ retriedRequests }) =>
    retriedRequests > 0 &&
    `the server does not take stream_options: ${retriedRequests} requests were asked again without`,

  several_models: ({ models }) =>
    models.length > 1 && `answers named ${models.length} models: ${models.slice(0, 3).join(', ')}`,

  in_flight_bound: ({ spansLeftOut }) =>
    spansLeftOut > 0 &&
    `the last ${spansLeftOut} requests are not in the figures of concurrency and of the steady window`,
};

export function warningsOf(evidence: Evidence): Warning[] {
  return Object.entries(RULES).flatMap(([code, rule]) => {
    const message = rule(evidence);
    return message ? [{ code, message }] : [];
  });
}

function oneDigit(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
