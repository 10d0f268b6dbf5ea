import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { renderMarkdown } from '../../../src/cli/markdown/render.js';
import { displayWidth } from '../../../src/cli/terminal/display-width.js';
import { createStyle } from '../../../src/cli/terminal/style.js';
import { CORPUS } from './corpus.js';

const rendered = (text: string, width = 40) => renderMarkdown(text, width, createStyle(false)).trimEnd().split('\n');
const colored = (text: string, width = 40) => renderMarkdown(text, width, createStyle(true)).trimEnd();

describe('rendered Markdown', () => {
  it.each<[string, string, string[]]>([
    ['emphasis', '**a** *b* ~~c~~ ***d***', ['a b c d']],
    ['code keeps its marks where no colour shows it', 'run `npm  i`', ['run `npm  i`']],
    [
      'links with their addresses',
      '[a](https://x.y) <https://x.y> [](u) me@x.y',
      ['a (https://x.y) https://x.y u me@x.y'],
    ],
    ['character references', '&lt;b&gt; &amp;amp; &#65; &nope; &hellip;', ['<b> &amp; A &nope; …']],
    ['lines as they were broken', 'a\nb  \nc<br>d', ['a', 'b', 'c', 'd']],
    ['headings', '# a\n\n### b *c*\n\nd\n===', ['# a', '', '### b c', '', '# d']],
    ['nested lists', '- a\n  - b\n    - c\n- d', ['• a', '  ◦ b', '    ▪ c', '• d']],
    ['numbers', '9. a\n9. b\n   1. c', ['9. a', '10. b', '    1. c']],
    ['tasks', '- [x] a\n- [ ] b', ['• [x] a', '• [ ] b']],
    [
      'an item over several rows',
      `- ${'word '.repeat(10)}`,
      ['• word word word word word word word', '  word word word'],
    ],
    ['blocks in an item', '1. a\n\n   b\n\n   > c\n\n2. d', ['1. a', '', '   b', '', '   │ c', '', '2. d']],
    ['a quote', '> a\n>\n> - b', ['│ a', '│', '│ • b']],
    ['a rule', '***', ['─'.repeat(40)]],
    ['code', '```js\nif (a) {\n\treturn;\n}\n```', ['  if (a) {', '      return;', '  }']],
    ['long code in one line', `\`\`\`\n${'x'.repeat(60)}\n\`\`\``, [`  ${'x'.repeat(60)}`]],
    [
      'Chinese, broken between characters and not before a comma',
      '这是一个很长的段落没有空格所以必须在两个字，间换行',
      ['这是一个很长的段落没有空格所以必须在两个', '字，间换行'],
    ],
    ['a word that is too long', 'x'.repeat(45), ['x'.repeat(40), 'x'.repeat(5)]],
    ['prices and formulas', '\\(a_1*b*c\\) $5 *or* $6 $x_1*y_1*z$', ['\\(a_1*b*c\\) $5 or $6 $x_1*y_1*z$']],
    ['an image', '![alt](a.png)', ['[image] alt (a.png)']],
  ])('has %s', (_what, text, lines) => {
    expect(rendered(text)).toEqual(lines);
  });

  it('has looks where there is colour', () => {
    expect(colored('**a** `b`')).toBe('\u001b[1ma\u001b[22m \u001b[36mb\u001b[39m');
    expect(colored('# a')).toBe('\u001b[2m# \u001b[22m\u001b[1m\u001b[4ma\u001b[24m\u001b[22m');
  });

  it('ends every look with its line', () => {
    const lines = colored(`**${'bold '.repeat(20)}** > \`${'code '.repeat(20)}\``).split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines)
      expect(line.replace(/\u001b\[(?:1m.*?\u001b\[22|36m.*?\u001b\[39)m/g, '')).not.toMatch(/\u001b/);
  });

  it('knows a link by the name that was given before', () => {
    expect(rendered('[1]: https://x.y\n\nsee [one][1]')).toEqual(['[1]: https://x.y', '', 'see one (https://x.y)']);
  });

  it.each(Object.entries(CORPUS))(
    'has no control character without colour, and only looks with it (%s)',
    (_name, text) => {
      for (const width of [10, 33, 80]) {
        expect(renderMarkdown(text, width, createStyle(false))).not.toMatch(/(?!\n)\p{Cc}/u);
        const others = renderMarkdown(text, width, createStyle(true)).replace(/\u001b\[\d{1,2}m/g, '');
        expect(others).not.toMatch(/(?!\n)\p{Cc}/u);
      }
    },
  );

  it.each(Object.entries(CORPUS))('is no wider than the terminal, but for code (%s)', (_name, text) => {
    const withoutCode = text.replace(/(```|~~~)[\s\S]*?(\1|$(?![\s\S]))/g, '');
    for (const width of [10, 33, 80]) {
      for (const line of rendered(withoutCode, width)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('takes any text', () => {
    const seed = 20_261_121;
    const random = seededRandom(seed);
    const parts = [
      '#',
      '- ',
      '1. ',
      '> ',
      '```',
      '~~~',
      '|',
      '---',
      '**',
      '_',
      '`',
      '[a](b)',
      '<b',
      '\n',
      '\n\n',
      '    ',
      '\t',
      '中',
      'x',
      '$$',
      '\\[',
      '&#27;',
      '\u001b',
      '👍',
    ];
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: 40 }, () => parts[Math.floor(random() * parts.length)]).join('');
      const told = `seed ${seed}, round ${round}, ${JSON.stringify(text)}`;
      expect(() => renderMarkdown(text, 30, createStyle(true)), told).not.toThrow();
      expect(renderMarkdown(text, 30, createStyle(false)), told).not.toMatch(/(?!\n)\p{Cc}/u);
    }
  });

  it.each([
    ['quotes', '> '.repeat(10_000)],
    ['lists', '- '.repeat(10_000)],
    ['emphasis', `${'**a '.repeat(3_000)}${'b** '.repeat(3_000)}`],
    ['too much text', 'a **b** '.repeat(5_000)],
  ])('is the text itself where it is too deep or too long: %s', (_what, text) => {
    expect(rendered(text, 80).join(' ').replace(/\s+/g, ' ').trim()).toBe(text.trim());
  });
});

describe('a table', () => {
  const columns = (lines: readonly string[]) =>
    lines.map((line) => Array.from(line.matchAll(/[│┼]/g), ({ index }) => displayWidth(line.slice(0, index))).join());

  it('stays in line with wide characters and emoji', () => {
    const lines = rendered('| 名称 | n |\n|---|--:|\n| 苹果 | 3 |\n| 👍🏽 ok | 12 |\n| e\u0301 | `x` |');
    expect(lines).toEqual(['名称  │   n', '──────┼────', '苹果  │   3', '👍🏽 ok │  12', 'e\u0301     │ `x`']);
    expect(new Set(columns(lines)).size).toBe(1);
  });

  it('has its columns to the left, to the right and in the middle', () => {
    expect(rendered('|aaaaa|bbbbb|ccccc|\n|:--|--:|:-:|\n|1|2|3|')).toEqual([
      'aaaaa │ bbbbb │ ccccc',
      '──────┼───────┼──────',
      '1     │     2 │   3',
    ]);
  });

  it('wraps its cells until it fits', () => {
    const lines = rendered(
      '| a | text |\n|---|---|\n| 1 | one two three four five |\n| 2 | 一二三四五六七八九十一二 |',
      20,
    );
    expect(lines).toEqual([
      'a │ text',
      '──┼─────────────────',
      '1 │ one two three',
      '  │ four five',
      '2 │ 一二三四五六七八',
      '  │ 九十一二',
    ]);
  });

  it('is a list where its columns would be too narrow', () => {
    expect(
      rendered('| one | two | three |\n|---|---|---|\n| aaaaaaaa | bbbbbbbb | cccccccc |\n| d | e | f |', 18),
    ).toEqual(['one: aaaaaaaa', 'two: bbbbbbbb', 'three: cccccccc', '', 'one: d', 'two: e', 'three: f']);
  });

  it('breaks a cell where it says so, and has bars in cells', () => {
    expect(rendered('| a |\n|---|\n| b<br>c \\| d |')).toEqual(['a', '─────', 'b', 'c | d']);
  });
});
