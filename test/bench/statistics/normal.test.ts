import { describe, expect, it } from 'vitest';
import { normalCdf, studentQuantile } from '../../../bench/statistics/normal.js';

describe('the normal distribution', () => {
  it.each([
    [0, 0.5],
    [1.959964, 0.975],
    [-1.644854, 0.05],
    [-3.1, 0.000968],
  ])('is below %f with probability %f', (z, probability) => {
    expect(normalCdf(z)).toBeCloseTo(probability, 6);
  });
});

describe("Student's t", () => {
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [9, 2.2622],
    [29, 2.0452],
  ])('with %i degrees of freedom exceeds %f in one of twenty cases', (degrees, value) => {
    expect(studentQuantile(0.05, degrees)).toBeCloseTo(value, 2);
  });
});
