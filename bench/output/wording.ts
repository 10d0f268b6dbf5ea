/** What a result says in words, the same in every output: its verdict, its gates, its comparison. */
import {
  type BenchResult,
  type ComparedMetric,
  type Comparison,
  type GateOutcome,
  LATENCIES,
  type VerdictStatus,
} from '../result.js';
import { counted, fixed, NOTHING, percent, percentRange, short, signed, tally } from './figures.js';

export type VerdictWord = 'PASS' | 'FAIL' | 'INCONCLUSIVE' | 'INTERRUPTED';

export const VERDICT_WORDS: Readonly<Record<VerdictStatus, VerdictWord>> = {
  pass: 'PASS',
  fail: 'FAIL',
  regression: 'FAIL',
  inconclusive: 'INCONCLUSIVE',
  interrupted: 'INTERRUPTED',
};

/** Why the verdict is what it is, in half a line. */
export function verdictSummary(result: BenchResult): string {
  const { gates, comparison, verdict, requests } = result;
  const failed = gates.filter(({ status }) => status === 'fail').length;
  const parts: string[] = [];
  if (verdict.status === 'interrupted') return verdict.reason ?? `after ${counted(requests.total, 'request')}`;
  if (verdict.status === 'inconclusive') return verdict.reason ?? inconclusiveSummary(result);
  if (failed > 0) parts.push(`${failed} of ${counted(gates.length, 'gate')} failed`);
  else if (gates.length > 0) parts.push(`${gates.length} of ${counted(gates.length, 'gate')}`);
  if (comparison) parts.push(comparisonSummary(comparison));
  // A run can fail for more than its gates: its error budget is spent, or nothing came back.
  if (verdict.reason) parts.unshift(verdict.reason);
  return parts.join(' · ') || 'no gates were set';
}

export function comparisonSummary({ status, confirmed }: Comparison): string {
  if (status === 'same') return 'no regression';
  if (status === 'inconclusive') return 'comparison inconclusive';
  return confirmed ? `${status} confirmed` : status;
}

/** `ttft.p95 < 800ms`, `success rate ≥ 99%`; as it was written where it is not understood. */
export function gateText(expr: string, ascii = false): string {
  const [, metric, operator, value] = /^\s*([\w.]+)\s*(<=|>=|==|<|>)\s*(.+?)\s*$/.exec(expr) ?? [];
  if (metric === undefined || operator === undefined) return expr;
  const sign = ascii ? operator : operator.replace('<=', '≤').replace('>=', '≥').replace('==', '=');
  return `${metric.replace(/^(success|error)_rate$/, '$1 rate')} ${sign} ${value}`;
}

/** What was measured: `1213 ms`, `100.0%`, `47.1`. */
export function gateActual({ expr, actual, unit }: GateOutcome): string {
  if (actual === null) return NOTHING;
  if (isRatio(expr)) return percent(actual);
  // What has no unit and is no ratio is a count, or the mean of counts.
  if (unit === null) return Number.isInteger(actual) ? `${actual}` : short(actual);
  return `${short(actual)} ${unit}`;
}

/** `95% CI 1125-1609`, `95% bound 1390`; empty where nothing is known. */
export function gateInterval({ expr, ci95 }: GateOutcome): string {
  const [low, high] = ci95 ?? [null, null];
  if (low !== null && high !== null) {
    return `95% CI ${isRatio(expr) ? percentRange([low, high]) : `${short(low)}-${short(high)}`}`;
  }
  const bound = high ?? low;
  if (bound === null) return '';
  return `95% bound ${isRatio(expr) ? percent(bound) : short(bound)}`;
}

/** What else there is to say of a gate: why it is not a pass. */
export function gateNote(gate: GateOutcome, { requests }: BenchResult): string {
  if (gate.reason !== null) return gate.reason;
  if (gate.status === 'inconclusive' && gate.n !== null && gate.min_n !== null) {
    return `n=${gate.n}, needs ${gate.min_n}`;
  }
  const aboutErrors = /^\s*(success|error)_rate\b/.test(gate.expr);
  if (gate.status === 'fail' && aboutErrors && requests.failed > 0) {
    return `${requests.failed} of ${requests.total}: ${tally(requests.by_error)}`;
  }
  if (gate.status === 'fail' && gate.actual === null) return 'not measured';
  return '';
}

/** `vs main@3f2a91c, 5 interleaved pairs, workload sha256:9c1e..  (noise ±3.1%)` without the `vs`. */
export function comparisonText({ base, pairs, noise }: Comparison, workloadHash: string, ascii = false): string {
  const how = pairs === 1 ? 'single runs, weak' : `${pairs} interleaved pairs`;
  const scatter = noise === null ? '' : `  (noise ${ascii ? '+-' : '±'}${(noise * 100).toFixed(1)}%)`;
  return `${base}, ${how}, workload ${shortHash(workloadHash)}${scatter}`;
}

