import { describe, expect, it } from 'vitest';
import { histogramValues, sliceValues, totalOf, valueAt } from '../../../bench/output/histogram-values.js';
import { resample, sparkline } from '../../../bench/output/terminal/sparkline.js';
import { E2E_MS, histogramOf } from '../support/result-fixture.js';

describe('a histogram', () => {
  it('gives back its values, within three digits', () => {
    const values = histogramValues(histogramOf(E2E_MS))!;
    expect(totalOf(values)).toBe(E2E_MS.length);
    for (const ms of E2E_MS) expect(values.some(({ valueMs }) => Math.abs(valueMs - ms) / ms < 0.001)).toBe(true);
    expect(values.map(({ valueMs }) => valueMs)).toEqual(values.map(({ valueMs }) => valueMs).sort((a, b) => a - b));
  });

  it.each([null, '', 'nonsense', 'HISTFAAA', histogramOf([])])('that is %j is none', (encoded) => {
    expect(histogramValues(encoded)).toBeNull();
  });

  it('in slices holds every value once, between the exact ends', () => {
    const values = histogramValues(histogramOf(E2E_MS))!;
    const slices = sliceValues(values, { min: 9918.19, max: 13_474.35 }, 8);
    expect(slices.map(({ count }) => count)).toEqual([3, 3, 1, 6, 2, 2, 1, 2]);
    expect(slices.map(({ fromMs }) => Math.round(fromMs))).toEqual([
      9918, 10_363, 10_807, 11_252, 11_696, 12_141, 12_585, 13_030,
    ]);
    expect(slices.some(({ open }) => open)).toBe(false);
  });

  it('with a far tail gathers it in the last slice', () => {
    const usual = Array.from({ length: 99 }, (_, at) => 100 + at);
    const slices = sliceValues(histogramValues(histogramOf([...usual, 60_000]))!, { min: 100, max: 60_000 }, 8);
    expect(slices.at(-1)).toMatchObject({ open: true, count: 1 });
    expect(slices.at(-1)?.fromMs).toBeLessThan(400);
    expect(slices.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  });

  it('of one value is one slice', () => {
    const slices = sliceValues(histogramValues(histogramOf([5, 5, 5]))!, { min: 5, max: 5 }, 8);
    expect(slices).toEqual([{ fromMs: 5, toMs: 5, count: 3, open: false }]);
  });

  it('knows where a share of its values ends', () => {
    const values = histogramValues(histogramOf([1, 2, 3, 4]))!;
    expect([0.25, 0.5, 1].map((share) => Math.round(valueAt(values, share)))).toEqual([1, 2, 4]);
  });
});

describe('a sparkline', () => {
  it('draws nothing for nothing only', () => {
    expect(sparkline([0, 0.01, 4, 8], [' ', '1', '2', '3', '4'])).toBe(' 124');
  });

  it('of a long series shows means, of a short one each value once', () => {
    expect(resample([1, 3, 5, 7], 2)).toEqual([2, 6]);
    expect(resample([1, 2], 24)).toEqual([1, 2]);
    expect(resample([], 24)).toEqual([]);
    expect(
      resample(
        Array.from({ length: 59 }, () => 4),
        24,
      ),
    ).toEqual(Array.from({ length: 24 }, () => 4));
  });
});
