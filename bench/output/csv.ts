/** Results as CSV (RFC 4180), one row a run: for spreadsheets, and to be appended to over time. */
import { type BenchResult, LATENCIES } from '../result.js';

type Cell = string | number | boolean | null;

const STATISTICS = ['count', 'mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const;

/** With a head line; CRLF at the end of every line. What was not measured is an empty cell. */
export function renderCsv(results: readonly BenchResult[]): string {
  const rows = results.map(cellsOf);
  const head = rows[0]?.map(([name]) => name) ?? [];
  return [head, ...rows.map((row) => row.map(([, value]) => value))]
    .map((row) => `${row.map(cellText).join(',')}\r\n`)
    .join('');
}

function cellsOf(result: BenchResult): readonly (readonly [string, Cell])[] {
  const { run, target, load, requests, tokens, throughput, concurrency, client, verdict } = result;
  const cells: Record<string, Cell> = {
    started_at: run.started_at,
    run_id: run.id,
    url: target.url,
    endpoint: target.endpoint,
    model: target.model,
    stream: target.stream,
    mode: load.mode,
    concurrency: load.concurrency,
    rate_rps: load.rate_rps,
    max_tokens: result.workload.max_tokens,
    workload: result.workload.hash,
    seed: run.seed,
    duration_s: run.duration_s,
    requests: requests.total,
    successful: requests.successful,
    failed: requests.failed,
    incomplete: requests.incomplete,
    success_rate: requests.success_rate,
    prompt_tokens: tokens.prompt,
    completion_tokens: tokens.completion,
    cached_prompt_tokens: tokens.cached_prompt,
    tokens_estimated: tokens.estimated,
    ...throughput,
    in_flight_mean: concurrency.mean,
    in_flight_peak: concurrency.peak,
    client_saturated: client.saturated,
  };
  for (const name of LATENCIES) {
    for (const statistic of STATISTICS) {
      const title = statistic === 'count' ? `${name}_count` : `${name}_${statistic}_ms`;
      cells[title] = result.latency_ms[name]?.[statistic] ?? null;
    }
  }
  return Object.entries({ ...cells, verdict: verdict.status, exit_code: verdict.exit_code });
}

function cellText(value: Cell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  // A spreadsheet would run it: the name of a model comes from a server.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