function shortHash(hash: string): string {
  return hash.replace(/^((?:\w+:)?\w{4})\w+$/, '$1..');
}

/** `TTFT P50`, `Output`. */
export function metricTitle(metric: string): string {
  const [name = '', stat] = metric.split('.');
  const title = METRIC_TITLES[name] ?? ((LATENCIES as readonly string[]).includes(name) ? name.toUpperCase() : name);
  return stat === undefined ? title : `${title} ${stat.toUpperCase()}`;
}

export function comparedValue(value: number | null, { metric, unit }: ComparedMetric): string {
  if (value === null) return NOTHING;
  if (isRatio(metric)) return percent(value).replace('100.0%', '100%');
  if (unit === 'ms') return `${short(value)} ms`;
  return /\/s$|^(tps|rps)$/.test(unit) ? `${short(value)}/s` : `${short(value)} ${unit}`.trimEnd();
}

export function comparedChange({ metric, change }: ComparedMetric): string {
  if (change === null) return NOTHING;
  return `${signed(change * 100)}${isRatio(metric) ? ' pt' : '%'}`;
}

export function comparedInterval({ metric, ci95 }: ComparedMetric): string {
  if (ci95 === null) return NOTHING;
  const bounds = ci95.map((bound) => signed(bound * 100, Math.abs(bound) >= 0.0995 ? 0 : 1));
  return `[${bounds.join(', ')}]${isRatio(metric) ? ' pt' : '%'}`;
}

/** `slower` is what one says of time and speed, `worse` of everything else. */
export function comparedVerdict({ metric, verdict }: ComparedMetric): string {
  if (verdict === 'same' || verdict === 'inconclusive') return verdict === 'same' ? 'same' : 'unclear';
  if (isRatio(metric)) return verdict;
  return verdict === 'worse' ? 'slower' : 'faster';
}

/** `closed loop · concurrency=4, requests=20, max_tokens=128, seed=42`. */
export function configText({ load, workload, run }: BenchResult, ascii = false): string {
  const settings =
    load.mode === 'closed'
      ? [`concurrency=${fixed(load.concurrency, 0)}`]
      : [
          `rate=${load.rate_rps ?? NOTHING}/s`,
          `arrival=${load.arrival ?? NOTHING}`,
          `in_flight_max=${fixed(load.in_flight_max, 0)}`,
        ];
  settings.push(load.stop.kind === 'requests' ? `requests=${load.stop.value}` : `duration=${load.stop.value}s`);
  settings.push(`max_tokens=${workload.max_tokens}`, `seed=${run.seed}`);
  if (workload.prompts !== 'repeat') settings.push(`prompts=${workload.prompts}`);
  return `${load.mode} loop ${ascii ? '-' : '·'} ${settings.join(', ')}`;
}

/** `server usage (20/20)`; several where not every answer was counted the same way. */
export function tokenSources({ tokens, requests }: BenchResult): string {
  const names = { usage: 'server usage', timings: 'server timings', logprobs: 'log-probabilities', chunks: 'chunks' };
  const used = (Object.keys(names) as (keyof typeof names)[]).filter((source) => tokens.source[source] > 0);
  return used
    .map((source) => {
      const share = `${tokens.source[source]}/${requests.successful}`;
      return `${names[source]} (${share}${source === 'chunks' ? ', estimated' : ''})`;
    })
    .join(', ');
}

function inconclusiveSummary({ client, gates, comparison }: BenchResult): string {
  if (client.saturated) return ['client saturated', client.reasons.join(', ')].filter(Boolean).join(': ');
  const open = gates.filter(({ status }) => status === 'inconclusive').length;
  if (open > 0) return `${open} of ${counted(gates.length, 'gate')} could not be judged`;
  return comparison ? comparisonSummary(comparison) : 'no reason was given';
}

/** Shares of 1 are shown as percent, and their differences as points. */
export function isRatio(metric: string): boolean {
  return /^\s*(success_rate|error_rate|good_fraction)\b/.test(metric);
}

const METRIC_TITLES: Readonly<Record<string, string>> = {
  output_tps: 'Output',
  output_tps_steady: 'Steady',
  total_tps: 'Total',
  request_rps: 'Requests',
  goodput_rps: 'Goodput',
  success_rate: 'Success',
  error_rate: 'Errors',
  good_fraction: 'Good',
  client_queue: 'Client queue',
  stream_close: 'Stream close',
  connect: 'Connect',
  headers: 'Headers',
};
