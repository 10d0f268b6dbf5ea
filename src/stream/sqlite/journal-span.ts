/** Which rows of the journal are there, how large they are, and which logs still need them. No I/O. */
import type { LiveLog } from './live-log.js';

export class JournalSpan {
  #first = 1;
  readonly #sizes: number[] = [];
  #sizeBytes = 0;
  /** By log: the first row that it needs; in the order of these rows. */
  readonly #needed = new Map<LiveLog, number>();

  /** Number of the next row. */
  get next(): number {
    return this.#first + this.#sizes.length;
  }

  get rows(): number {
    return this.#sizes.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Needs the oldest row. */
  get oldest(): LiveLog | undefined {
    return this.#needed.keys().next().value;
  }

  /** The next row, with records of these logs. */
  add(sizeBytes: number, logs: Iterable<LiveLog>): void {
    for (const log of logs) if (!this.#needed.has(log)) this.#needed.set(log, this.next);
    this.#sizes.push(sizeBytes);
    this.#sizeBytes += sizeBytes;
  }

  /** These logs need none of the rows any more. */
  release(logs: Iterable<LiveLog>): void {
    for (const log of logs) this.#needed.delete(log);
  }

  /** The first row that will be needed when these logs are released. */
  firstNeeded(without: ReadonlySet<LiveLog>): number {
    for (const [log, row] of this.#needed) if (!without.has(log)) return row;
    return this.next;
  }

  cut(firstKept: number): void {
    const count = Math.max(0, Math.min(firstKept - this.#first, this.#sizes.length));
    for (const sizeBytes of this.#sizes.splice(0, count)) this.#sizeBytes -= sizeBytes;
    this.#first += count;
  }
}
