/**
 * How many values a percentile needs until an upper 95 % bound of it exists: the smallest n with 1 - q^n >= 0.95
 * (distribution-free, by order statistics). Below it a printed percentile is the luck of this run.
 */

export const SAMPLES_FOR_BOUND = { P50: 5, P90: 29, P95: 59, P99: 299 } as const;
export type BoundedQuantile = keyof typeof SAMPLES_FOR_BOUND;

/** Those of which `count` values give no bound. */
export function unboundedQuantiles(count: number): readonly BoundedQuantile[] {
  return (['P50', 'P90', 'P95', 'P99'] as const).filter((name) => count < SAMPLES_FOR_BOUND[name]);
}
