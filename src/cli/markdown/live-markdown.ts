/**
 * An answer in Markdown on a terminal while it comes. What is open is shown as it is written; each block that is finished takes
 * its place rendered. What the terminal may have moved is never taken back: a block that does not fit on the screen, and one
 * during which the terminal became smaller, stay as they were written.
 */
import { printableLines } from '../../base/printable.js';
import { type AnswerView, ChunkJoint } from './answer-view.js';
import { type Block, Blocks } from './blocks.js';
import { isBlank } from './line-kind.js';
import { OpenRows } from './open-rows.js';

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/** See `MarkdownRenderer`. */
export interface BlockRenderer {
  lines(block: Block, width: number): readonly string[];
}

/** Both have no effect on terminals that do not know them; on others nobody sees what is half drawn. */
const UPDATE_BEGINS = '\u001b[?2026h';
const UPDATE_ENDS = '\u001b[?2026l';
/** From the begin of the row of the cursor, which is the last that we have written. */
const ERASE_BELOW = '\r\u001b[J';
/** Of a terminal without a size. */
const COLUMNS = 80;
const ROWS = 24;
const COLUMNS_MIN = 10;
const ROWS_MIN = 3;
/** As rendered text has. */
const TEXT_WIDTH_MAX = 100;

export class LiveMarkdown implements AnswerView {
  readonly #terminal: Pick<Terminal, 'write'>;
  readonly #renderer: BlockRenderer;
  readonly #blocks = new Blocks();
  readonly #joint = new ChunkJoint();
  readonly #open: OpenRows;
  #columns = COLUMNS;
  #rows = ROWS;
  /** The line that has not ended. */
  #line = '';
  /** Kept apart: to look at the line itself again with every piece takes time that grows with the square of a long one. */
  #isLineBlank = true;
  /** Rows of what is open that are on the screen, and the last of them; the cursor stands behind it. */
  #shownRows = 0;
  #shownLast = '';
  #hasPrinted = false;
  /** A blank line is the last that was printed. */
  #endsBlank = false;
  /** What is open may not stand where it was put: it is written on until nothing is open. */
  #isAdrift = false;
  #out = '';
  #isRedrawn = false;

  constructor(terminal: Terminal, renderer: BlockRenderer) {
    this.#terminal = terminal;
    this.#renderer = renderer;
    this.#open = new OpenRows(COLUMNS);
    this.resize(terminal.columns, terminal.rows);
  }

  write(chunk: string): void {
    this.#take(printableLines(this.#joint.take(chunk)));
    this.#flush();
  }

