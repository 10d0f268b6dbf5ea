/** Text on a terminal while it comes, as it is, in rows of whole words: what has no Markdown, as reasoning. */
import { printableLines } from '../../base/printable.js';
import { type AnswerView, ChunkJoint } from './answer-view.js';
import { OpenRows } from './open-rows.js';

export interface FlowingTextOptions {
  /** 0: the terminal does not tell. */
  readonly columns: number;
  readonly write: (text: string) => void;
}

const ERASE_ROW = '\r\u001b[K';
const COLUMNS = 80;
/** Of the narrowest terminal that words are kept whole on. */
const COLUMNS_MIN = 10;

export class FlowingText implements AnswerView {
  readonly #write: (text: string) => void;
  readonly #joint = new ChunkJoint();
  readonly #rows = new OpenRows(COLUMNS);

  constructor({ columns, write }: FlowingTextOptions) {
    this.#write = write;
    this.resize(columns);
  }

  write(chunk: string): void {
    this.#show(printableLines(this.#joint.take(chunk)));
  }

  end(): void {
    this.#show(printableLines(this.#joint.end()));
    if (this.#rows.row(0) !== '') this.#write('\n');
  }

  /** A row that fills the terminal would leave it to the terminal where the cursor is. */
  resize(columns: number): void {
    this.#rows.width = Math.max(COLUMNS_MIN, columns || COLUMNS) - 1;
  }

  /** The row of the cursor is written anew, as its last word may have moved to the next one. */
  #show(text: string): void {
    if (text === '') return;
    for (const [at, line] of text.split('\n').entries()) {
      if (at > 0) this.#rows.newLine();
      this.#rows.push(line);
    }
    const { count } = this.#rows;
    const shown = Array.from({ length: count }, (_, at) => this.#rows.row(at));
    this.#rows.drop(count - 1);
    this.#write(ERASE_ROW + shown.join('\n'));
  }
}
