/** A text that is being typed, and the edits that keys make to it. Pure. */
import { graphemes } from './display-width.js';

export interface EditBuffer {
  readonly text: string;
  /** Between two characters as people count them, in UTF-16 units from the beginning. */
  readonly cursor: number;
  /** What was cut last. */
  readonly cut: string;
}

export const EMPTY_BUFFER: EditBuffer = { text: '', cursor: 0, cut: '' };

/** No character as people count them is longer, but those that are made to be. */
const CHARACTER_LENGTH_MAX = 64;

export function insert(buffer: EditBuffer, text: string): EditBuffer {
  const { cursor } = buffer;
  // Most text is typed at the end: joined there, nothing is copied.
  const joined =
    cursor === buffer.text.length
      ? buffer.text + text
      : buffer.text.slice(0, cursor) + text + buffer.text.slice(cursor);
  return { ...buffer, text: joined, cursor: cursor + text.length };
}

/** The whole text anew, with the cursor at its end. */
export function replaceText(buffer: EditBuffer, text: string): EditBuffer {
  return { ...buffer, text, cursor: text.length };
}

export function isOnFirstLine({ text, cursor }: EditBuffer): boolean {
  return !text.slice(0, cursor).includes('\n');
}

export function isOnLastLine({ text, cursor }: EditBuffer): boolean {
  return !text.includes('\n', cursor);
}

/** A line up or down, as far from its beginning; the same where there is none. */
export function moveByLine(buffer: EditBuffer, by: -1 | 1): EditBuffer {
  const begin = lineBegin(buffer);
  const column = graphemes(buffer.text.slice(begin, buffer.cursor)).length;
  if (by === -1) {
    if (begin === 0) return buffer;
    return { ...buffer, cursor: atColumn(buffer.text, lineBegin({ ...buffer, cursor: begin - 1 }), column) };
  }
  const end = lineEnd(buffer);
  return end === buffer.text.length ? buffer : { ...buffer, cursor: atColumn(buffer.text, end + 1, column) };
}

type Edit = (buffer: EditBuffer) => EditBuffer;

const left: Edit = (buffer) => ({ ...buffer, cursor: before(buffer) });
const right: Edit = (buffer) => ({ ...buffer, cursor: after(buffer) });
const wordLeft: Edit = (buffer) => ({ ...buffer, cursor: wordBefore(buffer, LETTER) });
const wordRight: Edit = (buffer) => ({ ...buffer, cursor: wordAfter(buffer) });
const toLineBegin: Edit = (buffer) => ({ ...buffer, cursor: lineBegin(buffer) });
const toLineEnd: Edit = (buffer) => ({ ...buffer, cursor: lineEnd(buffer) });
const toBegin: Edit = (buffer) => ({ ...buffer, cursor: 0 });
const toEnd: Edit = (buffer) => ({ ...buffer, cursor: buffer.text.length });
const deleteBefore: Edit = (buffer) => remove(buffer, before(buffer), buffer.cursor);
const deleteAfter: Edit = (buffer) => remove(buffer, buffer.cursor, after(buffer));
const cutWordBefore: Edit = (buffer) => cutOut(buffer, wordBefore(buffer, LETTER), buffer.cursor);
const cutToBlankBefore: Edit = (buffer) => cutOut(buffer, wordBefore(buffer, NOT_BLANK), buffer.cursor);
const cutWordAfter: Edit = (buffer) => cutOut(buffer, buffer.cursor, wordAfter(buffer));
const cutToLineBegin: Edit = (buffer) => cutOut(buffer, lineBegin(buffer), buffer.cursor);
/** At the end of a line the line break, so that the key joins lines. */
const cutToLineEnd: Edit = (buffer) => {
  const end = lineEnd(buffer);
  return cutOut(buffer, buffer.cursor, end === buffer.cursor ? after(buffer) : end);
};
const newLine: Edit = (buffer) => insert(buffer, '\n');
const putBack: Edit = (buffer) => insert(buffer, buffer.cut);

/** By the name of the key (see `key-filter.ts`); the customs of Emacs and of every shell. */
export const EDITS: Readonly<Record<string, Edit>> = {
  left,
  'ctrl+b': left,
  right,
  'ctrl+f': right,
  'ctrl+left': wordLeft,
  'alt+left': wordLeft,
  'alt+b': wordLeft,
  'ctrl+right': wordRight,
  'alt+right': wordRight,
  'alt+f': wordRight,
  home: toLineBegin,
  'ctrl+a': toLineBegin,
  end: toLineEnd,
  'ctrl+e': toLineEnd,
  'ctrl+home': toBegin,
  'alt+<': toBegin,
  'ctrl+end': toEnd,
  'alt+>': toEnd,
  backspace: deleteBefore,
  'shift+backspace': deleteBefore,
  delete: deleteAfter,
  'ctrl+d': deleteAfter,
  'ctrl+w': cutToBlankBefore,
  'alt+backspace': cutWordBefore,
  'ctrl+backspace': cutWordBefore,
  'alt+d': cutWordAfter,
  'ctrl+delete': cutWordAfter,
  'ctrl+u': cutToLineBegin,
  'ctrl+k': cutToLineEnd,
  'ctrl+y': putBack,
  'alt+enter': newLine,
  'shift+enter': newLine,
  'ctrl+enter': newLine,
  'ctrl+j': newLine,
};

const LETTER = /[\p{L}\p{N}\p{M}_]/u;
const NOT_BLANK = /\S/u;

function remove(buffer: EditBuffer, from: number, to: number): EditBuffer {
  return { ...buffer, text: buffer.text.slice(0, from) + buffer.text.slice(to), cursor: from };
}

function cutOut(buffer: EditBuffer, from: number, to: number): EditBuffer {
  return from === to ? buffer : { ...remove(buffer, from, to), cut: buffer.text.slice(from, to) };
}

function before({ text, cursor }: EditBuffer): number {
  const last = graphemes(text.slice(Math.max(0, cursor - CHARACTER_LENGTH_MAX), cursor)).at(-1) ?? '';
  return cursor - last.length;
}

function after({ text, cursor }: EditBuffer): number {
  const [first = ''] = graphemes(text.slice(cursor, cursor + CHARACTER_LENGTH_MAX));
  return cursor + first.length;
}

function wordBefore({ text, cursor }: EditBuffer, belongs: RegExp): number {
  let at = cursor;
  let isInside = false;
  for (const point of [...text.slice(0, cursor)].reverse()) {
    const isPart = belongs.test(point);
    if (isInside && !isPart) break;
    isInside ||= isPart;
    at -= point.length;
  }
  return at;
}

function wordAfter({ text, cursor }: EditBuffer): number {
  let at = cursor;
  let isInside = false;
  for (const point of text.slice(cursor)) {
    const isPart = LETTER.test(point);
    if (isInside && !isPart) break;
    isInside ||= isPart;
    at += point.length;
  }
  return at;
}

function lineBegin({ text, cursor }: EditBuffer): number {
  return cursor === 0 ? 0 : text.lastIndexOf('\n', cursor - 1) + 1;
}

function lineEnd({ text, cursor }: EditBuffer): number {
  const end = text.indexOf('\n', cursor);
  return end === -1 ? text.length : end;
}

/** Where the line that begins there has so many characters before it, or its end. */
function atColumn(text: string, begin: number, column: number): number {
  const line = text.slice(begin, lineEnd({ text, cursor: begin, cut: '' }));
  return begin + graphemes(line).slice(0, column).join('').length;
}
