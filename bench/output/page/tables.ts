/** The tables of the page: gates, comparison, latencies, and everything else as name and value. */
import type { BenchResult, ComparedMetric, LatencyName } from '../../result.js';
import { fixed, NOTHING, percent, percentRange, sortedCounts, tally } from '../figures.js';
import { type Markup, markup, type Piece } from '../markup.js';
import { SAMPLES_FOR_BOUND } from '../small-samples.js';
import {
  comparedChange,
  comparedInterval,
  comparedValue,
  comparedVerdict,
  comparisonText,
  gateActual,
  gateInterval,
  gateNote,
  gateText,
  metricTitle,
  tokenSources,
} from '../wording.js';
import { linearScale } from './scale.js';

const GATE_WORDS = { pass: 'passed', fail: 'failed', inconclusive: 'not judged' } as const;
const GATE_TONES = { pass: 'good', fail: 'bad', inconclusive: 'unsure' } as const;
const CHANGE_TONES: Readonly<Record<ComparedMetric['verdict'], string>> = {
  better: 'good',
  worse: 'bad',
  same: 'plain',
  inconclusive: 'unsure',
};

/** What each latency is; the same words as in `result.ts`. */
const DEFINITIONS: Readonly<Record<LatencyName, string>> = {
  e2e: 'start to the last token',
  ttft: 'start to the first token of any kind',
  ttfr: 'start to the first event, with a token or without',
  ttfo: 'start to the first token that is not reasoning',
  tpot: '(E2E - TTFT) / (completion tokens - 1)',
  icl: 'gaps between events that bear tokens, of all requests',
  ntpot: 'E2E / completion tokens',
  client_queue: 'start to sent: the wait in this client',
  connect: 'sent to connected',
  headers: 'start to response headers',
  stream_close: 'last token to the end of the stream',
};

export function gatesSection(result: BenchResult): Markup | null {
  if (result.gates.length === 0) return null;
  const rows = result.gates.map(
    (
      gate,
    ) => markup`<tr><td>${pill(GATE_TONES[gate.status], GATE_WORDS[gate.status])}</td><th scope="row"><code>${gateText(gate.expr)}</code></th><td class="figure">${gateActual(gate)}</td><td>${[gateInterval(gate), gateNote(gate, result)].filter(Boolean).join(', ')}</td></tr>
`,
  );
  return section('Gates', table(['', 'Gate', '>Actual', 'Note'], rows));
}

export function comparisonSection({ comparison, workload }: BenchResult): Markup | null {
  if (comparison === null) return null;
  const rows = comparison.metrics.map(
    (
      metric,
    ) => markup`<tr><td>${pill(CHANGE_TONES[metric.verdict] ?? 'plain', comparedVerdict(metric))}</td><th scope="row">${metricTitle(metric.metric)}</th><td class="figure">${comparedValue(metric.base, metric)}</td><td class="figure">${comparedValue(metric.head, metric)}</td><td class="figure">${comparedChange(metric)}</td><td class="figure">${comparedInterval(metric)}</td><td class="drawing">${intervalBar(metric, comparison.metrics)}</td></tr>
`,
  );
  const guards = comparison.guards.map((guard) => markup`<li>not comparable: ${guard}</li>`);
  const heads = ['', 'Metric', `>${comparison.base}`, `>${comparison.head}`, '>Change', '>95% CI', '^less · more'];
  return section('Comparison', [
    markup`<p class="quiet">against ${comparisonText(comparison, workload.hash)}</p>`,
    table(heads, rows),
    guards.length > 0 ? markup`<ul class="warnings">${guards}</ul>` : null,
  ]);
}

