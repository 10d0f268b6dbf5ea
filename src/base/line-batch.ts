/**
 * Joins the lines of one turn of the event loop into one write: a busy server writes many lines a turn, and each write costs
 * more than the line. What was not written when the process exits is written then.
 */

export interface LineTarget {
  write(text: string): unknown;
}

export class LineBatch implements LineTarget {
  readonly #target: LineTarget;
  readonly #onExit = () => this.flush();
  #lines: string[] = [];
  #scheduled = false;

  constructor(target: LineTarget) {
    this.#target = target;
    process.once('exit', this.#onExit);
  }

  write(line: string): void {
    this.#lines.push(line);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#target.write(text);
  }

  close(): void {
    this.flush();
    process.off('exit', this.#onExit);
  }
}
