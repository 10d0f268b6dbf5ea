import { describe, expect, it } from 'vitest';
import { Blocks, blocksOf } from '../../../src/cli/markdown/blocks.js';

/** The blocks, and the line with which each was told, counted from 1; the end is one more. */
function told(text: string): readonly [line: number, text: string][] {
  const blocks = new Blocks();
  const found: [number, string][] = [];
  const lines = text.split('\n');
  const textOf = (block: ReturnType<Blocks['end']>) => (block?.kind === 'code' ? block.code : (block?.text ?? ''));
  for (const [at, line] of lines.entries()) {
    const { closed, complete } = blocks.line(line);
    for (const block of [closed, complete]) if (block) found.push([at + 1, textOf(block)]);
  }
  const last = blocks.end();
  return last ? [...found, [lines.length + 1, textOf(last)]] : found;
}

describe('a block is told', () => {
  it.each<[string, string, [number, string][]]>([
    [
      'a heading with its line',
      '# a\nb',
      [
        [1, '# a'],
        [3, 'b'],
      ],
    ],
    [
      'a rule with its line',
      '---\nb',
      [
        [1, '---'],
        [3, 'b'],
      ],
    ],
    [
      'a paragraph with the blank line behind it',
      'a\nb\n\nc',
      [
        [3, 'a\nb'],
        [5, 'c'],
      ],
    ],
    [
      'a paragraph with the line that makes it a heading',
      'a\n---\nb',
      [
        [2, 'a\n---'],
        [4, 'b'],
      ],
    ],
    [
      'a paragraph with a heading, which is told too',
      'a\n# b',
      [
        [2, 'a'],
        [2, '# b'],
      ],
    ],
    [
      'a paragraph with the code behind it',
      'a\n```\nb\n```',
      [
        [2, 'a'],
        [4, 'b\n'],
      ],
    ],
    ['no paragraph where a number begins a line', 'in\n1984. It\n\n', [[3, 'in\n1984. It']]],
    ['code with its closing fence, and with none shorter', '````\n```\n````\n', [[3, '```\n']]],
    ['code of one mark not with the other', '~~~\n```\n\n~~~', [[4, '```\n\n']]],
    [
      'indented code with the text behind it',
      '    a\n\n    b\nc',
      [
        [4, '    a\n\n    b'],
        [5, 'c'],
      ],
    ],
    [
      'a table with the blank line behind it',
      'a|b\n-|-\nc|d\n\ne',
      [
        [4, 'a|b\n-|-\nc|d'],
        [6, 'e'],
      ],
    ],
    [
      'a quote with its lazy lines',
      '> a\nb\n\n> c',
      [
        [3, '> a\nb'],
        [5, '> c'],
      ],
    ],
    [
      'an item with the next one',
      '- a\n- b\n',
      [
        [2, '- a'],
        [4, '- b'],
      ],
    ],
    [
      'an item with all that is indented',
      '- a\n\n  b\n  - c\nd\n\ne',
      [
        [7, '- a\n\n  b\n  - c\nd'],
        [8, 'e'],
      ],
    ],
    [
      'an item with a heading',
      '- a\n# b',
      [
        [2, '- a'],
        [2, '# b'],
      ],
    ],
    [
      'code in an item that is not indented with its item',
      '- a\n  ```\nb\n  ```\n- c',
      [
        [5, '- a\n  ```\nb\n  ```'],
        [6, '- c'],
      ],
    ],
    [
      'HTML with a blank line',
      '<div>\na\n\nb',
      [
        [3, '<div>\na'],
        [5, 'b'],
      ],
    ],
    [
      'a comment with its end',
      '<!-- a\n\nb -->\nc',
      [
        [3, '<!-- a\n\nb -->'],
        [5, 'c'],
      ],
    ],
    [
      'a script with its end',
      '<script>\n\n</script>\nc',
      [
        [3, '<script>\n\n</script>'],
        [5, 'c'],
      ],
    ],
    [
      'a formula with its end',
      '$$\na\n$$\nb',
      [
        [3, '$$\na\n$$'],
        [5, 'b'],
      ],
    ],
    [
      'a formula in one line',
      '\\[ a \\]\nb',
      [
        [1, '\\[ a \\]'],
        [3, 'b'],
      ],
    ],
    [
      'a formula that is not closed with its paragraph',
      '$$\na\n\nb',
      [
        [3, '$$\na'],
        [5, 'b'],
      ],
    ],
    ['what is open at the end', '```\na', [[3, 'a\n']]],
    ['nothing of blank lines', '\n \n\n', []],
  ])('%s', (_what, text, expected) => {
    expect(told(text)).toEqual(expected);
  });
});

describe('blocks', () => {
  it('know whether a blank line stands before them', () => {
    const text = 'a\n# b\n\nc\n- d\n\n- e\n- f\n\n\n```\n```\ng';
    expect(blocksOf(text).map(({ hasGap }) => hasGap)).toEqual([false, false, true, false, true, false, true, false]);
  });

  it('are numbered through a list, from its first item on', () => {
    const numbers = blocksOf('3. a\n3. b\n\n9. c\n- d\n7) e\n1) f\n\ntext\n\n1. g').map((block) =>
      block.kind === 'item' ? block.number : block.kind,
    );
    expect(numbers).toEqual([3, 4, 5, undefined, 7, 8, 'text', 1]);
  });

  it('of code are without the indentation of their fence', () => {
    expect(blocksOf('  ```py extra\n    a\n b\n  ```')).toEqual([
      { kind: 'code', hasGap: false, language: 'py', code: '  a\nb\n', before: '' },
    ]);
  });

  it('of code can be taken in parts, which know what stands before them', () => {
    const blocks = new Blocks();
    for (const line of ['```js', '/*', 'a']) blocks.line(line);
    expect(blocks.takeCode()).toMatchObject({ code: '/*\na\n', before: '' });
    expect(blocks.isCode).toBe(true);
    blocks.line('b */');
    expect(blocks.takeCode()).toMatchObject({ code: 'b */\n', before: '/*\na\n', language: 'js' });
    expect(blocks.line('```')).toMatchObject({ complete: { code: '', before: '/*\na\nb */\n' } });
    expect(blocks.takeCode()).toBeUndefined();
  });
});
