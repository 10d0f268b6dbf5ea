import { describe, expect, it } from 'vitest';
import { ascending, mean, quantile } from '../../../bench/statistics/quantile.js';

/** Twenty values with the middle and the upper end of the reference benchmark's published run. */
const TWENTY = [
  9800, 10_400, 11_000, 11_700, 12_300, 12_900, 13_300, 13_700, 14_000, 14_157.8, 14_200, 14_260, 14_330, 14_400,
  14_480, 14_550, 14_620, 14_690, 14_740, 14_752.9,
];

describe('a quantile', () => {
  it('is interpolated as numpy does by default', () => {
    // numpy.percentile([15, 20, 35, 40, 50], [0, 5, 30, 40, 95, 100])
    const sorted = ascending([50, 15, 40, 20, 35]);
    const of = [0, 0.05, 0.3, 0.4, 0.95, 1].map((probability) => quantile(sorted, probability));
    for (const [at, value] of [15, 16, 23, 29, 48, 50].entries()) expect(of[at]).toBeCloseTo(value, 10);
  });

  it('of the reference benchmark is between its two largest values, and not the maximum', () => {
    expect(quantile(TWENTY, 0.5)).toBeCloseTo(14_178.9, 6);
    expect(quantile(TWENTY, 0.95)).toBeCloseTo(14_740.645, 6);
    expect(quantile(TWENTY, 0.99)).toBeCloseTo(14_750.449, 6);
  });

  it('of one value is that value, and of none is not a number', () => {
    expect(quantile([7], 0.99)).toBe(7);
    expect(quantile([], 0.5)).toBeNaN();
    expect(mean([])).toBeNaN();
  });
});
