/**
 * A long paste as one character of the text that is being typed, shown as a label: a megabyte is neither drawn again with every
 * key nor scrolled past. The characters are from the end of Unicode's last area for private use, where no font and no text is.
 */

/** What is shorter stands in the line as it is. */
const PLAIN_LENGTH_MAX = 2_000;
const PLAIN_LINES_MAX = 24;
const FIRST = 0x10ff00;
const LAST = 0x10fffd;
const ANY_FOLD = /[\u{10ff00}-\u{10fffd}]/u;
const EVERY_FOLD = /[\u{10ff00}-\u{10fffd}]/gu;

export class FoldedText {
  readonly #texts = new Map<string, string>();
  readonly #labels = new Map<string, string>();
  readonly #number = new Intl.NumberFormat('en');

  /** As it stands in the line: itself, or the one character in its place. */
  fold(text: string, isCut = false): string {
    const lines = lineCount(text);
    // A text that has such characters of its own cannot stand in the line as it is.
    if (text.length <= PLAIN_LENGTH_MAX && lines <= PLAIN_LINES_MAX && !ANY_FOLD.test(text)) return text;
    const code = FIRST + this.#texts.size;
    if (code > LAST) return text.replace(EVERY_FOLD, '');
    const character = String.fromCodePoint(code);
    const size = `${this.#number.format(text.length)} characters${lines > 1 ? `, ${this.#number.format(lines)} lines` : ''}`;
    this.#texts.set(character, text);
    this.#labels.set(character, `[${this.#texts.size}: ${size}${isCut ? ', cut off here' : ''}]`);
    return character;
  }

  /** What is shown for a character; undefined where it is only itself. */
  label(character: string): string | undefined {
    return this.#labels.get(character);
  }

  unfold(text: string): string {
    return text.replace(EVERY_FOLD, (character) => this.#texts.get(character) ?? character);
  }
}

function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
