import { describe, expect, it } from 'vitest';
import { medianRanks, samplesNeeded, upperBoundRank } from '../../../bench/statistics/order-statistic.js';
import { seededRandom } from '../../../src/base/random.js';

describe('a bound of a quantile', () => {
  it.each([
    [0.5, 5],
    [0.75, 11],
    [0.9, 29],
    [0.95, 59],
    [0.99, 299],
    [0.999, 2995],
  ])('of %f needs %i samples', (probability, needed) => {
    expect(samplesNeeded(probability)).toBe(needed);
    expect(upperBoundRank(needed - 1, probability)).toBeUndefined();
    expect(upperBoundRank(needed, probability)).toBe(needed);
  });

  it('of the 95th percentile is the largest of 59 values, and the second largest of 93', () => {
    // Wilks (1941): 59, 93, 124 samples for the first, second, third largest value.
    expect([59, 92, 93, 123, 124].map((samples) => upperBoundRank(samples, 0.95))).toEqual([59, 92, 92, 122, 122]);
  });

  it('is the same from the normal approximation, to a rank', () => {
    const exact = upperBoundRank(20_000, 0.9) ?? 0;
    const approximate = upperBoundRank(20_001, 0.9) ?? 0;
    expect(Math.abs(approximate - exact)).toBeLessThanOrEqual(2);
  });

  it('holds in at least 95 of 100 samples', () => {
    const random = seededRandom(7);
    const rank = upperBoundRank(100, 0.9) ?? 0;
    let held = 0;
    for (let round = 0; round < 4000; round++) {
      const values = Array.from({ length: 100 }, random).sort((one, other) => one - other);
      if ((values[rank - 1] ?? 0) >= 0.9) held += 1;
    }
    expect(held / 4000).toBeGreaterThan(0.94);
    expect(held / 4000).toBeLessThan(0.99);
  });
});

describe('the interval of the median', () => {
  it.each([
    [6, [1, 6]],
    [10, [2, 9]],
    [20, [6, 15]],
    [100, [40, 61]],
  ])('of %i values lies between ranks %j', (samples, ranks) => {
    expect(medianRanks(samples)).toEqual(ranks);
  });

  it('does not exist below 6 values', () => {
    expect([0, 1, 5].map(medianRanks)).toEqual([undefined, undefined, undefined]);
  });
});
