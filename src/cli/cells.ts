/** Text measured in the cells of a terminal, of which a Chinese character takes two and a combining mark none. */
import stringWidth from 'string-width';

const CUT = '…';
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export function cellsOf(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

/** `text`, with blanks behind it where it takes less than `cells`. */
export function padToCells(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellsOf(text)));
}

/** `text`, or as much of it as `cells` have room for, and a mark that there is more. It has to be on one line. */
export function cutToCells(text: string, cells: number, mark = CUT): string {
  if (cellsOf(text) <= cells) return text;
  const room = cells - cellsOf(mark);
  let cut = '';
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += cellsOf(segment);
    if (width > room) break;
    cut += segment;
  }
  return room < 0 ? '' : cut + mark;
}

/** One cell for each character, as nearly all text here. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
