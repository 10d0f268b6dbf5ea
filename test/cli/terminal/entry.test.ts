import { describe, expect, it } from 'vitest';
import { readEntry } from '../../../src/cli/terminal/entry.js';

const whole = (text: string) => ({ kind: 'whole', text });
const open = (text: string) => ({ kind: 'open', text });

describe('Enter', () => {
  it.each([
    ['', ''],
    ['hello', 'hello'],
    ['a\nb', 'a\nb'],
    ['C:\\\\', 'C:\\\\'],
    ['say """ here', 'say """ here'],
    ['"""a"""', 'a'],
    ['""""""', ''],
    ['"""\na\n  b\n"""', 'a\n  b'],
    ['"""\n\na\n\n"""  ', '\na\n'],
    ['  """a\nb"""', 'a\nb'],
    ['/system """\nbe short\n"""', '/system be short'],
    ['/set system """a"""', '/set system a'],
    ['"""\na\\\n"""', 'a\\'],
  ])('ends %j, which says %j', (text, says) => {
    expect(readEntry(text)).toEqual(whole(says));
  });

  it.each([
    ['"""', '"""'],
    ['"""a', '"""a'],
    ['"""a""', '"""a""'],
    ['/system """', '/system """'],
    ['a\\', 'a'],
    ['a\nb\\', 'a\nb'],
    ['a\\\\\\', 'a\\\\'],
  ])('asks for another line behind %j', (text, rest) => {
    expect(readEntry(text)).toEqual(open(rest));
  });
});
