import { describe, expect, it } from 'vitest';
import { decoded, mergedHistograms, rankedValues } from '../../../bench/statistics/histogram.js';
import { distributionOf, EXACT_VALUES_MAX, Samples } from '../../../bench/statistics/samples.js';
import { GollamaError } from '../../../src/base/errors.js';
import { seededRandom } from '../../../src/base/random.js';

function samplesOf(valuesMs: Iterable<number>): Samples {
  const samples = new Samples();
  for (const valueMs of valuesMs) samples.add(valueMs);
  return samples;
}

describe('a distribution', () => {
  it('of nothing is null', () => {
    expect(distributionOf([])).toBeNull();
    expect(new Samples().encoded()).toBeNull();
    expect(new Samples().liveQuantile(0.5)).toBeNull();
  });

  it('is exact while it is small, in any order', () => {
    expect(distributionOf([4, 1, 3, 2])).toEqual({
      count: 4,
      min: 1,
      mean: 2.5,
      stddev: Math.sqrt(5 / 3),
      p50: 2.5,
      p75: 3.25,
      p90: 3.7,
      p95: 3.8499999999999996,
      p99: 3.9699999999999998,
      p999: 3.997,
      max: 4,
      p50_ci95: null,
      p90_upper95: null,
      p95_upper95: null,
      p99_upper95: null,
      method: 'exact',
    });
  });

  it('of one value deviates by nothing', () => {
    expect(distributionOf([5])).toMatchObject({ count: 1, stddev: 0, p50: 5, p999: 5 });
  });

  it('of twenty values has an interval of the median, and no upper bounds', () => {
    const twenty = distributionOf(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(twenty).toMatchObject({ p50_ci95: [6, 15], p90_upper95: null, p95_upper95: null, p99_upper95: null });
  });

  it('has each upper bound from the count on that allows it', () => {
    const bounds = (count: number) => {
      const figures = distributionOf(Array.from({ length: count }, (_, at) => at + 1));
      return [figures?.p90_upper95, figures?.p95_upper95, figures?.p99_upper95];
    };
    expect([28, 29, 59, 299].map(bounds)).toEqual([
      [null, null, null],
      [29, null, null],
      [58, 59, null],
      [278, 291, 299],
    ]);
  });

  it('is to three digits above ten thousand values, and never outside of them', () => {
    const random = seededRandom(42);
    const values = Array.from({ length: EXACT_VALUES_MAX + 5_000 }, () => 200 + 14_552.9 * random());
    const exact = values.slice(0, EXACT_VALUES_MAX);
    expect(distributionOf(exact)?.method).toBe('exact');
    const figures = distributionOf(values);
    const sorted = [...values].sort((one, other) => one - other);
    expect(figures).toMatchObject({ method: 'hdr3', count: values.length, min: sorted[0], max: sorted.at(-1) });
    for (const [name, probability] of [
      ['p50', 0.5],
      ['p99', 0.99],
      ['p999', 0.999],
    ] as const) {
      const true_ = sorted[Math.round(probability * (sorted.length - 1))] ?? 0;
      expect(Math.abs((figures?.[name] ?? 0) / true_ - 1)).toBeLessThan(0.002);
    }
    expect(figures?.p999).toBeLessThanOrEqual(figures?.max ?? 0);
    expect(figures?.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
  });

  it('does not exceed its largest value, although the histogram would', () => {
    const many = samplesOf(Array.from({ length: EXACT_VALUES_MAX + 1 }, () => 14_752.9));
    expect(many.distribution()).toMatchObject({ p99: 14_752.9, max: 14_752.9, min: 14_752.9 });
    expect(many.liveQuantile(0.99)).toBe(14_752.9);
  });

  it('takes times below zero and beyond a day without failing', () => {
    const samples = samplesOf([-0.5, 1e12]);
    expect(samples.distribution()).toMatchObject({ count: 2, min: -0.5, max: 1e12 });
  });

  it('keeps fractions of a millisecond in its histogram', () => {
    const { count, at } = rankedValues(decoded(samplesOf([0.25, 0.25, 0.75]).encoded() ?? ''));
    expect([count, at(1), at(2), at(3)]).toEqual([3, 0.25, 0.25, 0.75]);
  });
});

describe('histograms', () => {
  it('of several workers merge to that of all', () => {
    const parts = [[1, 2, 3], [50, 60_000], []].map((values) => samplesOf(values).encoded());
    const valuesOf = (text: string | null) => {
      const { count, at } = rankedValues(decoded(text ?? ''));
      return Array.from({ length: count }, (_, rank) => at(rank + 1));
    };
    const merged = valuesOf(mergedHistograms(parts));
    expect(merged).toEqual(valuesOf(samplesOf([1, 2, 3, 50, 60_000]).encoded()));
    expect(merged).toHaveLength(5);
    expect(mergedHistograms([null])).toBeNull();
  });

  it('that cannot be read are refused', () => {
    expect(() => decoded('nonsense')).toThrow(GollamaError);
  });
});
