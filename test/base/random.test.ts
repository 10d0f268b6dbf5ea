import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.js';

const draw = (seed: number, count = 1_000) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random());
};

describe('seeded chance', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('is spread over [0, 1), also for strange seeds', () => {
    for (const seed of [0, -1, 2 ** 32, 1.5, Number.MAX_SAFE_INTEGER]) {
      const numbers = draw(seed, 10_000);
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...numbers)).toBeLessThan(1);
      expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1);
    }
  });
});
