import { describe, expect, it } from 'vitest';
import { EDITS, type EditBuffer, insert, moveByLine } from '../../../src/cli/terminal/edit-buffer.js';

/** `|` is the cursor. */
function buffer(marked: string, cut = ''): EditBuffer {
  const cursor = marked.indexOf('|');
  return { text: marked.slice(0, cursor) + marked.slice(cursor + 1), cursor, cut };
}

const marked = ({ text, cursor }: EditBuffer) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

describe('a key', () => {
  it.each([
    ['left', 'ab|c', 'a|bc'],
    ['left', '|abc', '|abc'],
    ['left', '你好|', '你|好'],
    ['left', 'a👩‍👩‍👧|', 'a|👩‍👩‍👧'],
    ['right', 'a|e\u0301b', 'ae\u0301|b'],
    ['right', 'abc|', 'abc|'],
    ['backspace', 'a👍🏽|b', 'a|b'],
    ['backspace', 'a\n|b', 'a|b'],
    ['backspace', '|b', '|b'],
    ['delete', 'a|你b', 'a|b'],
    ['ctrl+left', 'one two_3|', 'one |two_3'],
    ['alt+b', 'one  |two', '|one  two'],
    ['alt+f', 'one| two-three', 'one two|-three'],
    ['ctrl+right', '你|好 x', '你好| x'],
    ['home', 'a\nbc|d\ne', 'a\n|bcd\ne'],
    ['home', '|', '|'],
    ['end', 'a\n|bcd\ne', 'a\nbcd|\ne'],
    ['ctrl+home', 'a\nb|', '|a\nb'],
    ['alt+>', '|a\nb', 'a\nb|'],
    ['ctrl+w', 'cat /a/b.c | tail'.replace(' |', '|'), 'cat | tail'],
    ['alt+backspace', '/a/b.c|', '/a/b.|'],
    ['alt+d', '|one two', '| two'],
    ['ctrl+u', 'a\nbc|d', 'a\n|d'],
    ['ctrl+k', 'a|bc\nd', 'a|\nd'],
    ['ctrl+k', 'a|\nd', 'a|d'],
    ['ctrl+j', 'a|b', 'a\n|b'],
    ['alt+enter', 'a|', 'a\n|'],
  ])('%s makes %j of %j', (name, before, after) => {
    expect(marked(EDITS[name]!(buffer(before)))).toBe(after);
  });

  it('puts back what was cut last', () => {
    const cut = EDITS['ctrl+w']!(buffer('one two|'));
    expect(marked(EDITS['ctrl+y']!(insert(cut, 'a ')))).toBe('one a two|');
  });

  it('that cuts nothing keeps what was cut before', () => {
    expect(EDITS['ctrl+u']!(buffer('|a', 'kept')).cut).toBe('kept');
  });

  it.each([
    [-1, 'abc\nde|f', 'ab|c\ndef'],
    [-1, 'a\nxyz|', 'a|\nxyz'],
    [-1, '你好\nabc|', '你好|\nabc'],
    [-1, 'ab|', 'ab|'],
    [1, 'ab|c\nd\nef', 'abc\nd|\nef'],
    [1, 'a\nb|c', 'a\nb|c'],
    [1, '|\n\n', '\n|\n'],
  ] as const)('moves by %i line from %j to %j', (by, before, after) => {
    expect(marked(moveByLine(buffer(before), by))).toBe(after);
  });
});
