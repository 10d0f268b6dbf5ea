/** Rates and token counts, each with what it counts, and how they went over time. */

import { alignColumns } from '../../../src/base/text-columns.js';
import type { BenchResult } from '../../result.js';
import { fixed, percent, short } from '../figures.js';
import { resample, sparkline } from './sparkline.js';
import type { TerminalStyle } from './style.js';

const SPARK_CELLS = 24;

type RateRow = readonly [title: string, value: string, about: string];

export function throughputLines(result: BenchResult): readonly string[] {
  const { throughput, tokens } = result;
  const left: readonly (readonly [string, string])[] = [
    ['Requests/sec', fixed(throughput.request_rps)],
    ['Total Tokens', fixed(tokens.total, 0)],
    ['  prompt/completion', `${fixed(tokens.prompt, 0)} / ${fixed(tokens.completion, 0)}`],
    ['Avg Tokens/Request', fixed(tokens.per_request_mean, 0)],
    ['  completion only', fixed(tokens.completion_per_request_mean, 0)],
  ];
  const right = rateRows(result);
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    const [name = '', count = ''] = left[at] ?? [];
    const [title = '', value = '', about = ''] = right[at] ?? [];
    return [name, count.padEnd(9), title, value, about];
  });
  const columns = [{}, {}, {}, { align: 'right' }, {}] as const;
  return ['Throughput', ...alignColumns(rows, columns, { indent: 2 }), ...goodputLine(result)];
}

export function timelineLines(result: BenchResult, style: TerminalStyle): readonly string[] {
  const { timeseries, concurrency, throughput, run, windows } = result;
  const cells = SPARK_CELLS + Math.floor((style.width - 80) / 2);
  const rates = resample(timeseries.output_tokens, cells);
  if (rates.length < 2 || Math.max(...rates) <= 0) return [];
  const drain =
    windows.steady && windows.steady[1] < windows.full[1] ? `drain from ${fixed(windows.steady[1], 1)}s` : '';
  const axis = `0s ${style.rule.repeat(11)} ${fixed(run.duration_s, 0)}s`;
  const inFlight = resample(timeseries.in_flight, cells);
  const rows = [
    ['tok/s', sparkline(rates, style.levels), `peak ${short(throughput.output_tps_peak_1s)}`, axis],
    ['flight', sparkline(inFlight, style.levels), `peak ${concurrency.peak}`, drain],
  ];
  return alignColumns(rows, [{}, {}, {}, {}], { indent: 2 });
}

function rateRows({ throughput, target }: BenchResult): readonly RateRow[] {
  const rows: RateRow[] = [
    ['Output tokens/sec', fixed(throughput.output_tps), 'all streams'],
    ['Total tokens/sec', fixed(throughput.total_tps), 'with prompts'],
    ['Avg Tokens/sec', fixed(throughput.output_tps_per_request_mean), 'per request'],
  ];
  // In a stream the headers come before any token: the old formula would divide by next to nothing.
  if (!target.stream)
    rows.push(['  reference formula', fixed(throughput.reference_avg_tps), 'prompts too, to headers']);
  else rows.push(['Decode tokens/sec', fixed(throughput.decode_tps_per_user_mean), 'per stream']);
  return rows;
}

function goodputLine({ throughput }: BenchResult): readonly string[] {
  if (throughput.goodput_rps === null) return [];
  return [`  Goodput  ${fixed(throughput.goodput_rps)} rps, ${percent(throughput.good_fraction, 0)} of all requests`];
}
