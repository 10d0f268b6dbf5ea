import { describe, expect, it } from 'vitest';
import { decide, decideSuccess } from '../../../bench/compare/decision.js';

const LATENCY = { effect: 0.1, floor: 5, isLowerBetter: true, noise: 0.02 };
const RATE = { effect: 0.05, floor: 0, isLowerBetter: false, noise: 0.02 };

function changed(base: number, change: number, reach: number) {
  return { base, head: base * (1 + change), change, ci95: [change - reach, change + reach] as const };
}

describe('a change of a latency', () => {
  it.each([
    ['worse', 400, 0.15, 0.04],
    ['inconclusive', 400, 0.15, 0.06],
    ['same', 400, 0.02, 0.05],
    ['inconclusive', 400, 0.02, 0.2],
    ['better', 400, -0.2, 0.05],
    ['inconclusive', 400, -0.12, 0.05],
    // 15 % of 20 ms is 3 ms: below the floor, and the interval too.
    ['same', 20, 0.15, 0.04],
    // The change is below the floor, its interval is not.
    ['inconclusive', 30, 0.16, 0.05],
  ])('is %s at %f ms, %f +- %f', (verdict, base, change, reach) => {
    expect(decide(changed(base, change, reach), LATENCY)).toBe(verdict);
  });

  it('is no proof where the base differs from itself by as much', () => {
    expect(decide(changed(400, 0.3, 0.02), { ...LATENCY, noise: 0.11 })).toBe('inconclusive');
    expect(decide(changed(400, -0.3, 0.02), { ...LATENCY, noise: 0.11 })).toBe('inconclusive');
    expect(decide(changed(400, 0.3, 0.02), { ...LATENCY, noise: null })).toBe('worse');
  });

  it('without a figure or an interval is inconclusive', () => {
    expect(decide({ ...changed(400, 0.3, 0.02), head: null }, LATENCY)).toBe('inconclusive');
    expect(decide({ ...changed(400, 0.3, 0.02), ci95: null }, LATENCY)).toBe('inconclusive');
  });
});

describe('a change of a rate', () => {
  it.each([
    ['worse', -0.1, 0.03],
    ['better', 0.1, 0.03],
    ['same', 0.01, 0.02],
    ['inconclusive', -0.06, 0.03],
  ])('is %s at %f +- %f', (verdict, change, reach) => {
    expect(decide(changed(50, change, reach), RATE)).toBe(verdict);
  });
});

describe('a change of the success rate', () => {
  it.each([
    ['worse', -0.035, -0.071, -0.009],
    ['better', 0.035, 0.009, 0.071],
    ['same', 0, -0.16, 0.16],
    ['same', -0.004, -0.02, 0.01],
    ['inconclusive', -0.1, -0.3, 0.07],
  ])('is %s at %f between %f and %f', (verdict, change, low, high) => {
    expect(decideSuccess({ base: 1, head: 1 + change, change, ci95: [low, high] }, 0.005)).toBe(verdict);
  });
});
