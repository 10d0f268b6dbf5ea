import { describe, expect, it } from 'vitest';
import { spread, spreadText } from '../../bench/spread.js';

describe('the spread of rounds', () => {
  it('has the middle of an odd number of values, and between the middle two of an even number', () => {
    expect(spread([9, 1, 5])).toEqual({ median: 5, low: 1, high: 9 });
    expect(spread([1, 2, 4, 9])).toEqual({ median: 3, low: 1, high: 9 });
    expect(spread([])).toBeUndefined();
  });

  it('is told with its extremes, where they differ', () => {
    const measured = { median: 1.024, low: 0.951, high: 120.4 };
    expect([spreadText(measured), spreadText(measured, 1)]).toEqual(['1.02 (0.95..120)', '1.0 (1.0..120.4)']);
    expect(spreadText({ median: 12.34, low: 12.34, high: 12.34 })).toBe('12.3');
  });
});
