/** The last bytes of an answer: where engines put what the gateway has to know. Keeps references, copies nothing. */

/** Usage, timings and `[DONE]` fit into this many times over. */
const TAIL_BYTES = 4096;

export class AnswerTail {
  #parts: Buffer[] = [];
  #sizeBytes = 0;

  add(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
    for (;;) {
      const oldest = this.#parts[0];
      if (oldest === undefined || this.#sizeBytes - oldest.length < TAIL_BYTES) return;
      this.#parts.shift();
      this.#sizeBytes -= oldest.length;
    }
  }

  /** At least the last 4 KiB of the answer, or all of it. */
  bytes(): Buffer {
    const [only, ...others] = this.#parts;
    return only !== undefined && others.length === 0 ? only : Buffer.concat(this.#parts);
  }
}
