import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../bench/metrics/timeline.js';
import { recordFixture } from '../support/record-fixture.js';

const HOUR_MS = 3_600_000;

/** One event with as many tokens. */
function burst(atMs: number, tokens: number) {
  return recordFixture({
    firstTokenMs: atMs,
    lastTokenMs: atMs,
    chunks: 1,
    gapsUs: [],
    tokens: { completion: tokens },
  });
}

describe('a timeline', () => {
  it('puts tokens where their chunks came', () => {
    const timeline = new Timeline();
    timeline.addTokens(
      recordFixture({
        firstTokenMs: 500,
        lastTokenMs: 2500,
        chunks: 3,
        gapsUs: [1_000_000, 1_000_000],
        tokens: { completion: 6 },
      }),
    );
    expect(timeline.series(3000)).toEqual({ intervalMs: 1000, tokens: [2, 2, 2], errors: [0, 0, 0] });
    expect(timeline.tokensBetween(0, 1400)).toBe(2);
    expect(timeline.tokensBetween(0, 3000)).toBe(6);
  });

  it('knows the most tokens in any second, also across its bounds', () => {
    const timeline = new Timeline();
    for (const [atMs, tokens] of [
      [100, 5],
      [900, 7],
      [1050, 8],
      [2200, 4],
    ] as const) {
      timeline.addTokens(burst(atMs, tokens));
    }
    expect(timeline.peakInSecond()).toBe(20);
  });

  it('keeps all tokens while it grows coarser, and its seconds whole', () => {
    const timeline = new Timeline();
    for (let atMs = 0; atMs < 2 * HOUR_MS; atMs += 1000) timeline.addTokens(burst(atMs, 3));
    timeline.addError(HOUR_MS);
    const { intervalMs, tokens, errors } = timeline.series(2 * HOUR_MS);
    expect(intervalMs).toBe(8000);
    expect(tokens).toEqual(new Array(900).fill(24));
    expect(errors.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(errors[450]).toBe(1);
    expect(timeline.tokensBetween(HOUR_MS, HOUR_MS + 8000)).toBe(24);
    expect(timeline.peakInSecond()).toBe(3);
  });

  it('has no peak where a cell is longer than a second', () => {
    const timeline = new Timeline();
    timeline.addTokens(burst(48 * HOUR_MS, 1));
    expect(timeline.peakInSecond()).toBeNull();
  });

  it('leaves out answers that nobody counted', () => {
    const timeline = new Timeline();
    timeline.addTokens(recordFixture({ tokens: { completion: null } }));
    expect(timeline.series(1000).tokens).toEqual([0]);
  });
});
