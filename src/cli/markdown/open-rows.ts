/** The text that is not rendered yet, as rows of the terminal. No row is so long that a terminal would break it once more. */
import { displayWidth } from '../terminal/display-width.js';
import { type Cell, RowFlow } from './row-flow.js';

const TAB = 4;
const EMOJI_LOOK = '\ufe0f';
const FLAG_LETTER = /^[\u{1f1e6}-\u{1f1ff}]$/u;

export class OpenRows {
  readonly #flow: RowFlow<Cell>;
  #full: string[] = [];
  #lineStart = 0;

  constructor(width: number) {
    this.#flow = new RowFlow(width);
  }

  set width(columns: number) {
    this.#flow.width = columns;
  }

  /** Rows, that of the last line's end included, be it empty. */
  get count(): number {
    return this.#full.length + 1;
  }

  /** The row at which the last line begins. */
  get lineStart(): number {
    return this.#lineStart;
  }

  /** Of the longest row, in cells, at most. */
  widest(): number {
    const widths = this.#full.map((row) => Array.from(row, widthMax).reduce((sum, width) => sum + width, 0));
    return Math.max(this.#flow.taken, ...widths);
  }

  row(at: number): string {
    return this.#full[at] ?? this.#flow.row.map(({ text }) => text).join('');
  }

  /** Text without line breaks. */
  push(text: string): void {
    for (const character of text) {
      if (character !== '\t') this.#push({ text: character, width: widthMax(character) });
      else for (let left = TAB - (this.#flow.taken % TAB); left > 0; left -= 1) this.#push({ text: ' ', width: 1 });
    }
  }

  newLine(): void {
    this.#full.push(textOf(this.#flow.take()));
    this.#lineStart = this.#full.length;
  }

  /** Forgets the first rows, whole lines. */
  drop(rows: number): void {
    if (rows >= this.count) this.#flow.take();
    this.#full = this.#full.slice(rows);
    this.#lineStart = Math.max(0, this.#lineStart - rows);
  }

  #push(cell: Cell): void {
    for (const row of this.#flow.push(cell)) this.#full.push(textOf(row));
  }
}

function textOf(cells: readonly Cell[]): string {
  return cells.map(({ text }) => text).join('');
}

/**
 * Terminals do not agree on emoji of several parts. Part by part they are never wider than this; that a row is broken early
 * does no harm, since it is rendered soon.
 */
function widthMax(character: string): number {
  if (character === EMOJI_LOOK) return 1;
  return FLAG_LETTER.test(character) ? 2 : displayWidth(character);
}
