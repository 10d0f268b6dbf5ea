/** Newline-delimited JSON: cuts bytes into lines, wherever the pieces of the stream were cut. No JSON is parsed here. */

const LINE_FEED = 0x0a;

export interface LineCutterOptions {
  /** Gets every line that is not blank, without its LF or CR LF. */
  readonly onLine: (line: string) => void;
  readonly lineBytesMax: number;
  /** A line is longer; whoever cuts on after that gets the rest of it as a line. */
  readonly onTooLong: () => void;
}

export class LineCutter {
  readonly #options: LineCutterOptions;
  #parts: Buffer[] = [];
  #sizeBytes = 0;

  constructor(options: LineCutterOptions) {
    this.#options = options;
  }

  feed(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      this.#keep(bytes.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  /** Gives out what came after the last line end. */
  end(): void {
    const line = Buffer.concat(this.#parts).toString('utf8').trim();
    this.#forget();
    if (line !== '') this.#options.onLine(line);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.#options.lineBytesMax) {
      this.#forget();
      this.#options.onTooLong();
    } else this.#parts.push(bytes);
  }

  #forget(): void {
    this.#parts = [];
    this.#sizeBytes = 0;
  }
}
