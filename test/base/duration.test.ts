import { describe, expect, test } from 'vitest';
import { formatDurationMs, looksLikeForgottenUnit, parseDurationMs } from '../../src/base/duration.js';
import { seededRandom } from '../../src/base/random.js';

describe('a duration', () => {
  test.each([
    ['300ms', 300],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['2h45m', 9_900_000],
    ['.5s', 500],
    ['1.s', 1000],
    ['-1s', -1000],
    ['+2m', 120_000],
    ['0', 0],
    ['-0', 0],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['60000000000', 60_000],
    ['-1', -1e-6],
    ['1h1m1s1ms', 3_661_001],
  ])('%s is %d ms', (text, expected) => {
    const parsed = parseDurationMs(text);
    expect(parsed).toBeCloseTo(expected, 9);
    expect(Object.is(parsed, -0)).toBe(false);
  });

  test.each(['', 's', '1', '1.5', '1d', '1 s', '1s ', '1S', '.s', '1m-30s', 'lots', '1e3s', '9223372036855s'])(
    '"%s" is refused unless it is an integer',
    (text) => {
      expect(parseDurationMs(text)).toBe(text === '1' ? 1e-6 : undefined);
    },
  );

  test.each([
    [90_000, '1m30s'],
    [60_000, '1m'],
    [3_600_000, '1h'],
    [1500, '1.5s'],
    [300, '300ms'],
    [0, '0s'],
    [-2000, '-2s'],
    [0.00006, '60ns'],
  ])('%d ms is written %s', (durationMs, text) => {
    expect(formatDurationMs(durationMs)).toBe(text);
  });

  test('every written duration reads back as itself', () => {
    const seed = 20_261;
    const random = seededRandom(seed);
    for (let round = 0; round < 500; round++) {
      const durationMs = Math.round(random() * 10 ** Math.floor(random() * 9));
      expect(parseDurationMs(formatDurationMs(durationMs)), `seed ${seed}, ${durationMs} ms`).toBeCloseTo(
        durationMs,
        6,
      );
    }
  });

  test('a small bare integer looks like a forgotten unit, zero and real nanoseconds do not', () => {
    expect(['60', '-5', '0', '60s', '2000000000'].filter(looksLikeForgottenUnit)).toEqual(['60', '-5']);
  });
});
