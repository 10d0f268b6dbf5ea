import { describe, expect, it } from 'vitest';
import { unknownCommand } from '../../src/cli/command-not-found.js';

const KNOWN = ['serve', 'status', 'simulate', 'config check', 'config show'];
const told = (...words: string[]) => unknownCommand(words, KNOWN, 'gollama');

describe('words that are no command', () => {
  it('end with the exit code of a shell that finds no command', () => {
    expect(told('frobnicate')).toEqual({
      code: 'usage',
      message: '"frobnicate" is no command',
      hint: 'see: gollama --help',
      exitCode: 127,
    });
  });

  it.each([
    ['serv', 'serve'],
    ['statsu', 'status'],
    ['stat', 'status'],
    ['sim', 'simulate'],
    ['config chekc', 'config check'],
    ['statsu extra words', 'status'],
  ])('bring the likely command to mind: %s', (typed, meant) => {
    expect(told(...typed.split(' ')).hint).toBe(`did you mean "gollama ${meant}"?`);
  });

  it('do not guess where several commands begin so', () => {
    expect(told('s').hint).toBe('see: gollama --help');
  });

  it('are a wrong argument where they follow a command', () => {
    expect(told('serve', 'extra')).toMatchObject({
      message: 'unexpected argument: extra',
      hint: 'see: gollama serve --help',
      exitCode: 2,
    });
    expect(told('config', 'check', 'x', 'y').message).toBe('unexpected argument: x y');
  });
});
