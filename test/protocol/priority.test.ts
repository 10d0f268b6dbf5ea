import { describe, expect, it } from 'vitest';
import { parsePriority } from '../../src/protocol/priority.js';

describe('a priority', () => {
  it.each([
    ['low', 1],
    ['normal', 5],
    ['high', 10],
    ['critical', 15],
    [' HIGH ', 10],
    ['0', 0],
    ['-7', -7],
    ['007', 7],
    ['999999999', 999_999_999],
  ])('can be %j: %i', (text, priority) => {
    expect(parsePriority(text)).toBe(priority);
  });

  it.each(['', 'urgent', '1.5', '1e3', '0x10', '+5', '- 5', 'constructor', '1000000000', 'NaN'])(
    'cannot be %j',
    (text) => {
      expect(parsePriority(text)).toBeUndefined();
    },
  );
});
