/**
 * A text that is being typed as rows of the screen, and what to write so that one picture follows another. Pure. Rows are broken
 * here, not by the terminal: so a narrower or wider window moves none of them, and the count of rows above the cursor holds.
 */
import { printable } from '../../base/printable.js';
import { cutDisplay, displayWidth, graphemes } from './display-width.js';

export interface Picture {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  /** Columns to the left of the cursor. */
  readonly cursorColumn: number;
}

export interface Drawing {
  /** May have styles; on one line. */
  readonly prompt: string;
  /** Before every further line of the text. */
  readonly continuation: string;
  readonly text: string;
  /** In UTF-16 units from the beginning of the text. */
  readonly cursor: number;
  readonly columns: number;
  /** The rows of the screen. */
  readonly screenRows: number;
  /** Rows below the text, each cut off at the edge; and how they look. */
  readonly below?: readonly string[];
  readonly dim: (text: string) => string;
  /** What is shown for a character that is not itself. */
  readonly label?: (character: string) => string | undefined;
}

const TAB = '    ';

export function draw(drawing: Drawing): Picture {
  const sheet = new Sheet(drawing.columns);
  let at = 0;
  for (const [index, line] of drawing.text.split('\n').entries()) {
    if (index > 0) sheet.breakRow();
    sheet.begin(index === 0 ? drawing.prompt : drawing.continuation);
    for (const segment of graphemes(line)) {
      const shown = drawing.label?.(segment) ?? (segment === '\t' ? TAB : printable(segment));
      const end = at + segment.length;
      sheet.put(shown, at <= drawing.cursor && drawing.cursor < end);
      at = end;
    }
    sheet.endLine(at === drawing.cursor);
    at += 1;
  }
  return inWindow(sheet, drawing);
}

/** The rows of a text while they are filled. */
class Sheet {
  readonly rows: string[] = [];
  cursorRow = 0;
  cursorColumn = 0;
  readonly #columns: number;
  #row = '';
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** A prompt that would leave no room is left out. */
  begin(prompt: string): void {
    const width = displayWidth(prompt);
    if (width * 2 > this.#columns) return;
    this.#row = prompt;
    this.#column = width;
  }

  put(shown: string, hasCursor: boolean): void {
    let isFirst = true;
    for (const cell of shown.length === 1 ? [shown] : pieces(shown, this.#columns)) {
      const width = displayWidth(cell);
      if (this.#column + width > this.#columns) this.breakRow();
      if (isFirst && hasCursor) this.#setCursor();
      isFirst = false;
      this.#row += cell;
      this.#column += width;
    }
  }

  /** Behind a full row the cursor stands on the next. */
  endLine(hasCursor: boolean): void {
    if (!hasCursor) return;
    if (this.#column >= this.#columns) this.breakRow();
    this.#setCursor();
  }

  breakRow(): void {
    this.rows.push(this.#row);
    this.#row = '';
    this.#column = 0;
  }

  finish(): string[] {
    return [...this.rows, this.#row];
  }

  #setCursor(): void {
    this.cursorRow = this.rows.length;
    this.cursorColumn = this.#column;
  }
}

/** What is wider than the screen is put there character by character; anything else stays together. */
function pieces(shown: string, columns: number): readonly string[] {
  if (displayWidth(shown) <= Math.min(columns, 2)) return [shown];
  return graphemes(shown);
}

/** The part around the cursor, where the text is taller than the screen: a row that has scrolled away cannot be drawn again. */
function inWindow(sheet: Sheet, { screenRows, columns, below = [], dim }: Drawing): Picture {
  const all = sheet.finish();
  const room = Math.max(1, screenRows);
  const first = Math.max(0, Math.min(sheet.cursorRow - Math.floor(room / 2), all.length - room));
  const rows = all.slice(first, first + room);
  const hints = below.slice(0, room - rows.length).map((row) => dim(cutDisplay(printable(row), columns, '…')));
  return { rows: [...rows, ...hints], cursorRow: sheet.cursorRow - first, cursorColumn: sheet.cursorColumn };
}

/** What to write. Without `shown` the cursor stands at the beginning of an empty row. */
export function change(shown: Picture | undefined, next: Picture): string {
  if (!shown) return `${next.rows.join('\r\n')}${place(lastRow(next), next)}`;
  const first = firstDifference(shown.rows, next.rows);
  if (first === undefined) return place(shown.cursorRow, next);
  const typed = typedAtEnd(shown, next);
  if (typed !== undefined) return typed;
  // A row that is new below all that are shown begins with the end of the last.
  const from = Math.min(first, lastRow(shown));
  const rows = next.rows.slice(from).join('\r\n');
  return `${byRows(from - shown.cursorRow)}\r\x1b[J${rows}${place(Math.max(lastRow(next), from), next)}`;
}

/** Leaves the picture on the screen; the cursor stands at the beginning of the row below. */
export function leave(shown: Picture): string {
  return `${byRows(lastRow(shown) - shown.cursorRow)}\r\n`;
}

/** Takes the picture away; the cursor stands at the beginning of what was its first row. */
export function erase(shown: Picture): string {
  return `${byRows(-shown.cursorRow)}\r\x1b[J`;
}

/** Most keys only put a character behind the others. */
function typedAtEnd(shown: Picture, next: Picture): string | undefined {
  const last = lastRow(shown);
  if (lastRow(next) !== last || shown.cursorRow !== last || next.cursorRow !== last) return undefined;
  const [before = '', now = ''] = [shown.rows[last], next.rows[last]];
  const isBehind = displayWidth(before) === shown.cursorColumn && displayWidth(now) === next.cursorColumn;
  // A mark that joins the character before it changes that one.
  if (!isBehind || !now.startsWith(before) || firstDifference(shown.rows, next.rows) !== last) return undefined;
  const added = now.slice(before.length);
  return /^[ -~]+$/.test(added) ? added : undefined;
}

function firstDifference(shown: readonly string[], next: readonly string[]): number | undefined {
  const rows = Math.max(shown.length, next.length);
  for (let row = 0; row < rows; row++) if (shown[row] !== next[row]) return row;
  return undefined;
}

/** From somewhere in that row to where the cursor belongs. */
function place(row: number, { cursorRow, cursorColumn }: Picture): string {
  return `${byRows(cursorRow - row)}\r${cursorColumn > 0 ? `\x1b[${cursorColumn}C` : ''}`;
}

function byRows(rows: number): string {
  if (rows === 0) return '';
  return rows < 0 ? `\x1b[${-rows}A` : `\x1b[${rows}B`;
}

function lastRow({ rows }: Picture): number {
  return rows.length - 1;
}
