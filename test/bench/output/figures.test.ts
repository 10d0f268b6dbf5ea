import { describe, expect, it } from 'vitest';
import { fixed, percent, short, signed, spokenMs, tally } from '../../../bench/output/figures.js';

describe('a figure', () => {
  it('that was not measured is a dash', () => {
    expect([fixed(null), short(undefined), percent(null)]).toEqual(['-', '-', '-']);
  });

  it.each([
    [1, '100.0%'],
    [0.9999, '99.9%'],
    [0.965, '96.5%'],
    [0.0001, '0.1%'],
    [0, '0.0%'],
  ])('of %d is %s: all and nothing are said of all and nothing only', (ratio, text) => {
    expect(percent(ratio)).toBe(text);
  });

  it.each([
    [0.59, '+0.6'],
    [-9.9, '-9.9'],
    [0.01, '0.0'],
    [-0.01, '0.0'],
  ])('of change %d is %s', (value, text) => {
    expect(signed(value)).toBe(text);
  });

  it.each([
    [12.4, '12ms'],
    [999.6, '1.00s'],
    [1210, '1.21s'],
    [11_400, '11.4s'],
    [310_000, '310s'],
  ])('of %d ms is spoken %s', (ms, text) => {
    expect(spokenMs(ms)).toBe(text);
  });

  it('of several counts names the most frequent first', () => {
    expect(tally({ tls: 1, timeout_ttft: 4, empty: undefined, http_5xx: 1 })).toBe('timeout_ttft 4, http_5xx 1, tls 1');
  });
});
