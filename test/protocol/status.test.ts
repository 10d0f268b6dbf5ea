import { describe, expect, it } from 'vitest';
import { countsByPriority } from '../../src/protocol/status.js';

describe('counts by priority', () => {
  it('always have the four named ones', () => {
    expect(countsByPriority(new Map())).toEqual({ '1': 0, '5': 0, '10': 0, '15': 0 });
  });

  it('have every other one that waits too', () => {
    const counts = new Map([
      [5, 2],
      [-3, 1],
      [100, 4],
    ]);
    expect(countsByPriority(counts)).toEqual({ '1': 0, '5': 2, '10': 0, '15': 0, '-3': 1, '100': 4 });
  });
});