export function latencySection({ latency_ms }: BenchResult): Markup | null {
  const names = Object.keys(DEFINITIONS) as LatencyName[];
  const rows = names.flatMap((name) => {
    const found = latency_ms[name];
    if (found === null) return [];
    const { count, min, mean, stddev, p50, p75, p90, p95, p99, p999, max } = found;
    const quantile = (value: number, needed: number): Markup =>
      count < needed
        ? markup`<td class="figure weak" title="n=${count}; a 95% bound needs ${needed}">${fixed(value)}*</td>`
        : markup`<td class="figure">${fixed(value)}</td>`;
    const plain = (value: number): Markup => markup`<td class="figure">${fixed(value)}</td>`;
    return [
      markup`<tr><th scope="row" title="${DEFINITIONS[name]}">${name}</th><td class="figure">${count}</td>${[min, mean, stddev].map(plain)}${quantile(p50, SAMPLES_FOR_BOUND.P50)}${plain(p75)}${quantile(p90, SAMPLES_FOR_BOUND.P90)}${quantile(p95, SAMPLES_FOR_BOUND.P95)}${quantile(p99, SAMPLES_FOR_BOUND.P99)}${quantile(p999, SAMPLES_FOR_BOUND.P999)}${plain(max)}</tr>
`,
    ];
  });
  if (rows.length === 0) return null;
  const heads = [
    'ms',
    ...['n', 'Min', 'Avg', 'SD', 'P50', 'P75', 'P90', 'P95', 'P99', 'P99.9', 'Max'].map((name) => `>${name}`),
  ];
  const definitions = names.map((name) => markup`<dt>${name}</dt><dd>${DEFINITIONS[name]}</dd>`);
  return section('Latency', [
    table(heads, rows),
    markup`<p class="quiet">* too few values for a 95% bound of this percentile. Percentiles interpolate linearly.</p>
<details><summary>Definitions</summary><dl>${definitions}</dl><p class="quiet">Start is the due time in an open loop, and the moment the slot was free in a closed one.</p></details>`,
  ]);
}

export function factsSections(result: BenchResult): Markup {
  return markup`<div class="columns">${[
    section('Requests', factsTable(requestFacts(result))),
    section('Throughput', factsTable(throughputFacts(result))),
    section('Client', factsTable(clientFacts(result))),
    section('Run', factsTable(runFacts(result))),
  ]}</div>`;
}

type Facts = readonly (readonly [string, string])[];

function requestFacts({ requests, concurrency, tokens }: BenchResult): Facts {
  const range = requests.success_rate_ci95;
  return [
    ['Total', `${requests.total}`],
    ['Successful', `${requests.successful}`],
    ['Failed', `${requests.failed}`],
    ...sortedCounts(requests.by_error).map(([name, count]) => [`  ${name}`, `${count}`] as const),
    ['Incomplete', `${requests.incomplete}`],
    ['Success rate', percent(requests.success_rate) + (range ? ` (95% CI ${percentRange(range)})` : '')],
    ['HTTP status', tally(requests.by_status, ' × ') || NOTHING],
    ['Finish reason', tally(requests.by_finish_reason, ' × ') || NOTHING],
    ['In flight', `${fixed(concurrency.mean)} mean, ${concurrency.peak} peak, ${fixed(concurrency.target, 0)} asked`],
    ['Shorter than asked', `${tokens.length_mismatch}`],
  ];
}

function throughputFacts(result: BenchResult): Facts {
  const { throughput, tokens } = result;
  return [
    ['Requests/s', fixed(throughput.request_rps, 3)],
    ['Output tokens/s', fixed(throughput.output_tps)],
    ['Output tokens/s, steady', fixed(throughput.output_tps_steady)],
    ['Output tokens/s, best second', fixed(throughput.output_tps_peak_1s)],
    ['Total tokens/s, with prompts', fixed(throughput.total_tps)],
    ['Output tokens/s of a request', fixed(throughput.output_tps_per_request_mean)],
    ['Decode tokens/s of a stream', fixed(throughput.decode_tps_per_user_mean)],
    ['Goodput, requests/s', fixed(throughput.goodput_rps, 3)],
    ['Good requests', percent(throughput.good_fraction)],
    ['Prompt tokens', `${fixed(tokens.prompt, 0)}, ${fixed(tokens.cached_prompt, 0)} cached`],
    ['Completion tokens', `${fixed(tokens.completion, 0)}, ${fixed(tokens.reasoning, 0)} reasoning`],
    ['Tokens counted by', tokenSources(result) || NOTHING],
    ['Tokens per chunk', fixed(tokens.tokens_per_chunk_mean)],
  ];
}

