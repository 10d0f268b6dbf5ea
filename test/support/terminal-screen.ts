/**
 * A terminal as a line editor needs it: what it shows after cursor moves to all sides, clearing, wrapping, wide characters,
 * scrolling and another size, and which modes are on. It refuses codes that it does not know, so that nothing is written that
 * means nothing.
 */
import { displayWidth, graphemes } from '../../src/cli/terminal/display-width.js';

interface Row {
  /** Empty: the right half of a wide character. */
  cells: string[];
  /** The next row goes on with the same line. */
  isWrapped: boolean;
}

const SEQUENCE = /^\x1b(?:\[([?\d;]*)([A-Za-z])|\]([^\x07]*)\x07)/;
const BEGUN_SEQUENCE = /^\x1b(\[[?\d;]*|\][^\x07]*)?$/;

export class TerminalScreen {
  columns: number;
  rows: number;
  /** Private modes that are switched on, such as 2004 for bracketed paste. */
  readonly modes = new Set<string>(['25']);
  bells = 0;
  #lines: Row[] = [emptyRow()];
  /** The row of `#lines` at the top of the screen; what stands above has scrolled away. */
  #top = 0;
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  /** The rows of the screen down to the last with text, without blanks at their ends. */
  get shown(): string[] {
    return texts(this.#lines.slice(this.#top));
  }

  /** As `shown`, with all that has scrolled away before it. */
  get everything(): string[] {
    return texts(this.#lines);
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row - this.#top, column: Math.min(this.#column, this.columns - 1) };
  }

  write(text: string): void {
    let left = this.#rest + text;
    this.#rest = '';
    while (left !== '') {
      const control = left.search(/[\x00-\x1f\x7f]/);
      const plain = control === -1 ? left : left.slice(0, control);
      for (const character of graphemes(plain)) this.#put(character);
      left = left.slice(plain.length);
      if (left === '') return;
      const taken = this.#control(left);
      if (taken === 0) {
        this.#rest = left;
        return;
      }
      left = left.slice(taken);
    }
  }

  /** `reflow`: as most terminals do, lines that were wrapped are wrapped anew; `cut`: rows are cut off. */
  resize(columns: number, rows: number, how: 'reflow' | 'cut'): void {
    if (how === 'reflow') this.#reflow(columns);
    else for (const row of this.#lines) row.cells.length = Math.min(row.cells.length, columns);
    this.columns = columns;
    this.rows = rows;
    this.#column = Math.min(this.#column, columns - 1);
    this.#top = Math.max(0, Math.min(this.#top, this.#row), this.#row - rows + 1, this.#lines.length - rows);
  }

  /** How many characters of `text`, which begins with a control, were understood; 0: it is not whole. */
  #control(text: string): number {
    switch (text[0]) {
      case '\r':
        this.#column = 0;
        return 1;
      case '\n':
        this.#down();
        return 1;
      case '\b':
        this.#column = Math.max(0, Math.min(this.#column, this.columns - 1) - 1);
        return 1;
      case '\t':
        this.#column = Math.min(this.columns - 1, (Math.floor(this.#column / 8) + 1) * 8);
        return 1;
      case '\x07':
        this.bells++;
        return 1;
    }
    const sequence = SEQUENCE.exec(text);
    if (sequence) {
      if (sequence[2] !== undefined) this.#sequence(sequence[1] ?? '', sequence[2]);
      return sequence[0].length;
    }
    if (BEGUN_SEQUENCE.test(text)) return 0;
    throw new Error(`this terminal does not know ${JSON.stringify(text.slice(0, 20))}`);
  }

  #sequence(parameters: string, final: string): void {
    const [first = 0, second = 0] = parameters.split(';').map(Number);
    const count = Math.max(1, first || 0);
    if (final === 'm') return;
    if (final === 'h' || final === 'l') this.#setModes(parameters.slice(1).split(';'), final === 'h');
    else if (final === 'A') this.#move(-count, 0);
    else if (final === 'B') this.#move(count, 0);
    else if (final === 'C') this.#move(0, count);
    else if (final === 'D') this.#move(0, -count);
    else if (final === 'G') this.#column = Math.min(count, this.columns) - 1;
    else if (final === 'H') this.#moveTo(count, Math.max(1, second));
    else if (final === 'K') this.#clearInRow(first);
    else if (final === 'J' && first === 0) this.#clearBelow();
    else if (final === 'J' && first === 2) this.#clearScreen();
    else throw new Error(`this terminal does not know ESC [ ${parameters} ${final}`);
  }

  #setModes(modes: readonly string[], isOn: boolean): void {
    for (const mode of modes) {
      if (isOn) this.modes.add(mode);
      else this.modes.delete(mode);
    }
  }

