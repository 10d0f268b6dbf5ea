import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { graphemes } from '../../../src/cli/terminal/display-width.js';
import { change, draw, erase, leave, type Picture } from '../../../src/cli/terminal/picture.js';
import { TerminalScreen } from '../../support/terminal-screen.js';

const plain = (text: string) => text;

function picture(text: string, more: Partial<Parameters<typeof draw>[0]> = {}): Picture {
  const drawing = {
    prompt: '> ',
    continuation: '… ',
    text,
    cursor: text.length,
    columns: 10,
    screenRows: 8,
    dim: plain,
  };
  return draw({ ...drawing, ...more });
}

describe('a text that is typed', () => {
  it.each([
    ['', ['> '], 0, 2],
    ['abc', ['> abc'], 0, 5],
    ['12345678', ['> 12345678', ''], 1, 0],
    ['123456789', ['> 12345678', '9'], 1, 1],
    ['1234567你', ['> 1234567', '你'], 1, 2],
    ['a\nb\n', ['> a', '… b', '… '], 2, 2],
    ['a\tb', ['> a    b'], 0, 8],
    ['\x1b[31m', ['> �[31m'], 0, 7],
    ['👩‍👩‍👧e\u0301', ['> 👩‍👩‍👧e\u0301'], 0, 5],
  ] as const)('%j stands as %j', (text, rows, cursorRow, cursorColumn) => {
    expect(picture(text)).toEqual({ rows, cursorRow, cursorColumn });
  });

  it('has its cursor before the character it is at, also where that one did not fit', () => {
    expect(picture('1234567你', { cursor: 7 })).toMatchObject({ cursorRow: 1, cursorColumn: 0 });
    expect(picture('a\nbc', { cursor: 2 })).toMatchObject({ cursorRow: 1, cursorColumn: 2 });
    expect(picture('12345678\nb', { cursor: 8 })).toMatchObject({ cursorRow: 1, cursorColumn: 0 });
  });

  it('shows a label for a character, over as many rows as it takes', () => {
    const label = (character: string) => (character === '#' ? '[1: long text]' : undefined);
    expect(picture('a#b', { label, cursor: 1 })).toEqual({
      rows: ['> a[1: lon', 'g text]b'],
      cursorRow: 0,
      cursorColumn: 3,
    });
  });

  it('is shown around the cursor where it is taller than the screen', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `${index}`).join('\n');
    expect(picture(lines, { screenRows: 4 })).toMatchObject({ rows: ['… 16', '… 17', '… 18', '… 19'], cursorRow: 3 });
    expect(picture(lines, { screenRows: 4, cursor: 0 })).toMatchObject({ rows: ['> 0', '… 1', '… 2', '… 3'] });
  });

  it('has rows below it that are cut off at the edge and are no larger than the screen', () => {
    const below = ['one', 'a long row here', 'three'];
    expect(picture('x', { below, screenRows: 3, dim: (text) => `<${text}>` }).rows).toEqual([
      '> x',
      '<one>',
      '<a long ro…>',
    ]);
  });

  it('has no prompt where the prompt would leave no room', () => {
    expect(picture('abc', { prompt: 'a long prompt> ' }).rows).toEqual(['abc']);
  });
});

describe('what is written for a change', () => {
  it('is only the character where one was typed behind the others', () => {
    expect(change(picture('ab'), picture('abc'))).toBe('c');
    expect(change(picture('ab'), picture('ab'))).not.toContain('ab');
  });

  it('leads to what a first drawing would show, whatever was there before', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const parts = ['a', 'word ', '你', '\n', 'e\u0301', '👍🏽', '1234567890', '\t', '\x1b', '한국어'];
    for (let round = 0; round < 60; round++) {
      const [columns, rows] = [pick([7, 10, 23, 80]), pick([3, 5, 24])];
      const screen = new TerminalScreen(columns, rows);
      screen.write('above 1\r\nabove 2\r\n');
      let shown: Picture | undefined;
      let text = '';
      for (let step = 0; step < 40; step++) {
        const characters = graphemes(text);
        const at = Math.floor(random() * (characters.length + 1));
        const replaced = random() < 0.4 ? Math.ceil(random() * 3) : 0;
        text = [...characters.slice(0, at), pick(parts), ...characters.slice(at + replaced)].join('');
        const whole = graphemes(text);
        const cursor =
          random() < 0.5 ? text.length : whole.slice(0, Math.floor(random() * whole.length)).join('').length;
        const below = random() < 0.2 ? ['below 1', 'below 2'] : [];
        const next = picture(text, { columns, screenRows: rows, cursor, below });
        screen.write(change(shown, next));
        shown = next;
        const alone = new TerminalScreen(columns, rows);
        alone.write(change(undefined, next));
        const told = `seed ${seed}, round ${round}, step ${step}, ${JSON.stringify(text)}`;
        const bottom = screen.everything.slice(2);
        expect(bottom, told).toEqual(alone.everything);
        expect(screen.everything.slice(0, 2), told).toEqual(['above 1', 'above 2']);
        expect(screen.shown[screen.cursor.row] ?? '', told).toEqual(alone.shown[alone.cursor.row] ?? '');
        expect(screen.cursor.column, told).toBe(alone.cursor.column);
      }
    }
  });

  it('leaves the picture and goes below it, or takes it away', () => {
    const screen = new TerminalScreen(10, 8);
    screen.write('above\r\n');
    const shown = picture('a\nb\nc', { cursor: 1 });
    screen.write(`${change(undefined, shown)}${leave(shown)}below`);
    expect(screen.shown).toEqual(['above', '> a', '… b', '… c', 'below']);
    const other = new TerminalScreen(10, 8);
    other.write(`above\r\n${change(undefined, shown)}${erase(shown)}below`);
    expect(other.shown).toEqual(['above', 'below']);
  });
});
