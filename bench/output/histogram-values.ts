/**
 * The histograms of a result, decoded: `hdr-v2-deflate-base64` of whole microseconds, as hdr-histogram-js writes it. Plots
 * are made from these, so that a result file alone is enough to draw them.
 */
import { decoded, type Histogram } from '../statistics/histogram.js';

/** One bucket that holds something: its middle in ms, and how many values fell into it. */
export interface Counted {
  readonly valueMs: number;
  readonly count: number;
}

/** Equal slices of a range. The last one is `open` where it also holds everything beyond the range. */
export interface Bin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
  readonly open: boolean;
}

/** Values in ascending order; null where there is no histogram, or none that can be read. */
export function histogramValues(encoded: string | null): readonly Counted[] | null {
  if (encoded === null) return null;
  try {
    const values = [...countsOf(decoded(encoded))];
    return values.length === 0 ? null : values;
  } catch {
    // A report is still worth its tables when a plot cannot be drawn.
    return null;
  }
}

/**
 * `values` in `count` slices between the exact `min` and `max`, which a bucket's middle may miss. A tail that would squeeze
 * the rest into one slice is gathered in the last.
 */
export function sliceValues(
  values: readonly Counted[],
  { min: fromMs, max }: { readonly min: number; readonly max: number },
  count: number,
): readonly Bin[] {
  if (values.length === 0) return [];
  const p95 = valueAt(values, 0.95);
  const toMs = Math.min(max, p95 + 2 * Math.max(p95 - fromMs, p95 / 100));
  if (toMs <= fromMs) return [{ fromMs, toMs: max, count: totalOf(values), open: false }];
  const counts = new Array<number>(count).fill(0);
  for (const { valueMs, count: more } of values) {
    const slice = Math.floor(((valueMs - fromMs) / (toMs - fromMs)) * count);
    const at = Math.min(count - 1, Math.max(0, slice));
    counts[at] = (counts[at] ?? 0) + more;
  }
  const widthMs = (toMs - fromMs) / count;
  return counts.map((inside, at) => ({
    fromMs: fromMs + at * widthMs,
    toMs: fromMs + (at + 1) * widthMs,
    count: inside,
    open: at === count - 1 && toMs < max,
  }));
}

export function totalOf(values: readonly Counted[]): number {
  return values.reduce((sum, { count }) => sum + count, 0);
}

/** Nearest rank: good enough for a place on an axis, no figure is printed from it. */
export function valueAt(values: readonly Counted[], fraction: number): number {
  const rank = fraction * totalOf(values);
  let seen = 0;
  for (const { valueMs, count } of values) {
    seen += count;
    if (seen >= rank) return valueMs;
  }
  return values.at(-1)?.valueMs ?? 0;
}

function* countsOf(histogram: Histogram): Generator<Counted> {
  for (let index = 0; index < histogram.countsArrayLength; index += 1) {
    const count = histogram.getCountAtIndex(index);
    if (count <= 0) continue;
    yield { valueMs: histogram.medianEquivalentValue(histogram.valueFromIndex(index)) / 1000, count };
  }
}
