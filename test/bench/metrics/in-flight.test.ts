import { describe, expect, it } from 'vitest';
import { SPANS_MAX, Spans } from '../../../bench/metrics/in-flight.js';

function inFlight(spans: readonly (readonly [number, number])[]) {
  const all = new Spans();
  for (const [startMs, endMs] of spans) all.add(startMs, endMs);
  return all.inFlight();
}

describe('requests in flight', () => {
  it('are counted at their peak and on average', () => {
    const seen = inFlight([
      [0, 100],
      [50, 150],
      [60, 70],
    ]);
    expect(seen.peak).toBe(3);
    expect(seen.mean(0, 150)).toBeCloseTo(210 / 150, 12);
    expect(seen.mean(60, 70)).toBe(3);
    expect(seen.series(50, 3)).toEqual([1, 2.2, 1]);
  });

  it('are not more where one starts in the moment that another ends', () => {
    const seen = inFlight([
      [0, 100],
      [100, 200],
      [200, 300],
    ]);
    expect([seen.peak, seen.mean(0, 300)]).toEqual([1, 1]);
  });

  it('have a window from the first moment to the last that there were as many as asked for', () => {
    const seen = inFlight([
      [0, 100],
      [20, 90],
      [90, 180],
      [101, 300],
    ]);
    expect(seen.window(2)).toEqual([20, 180]);
    expect(seen.window(3)).toBeUndefined();
    expect(seen.window(1)).toEqual([0, 300]);
  });

  it('may take no time at all', () => {
    const seen = inFlight([[10, 10]]);
    expect([seen.peak, seen.mean(0, 0), seen.mean(0, 20)]).toEqual([1, 0, 0]);
  });

  it('are none of none', () => {
    const seen = inFlight([]);
    expect([seen.peak, seen.mean(0, 100), seen.window(1)]).toEqual([0, 0, undefined]);
  });

  it('are kept up to a bound, and what is beyond is told', () => {
    const spans = new Spans();
    for (let at = 0; at < SPANS_MAX + 5; at++) spans.add(at, at + 1);
    expect(spans.leftOut).toBe(5);
    expect(spans.inFlight().peak).toBe(1);
  });
});
