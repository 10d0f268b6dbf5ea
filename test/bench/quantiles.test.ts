import { createHistogram } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { maxOf, percentileOf, type Quantiles, quantilesOf } from '../../bench/quantiles.js';

function of(values: readonly number[]): Quantiles {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return quantilesOf(histogram, (recorded) => recorded);
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

describe('quantiles', () => {
  it.each([
    [50, 500],
    [90, 900],
    [99, 990],
    [100, 1_000],
  ])('tell percentile %d of what was recorded', (percentile, expected) => {
    expect(percentileOf([of(range(1, 1_000))], percentile)).toBeCloseTo(expected, -1);
  });

  it('of two threads together have the weight of their counts', () => {
    const many = of(range(1_000, 900));
    const few = of(range(1, 100));
    expect(percentileOf([many, few], 5)).toBeLessThan(110);
    expect(percentileOf([many, few], 15)).toBeGreaterThanOrEqual(1_000);
    expect(percentileOf([few, many], 50)).toBeCloseTo(1_400, -2);
    expect(maxOf([few, many])).toBe(1_899);
  });

  it('of nothing are nothing', () => {
    const nothing = of([]);
    expect(nothing).toEqual({ count: 0, values: [], max: 0 });
    expect(percentileOf([nothing], 50)).toBeNull();
    expect(maxOf([nothing])).toBeNull();
    expect(percentileOf([nothing, of([7])], 50)).toBe(7);
  });
});
