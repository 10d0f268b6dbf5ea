/** HDR histograms of times, in whole microseconds with three digits: what they hold, merge, and look like in a result. */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, JsHistogram } from 'hdr-histogram-js';
import { GollamaError } from '../../src/base/errors.js';

export type Histogram = JsHistogram;

/** A day: nothing is longer, and what is counts as that. */
const VALUE_US_MAX = 86_400_000_000;

export function newHistogram(): Histogram {
  const histogram = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3, autoResize: true });
  if (!(histogram instanceof JsHistogram)) throw new GollamaError('internal', 'hdr-histogram-js built another kind');
  return histogram;
}

/** A negative time, which only clocks that disagree can make, counts as zero: the histogram would throw. */
export function recordMs(histogram: Histogram, valueMs: number): void {
  histogram.recordValue(Math.min(VALUE_US_MAX, Math.max(0, Math.round(valueMs * 1000))));
}

export function valueAtMs(histogram: Histogram, probability: number): number {
  return histogram.getValueAtPercentile(probability * 100) / 1000;
}

/** Null where it is empty. */
export function encoded(histogram: Histogram): string | null {
  return histogram.totalCount === 0 ? null : encodeIntoCompressedBase64(histogram);
}

/** Throws GollamaError `usage` where `text` is no histogram. */
export function decoded(text: string): Histogram {
  try {
    const histogram = decodeFromCompressedBase64(text);
    if (histogram instanceof JsHistogram) return histogram;
  } catch (cause) {
    throw new GollamaError('usage', 'a histogram of the result cannot be read', { cause });
  }
  throw new GollamaError('usage', 'a histogram of the result is of an unknown kind');
}

/** All of them as one; null where there is nothing in them. */
export function mergedHistograms(texts: readonly (string | null)[]): string | null {
  const sum = newHistogram();
  for (const text of texts) if (text !== null) sum.add(decoded(text));
  return encoded(sum);
}

export interface RankedValues {
  readonly count: number;
  /** The value at a rank from 1, in ms. */
  at(rank: number): number;
}

/** The values of a histogram by rank, to three digits. */
export function rankedValues(histogram: Histogram): RankedValues {
  const values: number[] = [];
  const ranks: number[] = [];
  let count = 0;
  for (let index = 0; index < histogram.countsArrayLength; index++) {
    const here = histogram.getCountAtIndex(index);
    if (here === 0) continue;
    count += here;
    values.push(histogram.medianEquivalentValue(histogram.valueFromIndex(index)) / 1000);
    ranks.push(count);
  }
  return { count, at: (rank) => values[firstAtLeast(ranks, rank)] ?? Number.NaN };
}

function firstAtLeast(ascending: readonly number[], wanted: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
