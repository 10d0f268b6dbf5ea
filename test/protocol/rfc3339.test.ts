import { describe, expect, it } from 'vitest';
import { parseRfc3339 } from '../../src/protocol/rfc3339.js';

describe('a time', () => {
  it.each([
    ['2026-11-21T16:30:00Z', '2026-11-21T16:30:00.000Z'],
    ['2026-11-21T16:30:00.123456789+01:00', '2026-11-21T15:30:00.123Z'],
    ['2024-02-29t00:00:00z', '2024-02-29T00:00:00.000Z'],
    ['2026-11-21 16:30:00.5-00:30', '2026-11-21T17:00:00.500Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ])('%s is read', (text, read) => {
    expect(new Date(parseRfc3339(text) ?? Number.NaN).toISOString()).toBe(read);
  });

  it.each([
    '2026-11-21',
    '2026-11-21T16:30Z',
    '2026-11-21T16:30:00',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '',
  ])('%j is none', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });
});
