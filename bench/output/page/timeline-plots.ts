/** How a run went: tokens a second, requests in flight, errors, over time. */
import type { BenchResult } from '../../result.js';
import { fixed, short } from '../figures.js';
import { type Markup, markup } from '../markup.js';
import { resample } from '../terminal/sparkline.js';
import { INSIDE, path, place, plot } from './plot.js';
import { linearScale, type Scale } from './scale.js';

const POINTS_MAX = 400;

export function throughputPlot(result: BenchResult): Markup {
  const { timeseries, throughput } = result;
  const rates = timeseries.output_tokens.map((tokens) => tokens / timeseries.interval_s);
  const average = throughput.output_tps;
  const description = `Output tokens a second over time: ${fixed(average)} on average, peak ${short(throughput.output_tps_peak_1s)}`;
  return seriesPlot(result, { values: rates, description, limit: null, errors: timeseries.errors });
}

export function inFlightPlot(result: BenchResult): Markup {
  const { timeseries, concurrency } = result;
  const description = `Requests in flight over time: ${fixed(concurrency.mean)} on average, peak ${concurrency.peak}`;
  const limit = concurrency.target;
  return seriesPlot(result, { values: timeseries.in_flight, description, limit, errors: [] });
}

interface Series {
  readonly values: readonly number[];
  readonly description: string;
  /** What was asked for, drawn as a line. */
  readonly limit: number | null;
  readonly errors: readonly number[];
}

function seriesPlot({ timeseries, windows }: BenchResult, series: Series): Markup {
  const durationS = series.values.length * timeseries.interval_s;
  const x = linearScale(0, durationS, [INSIDE.left, INSIDE.right], 6);
  const highest = Math.max(...series.values, series.limit ?? 0) || 1;
  const y = linearScale(0, highest * 1.15, [INSIDE.bottom, INSIDE.top], 4);
  const points = steps(resample(series.values, POINTS_MAX), durationS, x, y);
  const floor: readonly (readonly [number, number])[] = [
    [x.at(durationS), INSIDE.bottom],
    [x.at(0), INSIDE.bottom],
  ];
  return plot(
    { description: series.description, x, y, xTitle: 'seconds since the start', xTick: String, yTick: String },
    [
      steadyBand(windows.steady, durationS, x),
      markup`<path class="area" d="${path([...points, ...floor])}Z"/><path class="curve curve1" d="${path(points)}"/>`,
      series.limit === null ? markup`` : limitLine(series.limit, y),
      ...errorMarks(series.errors, timeseries.interval_s, x),
    ],
  );
}

/** Each value holds for its whole interval. */
function steps(
  values: readonly number[],
  durationS: number,
  x: Scale,
  y: Scale,
): readonly (readonly [number, number])[] {
  const widthS = durationS / values.length;
  return values.flatMap((value, at) => [
    [x.at(at * widthS), y.at(value)] as const,
    [x.at((at + 1) * widthS), y.at(value)] as const,
  ]);
}

function steadyBand(steady: readonly [number, number] | null, durationS: number, x: Scale): Markup {
  if (steady === null) return markup``;
  const left = x.at(steady[0]);
  const right = x.at(Math.min(steady[1], durationS));
  return markup`<rect class="steady" x="${place(left)}" y="${INSIDE.top}" width="${place(Math.max(0, right - left))}" height="${INSIDE.bottom - INSIDE.top}"><title>steady from ${fixed(steady[0], 1)} s to ${fixed(steady[1], 1)} s</title></rect>`;
}

function limitLine(limit: number, y: Scale): Markup {
  const at = place(y.at(limit));
  return markup`<line class="mark" x1="${INSIDE.left}" x2="${INSIDE.right}" y1="${at}" y2="${at}"/><text class="label" x="${INSIDE.right}" y="${at - 5}" text-anchor="end">asked ${limit}</text>`;
}

function errorMarks(errors: readonly number[], intervalS: number, x: Scale): readonly Markup[] {
  const every = Math.ceil(errors.length / POINTS_MAX);
  const marks: Markup[] = [];
  for (let at = 0; at < errors.length; at += every) {
    const count = errors.slice(at, at + every).reduce((sum, value) => sum + value, 0);
    if (count === 0) continue;
    const middleS = (at + Math.min(every, errors.length - at) / 2) * intervalS;
    marks.push(
      markup`<circle class="failure" cx="${place(x.at(middleS))}" cy="${INSIDE.bottom - 6}" r="4"><title>${count} failed at ${fixed(middleS, 1)} s</title></circle>
`,
    );
  }
  return marks;
}