  #clearBelow(): void {
    const row = this.#here();
    row.cells.length = Math.min(row.cells.length, this.#column);
    row.isWrapped = false;
    this.#lines.length = this.#row + 1;
  }

  /** 0: from the cursor on; 1: up to it; 2: all of the row. */
  #clearInRow(part: number): void {
    const { cells } = this.#here();
    if (part !== 1) cells.length = Math.min(cells.length, part === 2 ? 0 : this.#column);
    else cells.fill(' ', 0, this.#column + 1);
  }

  #clearScreen(): void {
    this.#lines.length = this.#top;
    this.#fillTo(this.#row);
  }

  #put(character: string): void {
    const width = displayWidth(character);
    if (width === 0) return;
    if (this.#column + width > this.columns) {
      this.#here().isWrapped = true;
      this.#column = 0;
      this.#down();
    }
    const { cells } = this.#here();
    while (cells.length < this.#column) cells.push(' ');
    cells.splice(this.#column, width, character, ...Array.from({ length: width - 1 }, () => ''));
    this.#column += width;
  }

  #move(rows: number, columns: number): void {
    this.#column = Math.min(Math.max(Math.min(this.#column, this.columns - 1) + columns, 0), this.columns - 1);
    this.#row = Math.min(Math.max(this.#row + rows, this.#top), this.#top + this.rows - 1);
    this.#fillTo(this.#row);
  }

  #moveTo(row: number, column: number): void {
    this.#row = this.#top + Math.min(row, this.rows) - 1;
    this.#column = column - 1;
    this.#fillTo(this.#row);
  }

  #down(): void {
    this.#row++;
    this.#fillTo(this.#row);
    this.#top = Math.max(this.#top, this.#row - this.rows + 1);
  }

  #fillTo(row: number): void {
    while (this.#lines.length <= row) this.#lines.push(emptyRow());
  }

  #here(): Row {
    this.#fillTo(this.#row);
    return this.#lines[this.#row]!;
  }

  #reflow(columns: number): void {
    const lines: Row[] = [];
    let cursor = { row: 0, column: 0 };
    let line: string[] = [];
    let cursorAt: number | undefined;
    for (const [index, row] of this.#lines.entries()) {
      if (index === this.#row) cursorAt = line.length + this.#column;
      line.push(...row.cells);
      if (row.isWrapped) continue;
      const first = lines.length;
      for (let at = 0; at === 0 || at < line.length; at += columns) {
        lines.push({ cells: line.slice(at, at + columns), isWrapped: at + columns < line.length });
      }
      if (cursorAt !== undefined) {
        const down = Math.min(Math.floor(cursorAt / columns), lines.length - 1 - first);
        cursor = { row: first + down, column: cursorAt - down * columns };
      }
      cursorAt = undefined;
      line = [];
    }
    this.#lines = lines;
    this.#row = cursor.row;
    this.#column = cursor.column;
  }
}

function emptyRow(): Row {
  return { cells: [], isWrapped: false };
}

function texts(rows: readonly Row[]): string[] {
  const all = rows.map(({ cells }) => cells.join('').trimEnd());
  while (all.at(-1) === '') all.pop();
  return all;
}