  end(): void {
    this.#take(printableLines(this.#joint.end()));
    if (this.#line !== '') this.#endLine();
    const last = this.#blocks.end();
    if (this.#isAdrift) this.#comeToRest();
    else if (last) this.#finish(last, this.#open.lineStart);
    this.#forgetOpen();
    this.#flush();
  }

  resize(columns: number, rows: number): void {
    const before = { columns: this.#columns, rows: this.#rows };
    this.#columns = Math.max(COLUMNS_MIN, columns || COLUMNS);
    this.#rows = Math.max(ROWS_MIN, rows || ROWS);
    if (this.#shownRows === 0) return;
    // Rows that were broken by us stay as they are, unless one is longer now than the terminal is wide.
    const isNarrower = this.#columns < before.columns && this.#open.widest() > this.#columns;
    const isCutOff = this.#rows < before.rows && this.#shownRows >= this.#rows;
    if (isNarrower || isCutOff) this.#isAdrift = true;
  }

  #take(text: string): void {
    for (const [at, piece] of text.split('\n').entries()) {
      if (at > 0) this.#endLine();
      this.#line += piece;
      this.#isLineBlank &&= isBlank(piece);
      if (this.#isAdrift) this.#out += piece;
      else this.#push(piece);
    }
  }

  #push(piece: string): void {
    this.#open.width = this.#blocks.isCode ? this.#columns : Math.min(this.#columns, TEXT_WIDTH_MAX);
    this.#open.push(piece);
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = '';
    this.#isLineBlank = true;
    const { closed, complete } = this.#blocks.line(line);
    if (this.#isAdrift) {
      this.#endLineAdrift(line);
      return;
    }
    if (closed) this.#finish(closed, this.#open.lineStart);
    if (complete) this.#finish(complete, this.#open.count);
    else if (this.#blocks.isOpen) this.#open.newLine();
    if (!this.#blocks.isOpen) this.#forgetOpen();
    else if (this.#blocks.isCode && this.#open.count > this.#rows / 2) this.#takeCode();
  }

  /** Long code is rendered part by part, while it still fits on the screen. */
  #takeCode(): void {
    const part = this.#blocks.takeCode();
    if (part) this.#finish(part, this.#open.lineStart);
  }

  /** `block` takes the place of the first `count` of the open rows, if they are all within reach. */
  #finish(block: Block, count: number): void {
    const lines = this.#open.count < this.#rows ? this.#renderer.lines(block, this.#columns) : undefined;
    if (lines === undefined || this.#isAlready(lines, count)) {
      if (count > 0) this.#keep(count, block.hasGap);
      return;
    }
    if (this.#shownRows === 0) this.#beginBlock(block.hasGap);
    this.#eraseShown();
    for (const line of lines) this.#out += `${line}\n`;
    this.#hasPrinted ||= lines.length > 0;
    this.#open.drop(count);
  }

  #isAlready(lines: readonly string[], count: number): boolean {
    return lines.length === count && lines.every((line, at) => line === this.#open.row(at).trimEnd());
  }

  /** The first `count` of the open rows stay as they are. */
  #keep(count: number, hasGap: boolean): void {
    if (this.#shownRows > count) {
      this.#shownRows -= count;
    } else {
      this.#showUpTo(count, hasGap);
      this.#out += '\n';
      this.#shownRows = 0;
      this.#endsBlank = isBlank(this.#open.row(count - 1));
    }
    this.#open.drop(count);
  }

  #flush(): void {
    const isNothing = !this.#blocks.isOpen && this.#isLineBlank;
    if (!this.#isAdrift && !isNothing) this.#showUpTo(this.#open.count, this.#blocks.hasGap);
    if (this.#out !== '') {
      this.#terminal.write(this.#isRedrawn ? UPDATE_BEGINS + this.#out + UPDATE_ENDS : this.#out);
    }
    this.#out = '';
    this.#isRedrawn = false;
  }

  #showUpTo(count: number, hasGap: boolean): void {
    if (this.#shownRows === 0) {
      this.#beginBlock(hasGap);
      this.#shownLast = '';
    } else {
      this.#shownRows -= 1;
    }
    for (let at = this.#shownRows; at < count; at += 1) {
      const row = this.#open.row(at);
      if (at > this.#shownRows) this.#out += `\n${row}`;
      else this.#out += row.startsWith(this.#shownLast) ? row.slice(this.#shownLast.length) : ERASE_BELOW + row;
    }
    this.#shownLast = this.#open.row(count - 1);
    this.#shownRows = count;
    this.#hasPrinted = true;
  }

  #beginBlock(hasGap: boolean): void {
    if (hasGap && this.#hasPrinted && !this.#endsBlank) this.#out += '\n';
    this.#endsBlank = false;
  }

  #eraseShown(): void {
    const isBare = this.#shownRows === 0 || (this.#shownRows === 1 && this.#shownLast === '');
    if (!isBare) {
      this.#out += this.#shownRows > 1 ? `\u001b[${this.#shownRows - 1}A${ERASE_BELOW}` : ERASE_BELOW;
      this.#isRedrawn = true;
    }
    this.#shownRows = 0;
  }

  /** Nothing is open: what is left is the blanks of a blank line. */
  #forgetOpen(): void {
    this.#eraseShown();
    this.#open.drop(this.#open.count);
  }

  #endLineAdrift(line: string): void {
    if (this.#blocks.isOpen || !isBlank(line)) this.#out += '\n';
    else if (line !== '') this.#out += ERASE_BELOW;
    if (!this.#blocks.isOpen) this.#comeToRest();
  }

  #comeToRest(): void {
    this.#isAdrift = false;
    this.#shownRows = 0;
    this.#open.drop(this.#open.count);
  }
}
