import { describe, expect, it } from 'vitest';
import { cutDisplay, displayWidth, graphemes, padDisplay } from '../../../src/cli/terminal/display-width.js';

describe('the width of text', () => {
  it.each([
    ['plain', 5],
    ['模型', 4],
    ['e\u0301', 1],
    ['👨‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['\u001b[31mred\u001b[39m', 3],
    ['', 0],
  ])('of %j is %d cells', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('is filled up with blanks', () => {
    expect([padDisplay('模型', 6), padDisplay('模型', 6, 'right'), padDisplay('模', 5, 'center')]).toEqual([
      '模型  ',
      '  模型',
      ' 模  ',
    ]);
    expect(padDisplay('too long', 3)).toBe('too long');
  });

  it('is cut between characters as they are seen', () => {
    expect(cutDisplay('模型名称', 5)).toBe('模型');
    expect(cutDisplay('模型名称', 5, '…')).toBe('模型…');
    expect(cutDisplay('a👨‍👩‍👧b', 3)).toBe('a👨‍👩‍👧');
    expect(cutDisplay('a👨‍👩‍👧b', 2)).toBe('a');
    expect(cutDisplay('fits', 4, '…')).toBe('fits');
    expect([cutDisplay('模型', 1, '…'), cutDisplay('模型', 0, '…'), cutDisplay('long', 2, '...')]).toEqual([
      '…',
      '',
      '',
    ]);
  });

  it('belongs to characters with all their parts', () => {
    expect(graphemes('ae\u0301👍🏽中')).toEqual(['a', 'e\u0301', '👍🏽', '中']);
  });
});
