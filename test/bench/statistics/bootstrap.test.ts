import { describe, expect, it } from 'vitest';
import {
  blockResampledMean,
  bootstrapInterval,
  bootstrapMean,
  resampledRank,
} from '../../../bench/statistics/bootstrap.js';
import { normal } from '../../../bench/statistics/normal.js';
import { seededRandom } from '../../../src/base/random.js';

describe('the interval of a mean', () => {
  it('is the same for the same seed', () => {
    const values = [0.1, 0.3, -0.2, 0.05, 0.12];
    expect(bootstrapMean(values, seededRandom(3))).toEqual(bootstrapMean(values, seededRandom(3)));
  });

  it('of equal values is that value', () => {
    expect(bootstrapMean([2, 2, 2, 2, 2], seededRandom(1))).toEqual([2, 2]);
  });

  it('of five values holds the true mean in more than 90 of 100 cases', () => {
    const random = seededRandom(11);
    let held = 0;
    for (let round = 0; round < 300; round++) {
      const values = Array.from({ length: 5 }, () => normal(random));
      const [low, high] = bootstrapMean(values, random);
      if (low <= 0 && high >= 0) held += 1;
    }
    expect(held / 300).toBeGreaterThan(0.9);
    expect(held / 300).toBeLessThan(1);
  });
});

describe('a rank drawn in place of a sample', () => {
  it.each([
    [20, 0.5],
    [21, 0.9],
    [400, 0.95],
  ])('spreads as that of real samples of %i values at %f', (count, probability) => {
    const random = seededRandom(5);
    const wanted = Math.round(probability * (count - 1));
    const real = () => {
      const drawn = Array.from({ length: count }, () => Math.floor(random() * count) + 1);
      return drawn.sort((one, other) => one - other)[wanted] ?? 0;
    };
    const [low, high] = bootstrapInterval(real);
    const [drawnLow, drawnHigh] = bootstrapInterval(() => resampledRank(count, probability, random));
    expect(Math.abs(drawnLow - low)).toBeLessThanOrEqual(1 + count / 200);
    expect(Math.abs(drawnHigh - high)).toBeLessThanOrEqual(1 + count / 200);
  });

  it('stays inside the sample', () => {
    const random = seededRandom(9);
    for (const count of [1, 2, 3]) {
      const ranks = Array.from({ length: 200 }, () => resampledRank(count, 0.99, random));
      expect(Math.min(...ranks)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...ranks)).toBe(count);
    }
  });
});

describe('a mean drawn in blocks', () => {
  it('scatters more than independent values where neighbours are alike', () => {
    const alike = Array.from({ length: 64 }, (_, at) => (at % 32 < 16 ? 0 : 1));
    const mixed = Array.from({ length: 64 }, (_, at) => at % 2);
    const width = (values: readonly number[]) => {
      const random = seededRandom(2);
      const [low, high] = bootstrapInterval(() => blockResampledMean(values, random));
      return high - low;
    };
    expect(width(alike)).toBeGreaterThan(2 * width(mixed));
  });
});
