import { describe, expect, it } from 'vitest';
import { ServiceRate } from '../../src/queue/service-rate.js';

function rateOf(...heldMs: number[]): ServiceRate {
  const rate = new ServiceRate();
  for (const ms of heldMs) rate.record(ms);
  return rate;
}

describe('the service rate', () => {
  it('knows no wait before the first answer, and then asks to come back after 1 second', () => {
    expect(rateOf().waitMs(3, 1)).toBeUndefined();
    expect(rateOf().retryAfterS(1_000, 1)).toBe(1);
  });

  it('knows no wait where no slot works, and then asks to come back after 1 second', () => {
    expect(rateOf(2_000).waitMs(3, 0)).toBeUndefined();
    expect(rateOf(2_000).retryAfterS(3, 0)).toBe(1);
  });

  it('expects a wait of one answer for each ticket ahead and one more, shared by the slots', () => {
    expect(rateOf(2_000).waitMs(0, 1)).toBe(2_000);
    expect(rateOf(2_000).waitMs(3, 1)).toBe(8_000);
    expect(rateOf(2_000).waitMs(3, 4)).toBe(2_000);
  });

  it('moves a fifth of the way to each new answer', () => {
    expect(rateOf(1_000, 2_000).waitMs(0, 1)).toBe(1_200);
    expect(rateOf(1_000, 2_000, 200).waitMs(0, 1)).toBe(1_000);
  });

  it('rounds Retry-After up to whole seconds', () => {
    expect(rateOf(1_001).retryAfterS(0, 1)).toBe(2);
  });

  it('never asks for less than 1 second, nor for more than 60', () => {
    expect(rateOf(0).retryAfterS(0, 8)).toBe(1);
    expect(rateOf(3).retryAfterS(0, 8)).toBe(1);
    expect(rateOf(30_000).retryAfterS(500, 1)).toBe(60);
  });

  it('copes with slots without number, as a limit that is not set is', () => {
    expect(rateOf(30_000).retryAfterS(500, Number.POSITIVE_INFINITY)).toBe(1);
  });
});
