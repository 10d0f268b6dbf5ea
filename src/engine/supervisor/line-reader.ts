/**
 * Cuts a child's output into lines and never stops reading.
 *
 * A reader that gives up on a long line lets the pipe fill, and then the child blocks on its next write for good: so a
 * line of any length is read to its end, and only its beginning is kept.
 */

const LINE_BYTES_MAX = 64 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineReader {
  readonly #onLine: (line: string) => void;
  #parts: Buffer[] = [];
  #keptBytes = 0;
  #lostBytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Lines end with LF, CR LF, or a lone CR (progress bars); empty lines are left out. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) continue;
      this.#keep(chunk.subarray(start, at));
      this.#flush();
      start = at + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** Gives out what came after the last line end. */
  end(): void {
    this.#flush();
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const kept = bytes.subarray(0, LINE_BYTES_MAX - this.#keptBytes);
    this.#lostBytes += bytes.length - kept.length;
    if (kept.length === 0) return;
    this.#keptBytes += kept.length;
    this.#parts.push(kept);
  }

  #flush(): void {
    if (this.#keptBytes === 0) return;
    const text = Buffer.concat(this.#parts).toString('utf8');
    const line = this.#lostBytes === 0 ? text : `${text} ... (${this.#lostBytes} bytes more)`;
    this.#parts = [];
    this.#keptBytes = 0;
    this.#lostBytes = 0;
    this.#onLine(line);
  }
}
