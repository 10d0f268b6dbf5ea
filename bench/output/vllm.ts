/**
 * The figures of a result under the names that `vllm bench serve --save-result` writes (vllm/benchmarks/serve.py), so that
 * dashboards made for it can read them. The definitions stay ours: `itl` is our `icl`, TTFT counts the first token and not
 * the first chunk, what was not measured is null and not 0; `label` says so.
 */
import type { BenchResult, Distribution } from '../result.js';

const NAMES = { ttft: 'ttft', tpot: 'tpot', itl: 'icl', e2el: 'e2e' } as const;

export function renderVllm(result: BenchResult): string {
  return `${JSON.stringify(vllmResult(result), null, 2)}\n`;
}

function vllmResult({ run, target, load, requests, tokens, throughput, concurrency, latency_ms }: BenchResult): object {
  return {
    ...run.labels,
    date: run.started_at.replace(/[-:]/g, '').replace('T', '-').slice(0, 15),
    label: 'gollama.bench/v1: definitions differ from vllm bench serve',
    backend: target.endpoint === 'chat' ? 'openai-chat' : 'openai',
    model_id: target.model,
    tokenizer_id: null,
    num_prompts: requests.total,
    request_rate: load.rate_rps ?? 'inf',
    burstiness: load.burstiness,
    max_concurrency: load.mode === 'closed' ? load.concurrency : load.in_flight_max,
    duration: run.duration_s,
    completed: requests.successful,
    failed: requests.failed,
    total_input_tokens: tokens.prompt,
    total_output_tokens: tokens.completion,
    request_throughput: throughput.request_rps,
    request_goodput: throughput.goodput_rps,
    output_throughput: throughput.output_tps,
    total_token_throughput: throughput.total_tps,
    max_output_tokens_per_s: throughput.output_tps_peak_1s,
    max_concurrent_requests: concurrency.peak,
    ...Object.fromEntries(Object.entries(NAMES).flatMap(([theirs, ours]) => statistics(theirs, latency_ms[ours]))),
  };
}

function statistics(name: string, found: Distribution | null): readonly (readonly [string, number | null])[] {
  return [
    [`mean_${name}_ms`, found?.mean ?? null],
    [`median_${name}_ms`, found?.p50 ?? null],
    [`std_${name}_ms`, found?.stddev ?? null],
    [`p90_${name}_ms`, found?.p90 ?? null],
    [`p95_${name}_ms`, found?.p95 ?? null],
    [`p99_${name}_ms`, found?.p99 ?? null],
  ];
}
