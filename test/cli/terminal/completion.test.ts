import { describe, expect, it } from 'vitest';
import { candidateRows, commonBeginning } from '../../../src/cli/terminal/completion.js';

describe('candidates', () => {
  it.each([
    [['/model '], '/model '],
    [['/set ', '/system '], '/s'],
    [['a', 'b'], ''],
    [[], ''],
    [['👍🏽', '👍🏻'], '👍'],
    [['😀', '😁'], ''],
  ])('%j begin with %j', (candidates, beginning) => {
    expect(commonBeginning(candidates)).toBe(beginning);
  });

  it('stand side by side, as wide as they are seen', () => {
    expect(candidateRows(['你好', 'ab', 'c'], 13)).toEqual(['你好  ab', 'c']);
    expect(candidateRows([], 80)).toEqual([]);
  });

  it('are counted where they do not fit', () => {
    const many = Array.from({ length: 20 }, (_, index) => `file-${index}`);
    const rows = candidateRows(many, 8);
    expect(rows).toHaveLength(6);
    expect(rows.at(-1)).toBe('… and 15 more');
    expect(candidateRows(many.slice(0, 6), 8)).toHaveLength(6);
  });
});
