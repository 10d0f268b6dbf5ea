/** The latency table, with a mark at every percentile that the number of requests does not carry, and the shape of E2E. */

import { alignColumns } from '../../../src/base/text-columns.js';
import type { BenchResult, Distribution, LatencyName } from '../../result.js';
import { fixed } from '../figures.js';
import { histogramValues, sliceValues } from '../histogram-values.js';
import { SAMPLES_FOR_BOUND, unboundedQuantiles } from '../small-samples.js';
import type { TerminalStyle } from './style.js';

const SLICES = 8;
const BAR_WIDTH = 24;

export function latencyLines(result: BenchResult): readonly string[] {
  const rows = shownRows(result);
  if (rows.length === 0) return ['Latency (ms)', '  not measured: no request succeeded'];
  const smallest = Math.min(...rows.map(([, { count }]) => count));
  const marked = new Set<string>(unboundedQuantiles(smallest));
  const heads = ['Min', 'Avg', 'P50', 'P90', 'P95', 'P99', 'Max'].map((name) => (marked.has(name) ? `${name}*` : name));
  const body = rows.map(([title, { min, mean, p50, p90, p95, p99, max }]) => [
    `  ${title}`,
    ...[min, mean, p50, p90, p95, p99, max].map((ms) => fixed(ms).padStart(8)),
  ]);
  const columns = [{}, ...heads.map(() => ({ align: 'right' }) as const)];
  return [...alignColumns([['Latency (ms)', ...heads], ...body], columns, { gap: 1 }), ...smallSampleLine(smallest)];
}

export function histogramLines({ histograms, latency_ms }: BenchResult, style: TerminalStyle): readonly string[] {
  if (latency_ms.e2e === null) return [];
  const slices = sliceValues(histogramValues(histograms.e2e) ?? [], latency_ms.e2e, SLICES);
  const most = Math.max(0, ...slices.map(({ count }) => count));
  if (most === 0) return [];
  const rows = slices.map(({ fromMs, count, open }, at) => [
    at === 0 ? 'E2E' : '',
    (open ? '>' : '') + fromMs.toFixed(0),
    style.axis + style.bar.repeat(Math.ceil((count / most) * BAR_WIDTH)).padEnd(BAR_WIDTH),
    `${count}`,
  ]);
  return alignColumns(rows, [{}, { align: 'right' }, {}, { align: 'right' }], { indent: 2, gap: 1 });
}

/** Always the three that everybody asks for; the others where they tell something else than these. */
function shownRows({ latency_ms, load, tokens }: BenchResult): readonly (readonly [string, Distribution])[] {
  const { ttft, ttfo } = latency_ms;
  const thinks = ttft !== null && ttfo !== null && ttfo.p50 > ttft.p50 * 1.02;
  const inBunches = tokens.tokens_per_chunk_mean !== null && tokens.tokens_per_chunk_mean > 1.05;
  const wanted: readonly (readonly [string, LatencyName, boolean])[] = [
    ['E2E', 'e2e', true],
    ['TTFT', 'ttft', true],
    ['TTFO', 'ttfo', thinks],
    ['TPOT', 'tpot', true],
    ['ICL', 'icl', inBunches],
    ['Queued', 'client_queue', load.mode === 'open'],
  ];
  return wanted.flatMap(([title, name, shown]) => {
    const found = latency_ms[name];
    return shown && found !== null ? [[title, found] as const] : [];
  });
}

function smallSampleLine(count: number): readonly string[] {
  const needs = unboundedQuantiles(count).map((name) => `${name} ${SAMPLES_FOR_BOUND[name]}`);
  if (needs.length === 0) return [];
  return [`  * n=${count} too few for a 95% bound: ${needs.join(', ').replace(' ', ' needs ')}`];
}