function clientFacts({ client }: BenchResult): Facts {
  const delay = client.event_loop_delay_ms;
  return [
    ['Saturated', client.saturated ? `yes: ${client.reasons.join(', ')}` : 'no'],
    ['Workers', `${client.workers}`],
    ['CPU of a worker', percent(client.cpu_util, 0)],
    ['Event loop utilization', percent(client.elu, 0)],
    ['Event loop delay', delay ? `P50 ${fixed(delay.p50)} ms, P99 ${fixed(delay.p99)} ms` : NOTHING],
    ['Garbage collection', client.gc_pause_ms === null ? NOTHING : `${fixed(client.gc_pause_ms, 0)} ms`],
    ['Events/s', fixed(client.events_per_s, 0)],
    ['CPU per event', client.cpu_us_per_event === null ? NOTHING : `${fixed(client.cpu_us_per_event, 0)} µs`],
    ['Events that shared a read', percent(client.coalesced_event_ratio)],
    ['Schedule lag', client.schedule_lag_ms ? `P99 ${fixed(client.schedule_lag_ms.p99)} ms` : NOTHING],
    ['Never sent', `${client.unsent}`],
    ['Calibrated delay', client.calibration ? `P99 ${fixed(client.calibration.delay_ms.p99)} ms` : NOTHING],
    ['Calibrated limit', client.calibration ? `${fixed(client.calibration.max_events_per_s, 0)} events/s` : NOTHING],
  ];
}

function runFacts({ run, target, env, tool, workload, load }: BenchResult): Facts {
  return [
    ['Started', run.started_at],
    ['Duration', `${fixed(run.duration_s)} s`],
    ['Run', `${run.id}, ${run.repeat.index + 1} of ${run.repeat.of}`],
    ['Model reported', target.model_reported ?? NOTHING],
    ['Workload', `${workload.source}, ${workload.prompts}`],
    ['Workload hash', workload.hash],
    ['Sampling', `temperature ${workload.temperature}${workload.ignore_eos ? ', ignore_eos' : ''}`],
    ['Warm-up', `${load.warmup_requests} requests, ramp ${fixed(load.ramp_s, 1)} s`],
    ['Machine', `${env.cpu_model}, ${env.cpus} cores, ${env.os} ${env.arch}`],
    ['Tool', `gollama ${tool.version}, Node ${tool.node}`],
    ...Object.entries(run.labels),
  ];
}

function factsTable(facts: Facts): Markup {
  const rows = facts.map(
    ([name, value]) => markup`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`,
  );
  return markup`<table class="facts"><tbody>${rows}</tbody></table>`;
}

/** A head that begins with `>` stands over figures, with `^` over the middle of a drawing. */
function table(heads: readonly string[], rows: readonly Markup[]): Markup {
  const cells = heads.map((head) => {
    if (head.startsWith('>')) return markup`<th scope="col" class="figure">${head.slice(1)}</th>`;
    if (head.startsWith('^')) return markup`<th scope="col" class="middle">${head.slice(1)}</th>`;
    return head === '' ? markup`<td></td>` : markup`<th scope="col">${head}</th>`;
  });
  return markup`<div class="scroll"><table><thead><tr>${cells}</tr></thead><tbody>
${rows}</tbody></table></div>`;
}

function section(title: string, content: Piece): Markup {
  return markup`<section><h2>${title}</h2>${content}</section>
`;
}

function pill(tone: string, word: string): Markup {
  return markup`<span class="pill ${tone}">${word}</span>`;
}

/** The interval of a change beside the line of no change, to one scale for the whole table. */
function intervalBar({ change, ci95, verdict }: ComparedMetric, all: readonly ComparedMetric[]): Markup | null {
  if (change === null || ci95 === null) return null;
  const widest = Math.max(0.01, ...all.flatMap((metric) => (metric.ci95 ?? []).map(Math.abs)));
  const x = linearScale(-widest, widest, [5, 235]);
  const [low, high] = ci95.map((bound) => Math.round(x.at(bound))) as [number, number];
  return markup`<svg class="interval ${CHANGE_TONES[verdict]}" viewBox="0 0 240 16" aria-hidden="true"><line class="zero" x1="120" x2="120" y1="0" y2="16"/><line class="range" x1="${low}" x2="${high}" y1="8" y2="8"/><circle cx="${Math.round(x.at(change))}" cy="8" r="3.5"/></svg>`;
}
