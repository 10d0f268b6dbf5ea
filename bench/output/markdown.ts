/**
 * The result as Markdown, for a step summary or a comment: verdict, gates, comparison, and the rest folded away. Never a row
 * for each request: a step summary holds 1 MiB, and stays far below by the bounds on rows and texts here.
 */
import type { BenchResult, ComparedMetric, GateOutcome } from '../result.js';
import { fixed, NOTHING, percent, percentRange, sortedCounts } from './figures.js';
import {
  comparedChange,
  comparedInterval,
  comparedValue,
  comparedVerdict,
  comparisonText,
  configText,
  gateActual,
  gateInterval,
  gateNote,
  gateText,
  metricTitle,
  tokenSources,
  VERDICT_WORDS,
  verdictSummary,
} from './wording.js';

const ROWS_MAX = 50;
const TEXT_MAX = 200;

const SIGNS: Readonly<Record<GateOutcome['status'] | ComparedMetric['verdict'], string>> = {
  pass: '✅',
  fail: '❌',
  inconclusive: '❔',
  better: '✅',
  worse: '❌',
  same: '➖',
};

export function renderMarkdown(result: BenchResult): string {
  const { verdict, target } = result;
  const sign = { pass: '✅', fail: '❌', regression: '❌', inconclusive: '❔', interrupted: '⏹️' }[verdict.status];
  const blocks = [
    `## ${sign} gollama bench: ${VERDICT_WORDS[verdict.status]} · ${escapeText(verdictSummary(result))}`,
    `${code(target.model)} at ${code(target.url)} · ${escapeText(configText(result))} · exit code ${verdict.exit_code}`,
    gatesTable(result),
    comparisonBlock(result),
    figuresTable(result),
    warningsList(result),
    detailsBlock(result),
  ];
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

function gatesTable(result: BenchResult): string {
  const rows = result.gates.map((gate) => [
    SIGNS[gate.status],
    code(gateText(gate.expr)),
    gateActual(gate),
    [gateInterval(gate), gateNote(gate, result)].filter(Boolean).join('; '),
  ]);
  return rows.length === 0 ? '' : table(['', 'Gate', 'Actual', 'Note'], rows, 'clrl');
}

function comparisonBlock({ comparison, workload }: BenchResult): string {
  if (comparison === null) return '';
  const rows = comparison.metrics.map((metric) => [
    `${SIGNS[metric.verdict]} ${comparedVerdict(metric)}`,
    metricTitle(metric.metric),
    comparedValue(metric.base, metric),
    comparedValue(metric.head, metric),
    comparedChange(metric),
    comparedInterval(metric),
  ]);
  const title = `### Against ${escapeText(comparisonText(comparison, workload.hash))}`;
  const guards = comparison.guards.slice(0, ROWS_MAX).map((guard) => `- not comparable: ${escapeText(guard)}`);
  const heads = ['', 'Metric', comparison.base, comparison.head, 'Change', '95% CI'];
  return [title, table(heads, rows, 'llrrrr'), guards.join('\n')].filter(Boolean).join('\n\n');
}

/** The few figures that everybody looks for, not folded away. */
function figuresTable({ latency_ms, throughput, requests }: BenchResult): string {
  const latency = (['ttft', 'tpot', 'e2e'] as const).flatMap((name) => {
    const found = latency_ms[name];
    return found ? [[`${name.toUpperCase()} (ms)`, fixed(found.p50), fixed(found.p95), fixed(found.p99)]] : [];
  });
  const rates = [
    `**${fixed(throughput.output_tps)}** output tokens/s`,
    `**${fixed(throughput.request_rps)}** requests/s`,
    `**${percent(requests.success_rate)}** of ${requests.total} requests succeeded`,
  ].join(' · ');
  return [rates, latency.length > 0 ? table(['', 'P50', 'P95', 'P99'], latency, 'lrrr') : '']
    .filter(Boolean)
    .join('\n\n');
}

function warningsList({ warnings }: BenchResult): string {
  const shown = warnings.slice(0, ROWS_MAX).map(({ message }) => `> ${escapeText(message)}`);
  return shown.length === 0 ? '' : `> [!WARNING]\n${shown.join('\n>\n')}`;
}

function detailsBlock(result: BenchResult): string {
  const body = [latencyTable(result), errorsTable(result), factsTable(result)].filter(Boolean).join('\n\n');
  return `<details>\n<summary>All figures</summary>\n\n${body}\n\n</details>`;
}

function latencyTable({ latency_ms }: BenchResult): string {
  const rows = Object.entries(latency_ms).flatMap(([name, found]) => {
    if (found === null) return [];
    const { count, min, mean, p50, p90, p95, p99, max } = found;
    return [[name, `${count}`, ...[min, mean, p50, p90, p95, p99, max].map((ms) => fixed(ms))]];
  });
  const heads = ['Latency (ms)', 'n', 'Min', 'Avg', 'P50', 'P90', 'P95', 'P99', 'Max'];
  return rows.length === 0 ? '' : table(heads, rows, 'lrrrrrrrr');
}

function errorsTable({ requests }: BenchResult): string {
  const rows = sortedCounts(requests.by_error).map(([name, count]) => [name, `${count}`]);
  return rows.length === 0 ? '' : table(['Error', 'Requests'], rows, 'lr');
}

function factsTable(result: BenchResult): string {
  const { run, requests, tokens, throughput, concurrency, client, env, tool, workload } = result;
  const range = requests.success_rate_ci95;
  const rows: [string, string][] = [
    ['Duration', `${fixed(run.duration_s)} s`],
    ['Success rate', percent(requests.success_rate) + (range ? ` (95% CI ${percentRange(range)})` : '')],
    ['In flight', `${fixed(concurrency.mean)} mean, ${concurrency.peak} peak`],
    ['Total tokens/s', fixed(throughput.total_tps)],
    ['Output tokens/s of a request', fixed(throughput.output_tps_per_request_mean)],
    ['Decode tokens/s of a stream', fixed(throughput.decode_tps_per_user_mean)],
    ['Goodput', throughput.goodput_rps === null ? NOTHING : `${fixed(throughput.goodput_rps)} requests/s`],
    [
      'Prompt / completion / cached tokens',
      [tokens.prompt, tokens.completion, tokens.cached_prompt].map((n) => fixed(n, 0)).join(' / '),
    ],
    ['Tokens counted by', tokenSources(result) || NOTHING],
    ['Client', client.saturated ? `saturated: ${client.reasons.join(', ')}` : 'not saturated'],
    ['Workload', `${workload.source}, ${workload.hash}`],
    ['Machine', `${env.cpu_model}, ${env.cpus} cores, ${env.os} ${env.arch}`],
    ['Tool', `gollama ${tool.version}, Node ${tool.node}, ${run.started_at}`],
    ...Object.entries(run.labels),
  ];
  return table(['', ''], rows, 'll');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[], aligns: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cellText).join(' | ')} |`;
  const rule = [...aligns].map((align) => ({ l: ':---', r: '---:' })[align] ?? ':---:');
  const more = rows.length > ROWS_MAX ? [`\nand ${rows.length - ROWS_MAX} more`] : [];
  return [line(heads), `|${rule.join('|')}|`, ...rows.slice(0, ROWS_MAX).map(line), ...more].join('\n');
}

/** A cell ends at a bar even inside of code. */
function cellText(text: string): string {
  return text.startsWith('`') ? text.replaceAll('|', '\\|') : escapeText(text);
}

function code(text: string): string {
  return `\`${shorten(text).replaceAll('`', "'")}\``;
}

/** Names come from servers and files: they must not become markup, nor call people by name. */
function escapeText(text: string): string {
  return shorten(text)
    .replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;' })[sign] ?? '&gt;')
    .replace(/([\\`*_{}[\]#|~])/g, '\\$1')
    .replaceAll('@', '@\u200b');
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX)}…` : line;
}
