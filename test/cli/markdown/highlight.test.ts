import { describe, expect, it } from 'vitest';
import { Highlighter } from '../../../src/cli/markdown/highlight.js';

const highlighter = new Highlighter();
const textOf = (rows: ReturnType<Highlighter['rows']>) =>
  rows.map((row) => row.map(({ text }) => text).join('')).join('\n');
const lookOf = (code: string, language: string, word: string) =>
  highlighter
    .rows(code, language)
    .flat()
    .find(({ text }) => text.includes(word))?.styles;

describe('highlighted code', () => {
  it('keeps its text, whatever it is', () => {
    const code = '<a href="x">&amp;</a> // \'"\n\n\tif (a < b && c > d) {}\n';
    for (const language of [
      'html',
      'js',
      'ts',
      'py',
      'sh',
      'sql',
      'yaml',
      'c++',
      'diff',
      'md',
      '',
      'no-such-language',
    ]) {
      expect(textOf(highlighter.rows(code, language))).toBe(code);
    }
  });

  it.each([
    ['const a = 1;', 'ts', 'const', ['magenta']],
    ['# note', 'Python', 'note', ['gray']],
    ['echo "text"', 'shell', 'text', ['green']],
    ['{"a": 1}', 'json', '1', ['yellow']],
    ['+added', 'diff', 'added', ['green']],
    ['fn main() {}', 'rs', 'fn', ['magenta']],
    ['SELECT 1', 'sql', 'SELECT', ['magenta']],
    ['a: 1', 'yml', 'a', ['cyan']],
    ['const a = 1;', 'nothing', 'const', []],
  ])('has looks: %s as %s', (code, language, word, styles) => {
    expect(lookOf(code, language, word)).toEqual(styles);
  });

  it('goes on with what began before it', () => {
    const [row] = highlighter.rows('still a note', 'c', '/* a note\n');
    expect(row).toEqual([{ text: 'still a note', styles: ['gray'] }]);
  });

  it('knows every language that it names', () => {
    for (const name of 'bash c cpp csharp css diff docker go toml java js json kt lua make md php py rb rs sql swift ts html yaml'.split(
      ' ',
    )) {
      expect(highlighter.rows('x', name)).toHaveLength(1);
    }
  });

  it('is plain where it is too much', () => {
    expect(highlighter.rows(`const a = 1; //${'x'.repeat(60_000)}`, 'js')[0]).toHaveLength(1);
  });
});
