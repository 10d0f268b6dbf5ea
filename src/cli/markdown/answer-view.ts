/** Where an answer is shown while it comes. */

export interface AnswerView {
  write(chunk: string): void;
  /** The answer is over, or was stopped: everything is shown, and the cursor stands at the begin of a line. */
  end(): void;
  /** The terminal has another size now. */
  resize(columns: number, rows: number): void;
}

/** Joins what chunks have cut apart: the two halves of a character, and of a line end. */
export class ChunkJoint {
  #rest = '';

  take(chunk: string): string {
    const text = this.#rest + chunk;
    this.#rest = /[\r\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    return text.slice(0, text.length - this.#rest.length);
  }

  /** What waited for a part that did not come. */
  end(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }
}
