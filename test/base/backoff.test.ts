import { describe, expect, it } from 'vitest';
import { type BackoffPolicy, backoffMs } from '../../src/base/backoff.js';

const POLICY: BackoffPolicy = { initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0.2 };
const plain = { ...POLICY, jitter: 0 };

describe('the backoff', () => {
  it('grows by its factor up to its limit, however many tries there were', () => {
    expect([0, 1, 2, 3, 4, 10_000].map((attempt) => backoffMs(plain, attempt, () => 0.7))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('is spread by its jitter around that', () => {
    expect(backoffMs(POLICY, 0, () => 0)).toBeCloseTo(90);
    expect(backoffMs(POLICY, 0, () => 0.5)).toBe(100);
    expect(backoffMs(POLICY, 0, () => 0.999)).toBeLessThan(110);
  });
});
