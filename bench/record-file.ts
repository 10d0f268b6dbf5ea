/** `--records FILE`: a line of JSON for each request, written as they come in; what the disk cannot take waits in memory. */

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { GollamaError, messageOf } from '../src/base/errors.js';
import { recordLine } from './output/records.js';
import type { RequestRecord } from './record.js';

export class RecordFile {
  readonly #stream: WriteStream;
  #failure: Error | undefined;

  private constructor(stream: WriteStream) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** Throws `configuration` where the file cannot be written. */
  static async open(path: string): Promise<RecordFile> {
    const stream = createWriteStream(path);
    try {
      await once(stream, 'open');
    } catch (error) {
      throw new GollamaError('configuration', `cannot write ${path}: ${messageOf(error)}`, { cause: error });
    }
    return new RecordFile(stream);
  }

  add(record: RequestRecord): void {
    if (!this.#failure) this.#stream.write(`${recordLine(record)}\n`);
  }

  /** Idempotent. A failure of code `configuration` where not every record could be written. */
  async close(): Promise<GollamaError | undefined> {
    this.#stream.end();
    // A failure is remembered by whoever listens to it from the start.
    await finished(this.#stream).catch(() => {});
    if (!this.#failure) return undefined;
    return new GollamaError('configuration', `not every record could be written: ${this.#failure.message}`);
  }
}
