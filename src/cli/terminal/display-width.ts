/** Text measured, filled up and cut in the cells of a terminal. */
import { displayWidth, isPlain } from '../../base/wide-text.js';

export { displayWidth };

/** Made when it is needed: that loads the tables of a language. */
let segmenter: Intl.Segmenter | undefined;

/** Text as it is seen, one character after the other: letters with their accents, emoji with all their parts. */
export function graphemes(text: string): readonly string[] {
  if (isPlain(text)) return text.split('');
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Blanks up to `width` cells; what is longer stays as it is. */
export function padDisplay(text: string, width: number, align: 'left' | 'right' | 'center' = 'left'): string {
  const missing = Math.max(0, width - displayWidth(text));
  if (align === 'right') return ' '.repeat(missing) + text;
  const before = align === 'center' ? Math.floor(missing / 2) : 0;
  return ' '.repeat(before) + text + ' '.repeat(missing - before);
}

/** As much of `text` as fits into `width` cells, `ellipsis` included where something was cut off. Text without escape codes. */
export function cutDisplay(text: string, width: number, ellipsis = ''): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  let cut = '';
  let taken = 0;
  for (const character of graphemes(text)) {
    taken += displayWidth(character);
    if (taken > room) break;
    cut += character;
  }
  return room < 0 ? '' : cut + ellipsis;
}
