import { expect, it } from 'vitest';
import { retryAfterMs } from '../../src/protocol/retry-after.js';

const NOW_MS = Date.parse('2026-01-02T03:04:05Z');

it.each([
  ['1', 1_000],
  [' 90 ', 90_000],
  ['0.5', 500],
  ['0', 0],
  [['3', '4'], 3_000],
  ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ['-1', undefined],
  ['soon', undefined],
  ['', undefined],
  [[], undefined],
  [undefined, undefined],
])('Retry-After: %s means %s ms from now', (field, expectedMs) => {
  expect(retryAfterMs(field, NOW_MS)).toBe(expectedMs);
});
