import { describe, expect, it } from 'vitest';
import { alignColumns, wrapText } from '../../src/base/text-columns.js';

describe('columns of text', () => {
  it('stay in line with wide characters', () => {
    expect(
      alignColumns(
        [
          ['名称', 'x'],
          ['name', 'y'],
          ['e\u0301', 'z'],
        ],
        [{}, {}],
      ),
    ).toEqual(['名称  x', 'name  y', 'e\u0301     z']);
  });

  it('lose nothing of text without blanks', () => {
    const text = '这是一个很长的句子没有空格 and https://example.org/path';
    const lines = alignColumns([['a', text, 'b']], [{}, { width: 12 }, {}]);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.join('').replace(/\s|^a|b/g, '')).toBe(text.replace(/\s/g, ''));
    expect(wrapText(text, 20).join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
  });
});
