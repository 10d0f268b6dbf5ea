import { describe, expect, it } from 'vitest';
import { createStyle, hasColor, styleOf } from '../../../src/cli/terminal/style.js';

const terminal = { isTTY: true };
const file = {};

describe('colour', () => {
  it.each([
    ['a terminal', terminal, {}, true, true],
    ['a file', file, {}, true, false],
    ['a terminal with NO_COLOR', terminal, { NO_COLOR: '1' }, true, false],
    ['a terminal with an empty NO_COLOR', terminal, { NO_COLOR: '' }, true, true],
    ['a terminal that is dumb', terminal, { TERM: 'dumb' }, true, false],
    ['a file with FORCE_COLOR', file, { FORCE_COLOR: '1' }, true, true],
    ['a file with an empty FORCE_COLOR', file, { FORCE_COLOR: '' }, true, true],
    [
      'a dumb terminal with FORCE_COLOR and NO_COLOR',
      terminal,
      { FORCE_COLOR: '3', NO_COLOR: '1', TERM: 'dumb' },
      true,
      true,
    ],
    ['a terminal with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, true, false],
    ['a terminal with FORCE_COLOR=false', terminal, { FORCE_COLOR: 'false' }, true, false],
    ['a terminal with --no-color', terminal, { FORCE_COLOR: '1' }, false, false],
  ])('of %s', (_what, stream, env, isWanted, expected) => {
    expect(hasColor(stream, env, isWanted)).toBe(expected);
    expect(styleOf(stream, env, isWanted).hasColor).toBe(expected);
  });
});

describe('a style', () => {
  it('without colour leaves text as it is', () => {
    const style = createStyle(false);
    expect(style.red(style.bold('a')) + style.paint('b', ['dim', 'cyan'])).toBe('ab');
  });

  it('ends what it begins', () => {
    expect(createStyle(true).paint('a', ['bold', 'red'])).toBe('\u001b[1m\u001b[31ma\u001b[39m\u001b[22m');
    expect(createStyle(true).red('')).toBe('');
  });

  it('goes on behind a look inside it that ends with the same code', () => {
    const style = createStyle(true);
    expect(style.red(`a${style.green('b')}c`)).toBe('\u001b[31ma\u001b[32mb\u001b[39m\u001b[31mc\u001b[39m');
  });
});
