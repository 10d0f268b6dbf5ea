import { describe, expect, it } from 'vitest';
import { meets, parseGoodput } from '../../../bench/metrics/goodput.js';
import { figuresOf } from '../../../bench/metrics/request-figures.js';
import { GollamaError } from '../../../src/base/errors.js';
import { recordFixture } from '../support/record-fixture.js';

describe('limits of goodput', () => {
  it('are names and times, in milliseconds where nothing else is said', () => {
    expect(parseGoodput('ttft:800, tpot:60ms,e2e:1.5s')).toEqual({ ttft: 800, tpot: 60, e2e: 1500 });
  });

  it.each(['', 'ttft', 'ttft:', 'tfft:800', 'ttft:fast', 'ttft:800,', 'icl:5', 'ttft:-1'])(
    'are refused as "%s"',
    (text) => {
      expect(() => parseGoodput(text)).toThrow(GollamaError);
    },
  );

  it('are met by a request that reaches them, and not by one beyond', () => {
    const figures = figuresOf(recordFixture(), true);
    expect([100, 99].map((ttft) => meets({ ttft }, figures, 5))).toEqual([true, false]);
    expect([20, 19].map((tpot) => meets({ ttft: 100, tpot }, figures, 5))).toEqual([true, false]);
    expect(meets({}, figures, 5)).toBe(true);
  });

  it('are not met by what was not measured, but a single token has no time per token', () => {
    const single = recordFixture({ lastTokenMs: 100, chunks: 1, gapsUs: [], tokens: { completion: 1 } });
    expect(meets({ tpot: 5 }, figuresOf(single, true), 1)).toBe(true);
    expect(meets({ ttft: 500 }, figuresOf(single, false), 1)).toBe(false);
    const silent = recordFixture({ firstContentMs: null });
    expect(meets({ ttfo: 5000 }, figuresOf(silent, true), 5)).toBe(false);
  });
});

describe('the time per token', () => {
  it('of an answer that came in one event is not known, however many tokens it has', () => {
    const whole = recordFixture({ lastTokenMs: 100, chunks: 1, gapsUs: [], tokens: { completion: 50 } });
    expect(figuresOf(whole, true).tpot).toBeNull();
  });

  it('is over all tokens but the first, by their count and not by that of the chunks', () => {
    expect(figuresOf(recordFixture({ tokens: { completion: 9 } }), true).tpot).toBe(10);
  });
});
