import { describe, expect, it } from 'vitest';
import { flagFirst, misspeltSubcommand, unknownCommand } from '../../src/cli/command-not-found.js';

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

  it('point to the help of their group', () => {
    expect(told('config', 'frobnicate').hint).toBe('see: gollama config --help');
  });

  it('bring the flag to mind that other programs have as a command', () => {
    expect(told('version').hint).toBe('did you mean "gollama --version"?');
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

describe('a flag in front of the command', () => {
  it.each([
    ['--json status', 'gollama status --json'],
    ['--server x:1 config show --origin', 'gollama config show --origin --server x:1'],
  ])('is told with the order that is meant: %s', (typed, meant) => {
    expect(flagFirst(typed.split(' '), KNOWN, 'gollama')).toEqual({
      code: 'usage',
      message: `a command comes first, then its flags: ${typed.split(' ')[0]}`,
      hint: `write it as: ${meant}`,
      exitCode: 2,
    });
  });

  it('points to the help where there is no command', () => {
    expect(flagFirst(['--bogus', '--json'], KNOWN, 'gollama').hint).toBe('see: gollama --help');
  });
});

describe('a word where a command of the group or a URL is expected', () => {
  const ofBench = (word: string) =>
    misspeltSubcommand(word, 'bench', [...KNOWN, 'bench', 'bench compare', 'bench mock'], 'gollama');

  it('brings the command to mind that it is near to, and how a server of that name is written', () => {
    expect(ofBench('comapre')).toEqual({
      code: 'usage',
      message: '"bench comapre" is no command',
      hint: 'did you mean "gollama bench compare"? a server of that name is written http://comapre',
      exitCode: 127,
    });
  });

  it.each(['http://mokc', 'mokc:8080', ':8080', 'mokc.local', 'gpu-box', 'localhost', 'serv', '--mokc'])(
    'is left alone where it can be an address or is near to none: %s',
    (word) => {
      expect(ofBench(word)).toBeUndefined();
    },
  );
});
