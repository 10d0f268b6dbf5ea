/**
 * Joins the lines of one turn of the event loop into one write for each target: a busy server writes many lines a turn, and each
 * write costs more than the line.
 */
import { TurnBatch } from './turn-batch.js';

export interface LineTarget {
  /** UTF-8. */
  write(text: Buffer): unknown;
}

/** A larger batch is written at once: a write must not be much larger than a small log file may be. */
const BATCH_CHARS_MAX = 16 * 1024;

export class LineBatch {
  readonly #lines: TurnBatch<string>;
  #chars = 0;

  constructor(targets: readonly LineTarget[]) {
    // An empty line has a character too.
    this.#lines = new TurnBatch(BATCH_CHARS_MAX, (lines) => {
      this.#chars = 0;
      const text = Buffer.from(lines.join(''));
      for (const target of targets) target.write(text);
    });
  }

  write(line: string): void {
    this.#chars += line.length;
    this.#lines.add(line);
    if (this.#chars >= BATCH_CHARS_MAX) this.#lines.flush();
  }

  close(): void {
    this.#lines.close();
  }
}
