import { describe, expect, it } from 'vitest';
import { newcombeInterval, wilsonInterval } from '../../../bench/statistics/proportion.js';

const rounded = (interval: readonly [number, number] | null) => interval?.map((bound) => Number(bound.toFixed(4)));

describe("Wilson's interval", () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  it.each([
    [81, 263, [0.2553, 0.3662]],
    [15, 148, [0.0624, 0.1605]],
    [0, 20, [0, 0.1611]],
    [1, 29, [0.0061, 0.1718]],
    [20, 20, [0.8389, 1]],
  ])('of %i in %i is as published', (count, of, interval) => {
    expect(rounded(wilsonInterval({ count, of }))).toEqual(interval);
  });

  it('of nothing does not exist', () => {
    expect(wilsonInterval({ count: 0, of: 0 })).toBeNull();
    expect(newcombeInterval({ count: 0, of: 0 }, { count: 1, of: 1 })).toBeNull();
  });
});

describe("Newcombe's interval of a difference", () => {
  // Newcombe, "Interval estimation for the difference between independent proportions" (1998), table II, method 10.
  it.each([
    [56, 70, 48, 80, [0.0524, 0.3339]],
    [9, 10, 3, 10, [0.1705, 0.809]],
    [5, 56, 0, 29, [-0.0381, 0.1926]],
    [10, 10, 0, 20, [0.6791, 1]],
  ])('of %i in %i and %i in %i is as published', (count, of, baseCount, baseOf, interval) => {
    expect(rounded(newcombeInterval({ count, of }, { count: baseCount, of: baseOf }))).toEqual(interval);
  });
});
