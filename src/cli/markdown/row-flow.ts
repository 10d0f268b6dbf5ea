/**
 * Cells that come one after the other, as rows of a width: broken behind blanks and between wide characters, as East Asian
 * text is, and inside a word where it is longer than a row.
 */

export interface Cell {
  /** One character. */
  readonly text: string;
  /** In cells of the terminal. */
  readonly width: number;
}

/** What does not begin a row. */
const CLOSING = new Set([...',.!?:;)]}%"\'，。、；：？！）】》」』〉”’…％ー々', '\u200d', '\ufe0f']);
/** What does not end one. */
const OPENING = new Set([...'([{（【《「『〈“‘', '\u200d']);

export class RowFlow<C extends Cell> {
  /** May change at any time; it counts from the next cell on. */
  width: number;
  #cells: C[] = [];
  #taken = 0;
  /** Cells of the row before which it may be broken; 0: nowhere yet. */
  #breakAt = 0;
  #hasInk = false;

  constructor(width: number) {
    this.width = width;
  }

  /** The row that is being filled. */
  get row(): readonly C[] {
    return this.#cells;
  }

  /** Cells of the terminal that it takes. */
  get taken(): number {
    return this.#taken;
  }

  /** The rows that this cell has filled, mostly none. A blank for which a row has no room is dropped. */
  push(cell: C): readonly (readonly C[])[] {
    const full: C[][] = [];
    if (cell.text === ' ' && this.#taken >= this.width) {
      this.#breakAt = this.#cells.length;
      return full;
    }
    this.#noteBreak(cell);
    while (this.#taken > 0 && this.#taken + cell.width > this.width) full.push(this.#break());
    this.#add(cell);
    return full;
  }

  /** Ends the row. */
  take(): readonly C[] {
    const row = this.#cells;
    this.#begin([]);
    return row;
  }

  #noteBreak(cell: C): void {
    const before = this.#cells.at(-1);
    if (before === undefined || !this.#hasInk || cell.width === 0 || cell.text === ' ') return;
    if (before.text === ' ' || isBetweenWide(before, cell)) this.#breakAt = this.#cells.length;
  }

  #break(): C[] {
    const at = this.#breakAt || this.#cells.length;
    const full = this.#cells.slice(0, at);
    this.#begin(this.#cells.slice(at));
    return full;
  }

  #begin(cells: readonly C[]): void {
    this.#cells = [];
    this.#taken = 0;
    this.#breakAt = 0;
    this.#hasInk = false;
    for (const cell of cells) this.#add(cell);
  }

  #add(cell: C): void {
    this.#cells.push(cell);
    this.#taken += cell.width;
    this.#hasInk ||= cell.text !== ' ';
  }
}

function isBetweenWide(before: Cell, after: Cell): boolean {
  return (before.width > 1 || after.width > 1) && !CLOSING.has(after.text) && !OPENING.has(before.text);
}
