/**
 * A distribution as a list of its quantiles: small, of a fixed size, and it can be sent from thread to thread and merged,
 * which Node's own histograms cannot.
 */
import type { RecordableHistogram } from 'node:perf_hooks';

export interface Quantiles {
  readonly count: number;
  /** STEPS + 1 values, ascending; empty where the count is 0. */
  readonly values: readonly number[];
  readonly max: number;
}

/** A quarter of a percent apart. */
const STEPS = 400;

/** `figureOf` makes the figure out of the histogram's integer. It must not change the order. */
export function quantilesOf(
  histogram: Pick<RecordableHistogram, 'count' | 'max' | 'percentile'>,
  figureOf: (recorded: number) => number,
): Quantiles {
  if (histogram.count === 0) return { count: 0, values: [], max: 0 };
  // A percentile of 0 is refused.
  const at = (step: number) => figureOf(histogram.percentile(Math.max(0.001, (step * 100) / STEPS)));
  return {
    count: histogram.count,
    values: Array.from({ length: STEPS + 1 }, (_, step) => at(step)),
    max: figureOf(histogram.max),
  };
}

/** A percentile (0 to 100) of several distributions together, each with the weight of its count; null of nothing. */
export function percentileOf(parts: readonly Quantiles[], percentile: number): number | null {
  const weighted = parts
    .flatMap(({ count, values }) => values.map((value) => ({ value, weight: count / values.length })))
    .sort((one, other) => one.value - other.value);
  const last = weighted.at(-1);
  if (last === undefined) return null;
  let left = (weighted.reduce((sum, { weight }) => sum + weight, 0) * percentile) / 100;
  for (const { value, weight } of weighted) {
    left -= weight;
    if (left <= 0) return value;
  }
  return last.value;
}

/** Null of nothing. */
export function maxOf(parts: readonly Quantiles[]): number | null {
  const filled = parts.filter(({ count }) => count > 0);
  return filled.length === 0 ? null : Math.max(...filled.map(({ max }) => max));
}
