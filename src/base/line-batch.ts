/**
 * Joins the lines of one turn of the event loop into one write: a busy server writes many lines a turn, and each write costs
 * more than the line. What was not written when the process exits is written then.
 */

export interface LineTarget {
  write(text: string): unknown;
}

/** A larger batch is written at once: a write must not be much larger than a small log file may be. */
const BATCH_CHARS_MAX = 16 * 1024;

export class LineBatch implements LineTarget {
  readonly #target: LineTarget;
  readonly #onExit = () => this.flush();
  #lines: string[] = [];
  #chars = 0;
  #scheduled = false;

  constructor(target: LineTarget) {
    this.#target = target;
    process.once('exit', this.#onExit);
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#chars += line.length;
    if (this.#chars >= BATCH_CHARS_MAX) this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#chars = 0;
    this.#target.write(text);
  }

  close(): void {
    this.flush();
    process.off('exit', this.#onExit);
  }
}
