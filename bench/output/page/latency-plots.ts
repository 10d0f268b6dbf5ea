/** How latencies are spread: shares of requests that were done after a time, and histograms. */
import type { Distribution } from '../../result.js';
import { counted, short } from '../figures.js';
import { type Counted, sliceValues, totalOf } from '../histogram-values.js';
import { type Markup, markup } from '../markup.js';
import { SAMPLES_FOR_BOUND } from '../small-samples.js';
import { INSIDE, path, place, plot } from './plot.js';
import { linearScale, logScale, type Scale } from './scale.js';

/** A curve with that many points looks like one with all of them. */
const CURVE_POINTS_MAX = 400;
const BAR_GAP = 1.5;

export interface Curve {
  readonly title: string;
  readonly values: readonly Counted[];
  readonly figures: Distribution;
}

/** Each curve rises to 100 %: how many answers had come, by then. The axis is logarithmic. */
export function sharePlot(curves: readonly Curve[]): Markup {
  const lowest = Math.min(...curves.map(({ figures }) => Math.max(figures.min, 0.01)));
  const highest = Math.max(...curves.map(({ figures }) => figures.max));
  const x = logScale(lowest * 0.9, highest * 1.1, [INSIDE.left, INSIDE.right]);
  const y: Scale = { ...linearScale(0, 1, [INSIDE.bottom, INSIDE.top]), ticks: [0, 0.25, 0.5, 0.75, 0.9, 1] };
  const description = curves
    .map(({ title, figures }) => `${title}: half within ${spoken(figures.p50)}, all within ${spoken(figures.max)}`)
    .join('. ');
  return plot(
    {
      description,
      x,
      y,
      xTitle: 'time since the start, logarithmic',
      xTick: spoken,
      yTick: (share) => `${share * 100}%`,
    },
    curves.map((curve, at) => {
      const points = sharePoints(curve).map(([ms, share]) => [x.at(ms), y.at(share)] as const);
      return markup`<path class="curve curve${at + 1}" d="${path(points)}"/>
<text class="label curve${at + 1}" x="${place(x.at(curve.figures.p75) - 10)}" y="${place(y.at(0.83))}" text-anchor="end">${curve.title}</text>`;
    }),
  );
}

/** Of one latency; the median is marked, and P95 where there are enough values for it to mean something. */
export function histogramPlot({ title, values, figures }: Curve): Markup {
  const count = Math.max(8, Math.min(40, Math.ceil(2 * Math.cbrt(totalOf(values)))));
  const slices = sliceValues(values, figures, count);
  const toMs = slices.at(-1)?.toMs ?? figures.max;
  const x = linearScale(figures.min, toMs, [INSIDE.left, INSIDE.right], 6);
  const most = Math.max(...slices.map((slice) => slice.count));
  const y = wholeTicks(linearScale(0, most * 1.15, [INSIDE.bottom, INSIDE.top], 4));
  const bars = slices.map((slice) => {
    const [left, right] = slices.length === 1 ? [INSIDE.left, INSIDE.right] : [x.at(slice.fromMs), x.at(slice.toMs)];
    const top = y.at(slice.count);
    const range = slice.open ? `above ${short(slice.fromMs)} ms` : `${short(slice.fromMs)} to ${short(slice.toMs)} ms`;
    return markup`<rect class="bar" x="${place(left + BAR_GAP / 2)}" y="${place(top)}" width="${place(Math.max(right - left - BAR_GAP, 0.5))}" height="${place(INSIDE.bottom - top)}"><title>${range}: ${slice.count}</title></rect>
`;
  });
  const marks: [string, number][] = [['P50', figures.p50]];
  if (figures.count >= SAMPLES_FOR_BOUND.P95 && figures.p95 <= toMs) marks.push(['P95', figures.p95]);
  const description = `${title}: ${counted(figures.count, 'value')}, median ${spoken(figures.p50)}, from ${spoken(figures.min)} to ${spoken(figures.max)}`;
  return plot(
    {
      description,
      x,
      y,
      xTitle: slices.some(({ open }) => open) ? 'ms, the last bar is open' : 'ms',
      xTick: short,
      yTick: String,
    },
    [...bars, ...marks.map(([name, ms], at) => quantileMark(name, ms, x, at))],
  );
}

/** `812 ms`, `1.5 s`. */
export function spoken(ms: number): string {
  const text = (value: number): string => String(Number(value.toPrecision(3)));
  return ms < 1000 ? `${text(ms)} ms` : `${text(ms / 1000)} s`;
}

function sharePoints({ values, figures }: Curve): readonly (readonly [number, number])[] {
  const total = totalOf(values);
  const every = Math.ceil(values.length / CURVE_POINTS_MAX);
  const points: (readonly [number, number])[] = [[figures.min, 0]];
  let seen = 0;
  let share = 0;
  for (const [at, { valueMs, count }] of values.entries()) {
    seen += count;
    if (at % every !== 0 && at !== values.length - 1) continue;
    // A step: nothing came between two values.
    points.push([valueMs, share], [valueMs, seen / total]);
    share = seen / total;
  }
  return points;
}

/** The labels stand below each other: two percentiles can be close. */
function quantileMark(name: string, ms: number, x: Scale, row: number): Markup {
  const at = place(x.at(ms));
  const isFarRight = at > INSIDE.right - 90;
  return markup`<line class="mark" x1="${at}" x2="${at}" y1="${INSIDE.top - 4}" y2="${INSIDE.bottom}"/>
<text class="label" x="${isFarRight ? at - 6 : at + 6}" y="${INSIDE.top + 4 + row * 16}" text-anchor="${isFarRight ? 'end' : 'start'}">${name} ${spoken(ms)}</text>`;
}

/** There are no halves of requests. */
function wholeTicks(scale: Scale): Scale {
  return { ...scale, ticks: scale.ticks.filter((tick) => Number.isInteger(tick)) };
}
