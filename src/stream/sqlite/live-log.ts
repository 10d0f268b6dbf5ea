/**
 * A log that is in memory: one that is written, or one that has ended and is still asked for. Its records are durable in
 * their order; readers see the durable ones. It holds the last ones; those before are in pieces on the disk.
 *
 *     stored  <=  durable  <=  sent  <=  last
 *     in pieces   readers see  under way  appended
 */
import { isTerminal, type LogEntry, type LogRecord } from '../record.js';
import { sizeOf } from './pieces.js';

/** What a record costs beside its text. */
const RECORD_BYTES = 100;

export interface LogPlace {
  readonly number: number;
  /** Sequence number of the last record, and size of the pieces, on the disk. */
  readonly last: number;
  readonly sizeBytes: number;
}

export class LiveLog {
  readonly id: string;
  readonly number: number;
  /** Characters of its pieces. */
  sizeBytes: number;
  /** It has a row of its own, which says that it has not ended. */
  isBegun = false;
  /** Epoch milliseconds of a last record that ends it. */
  endedAtMs: number | undefined;
  /** Its last record was told without being durable. */
  isCutOff = false;
  /** It is not in memory any more, at most on its way to the disk. */
  isForgotten = false;
  #entries: LogEntry[] = [];
  /** Sequence number before that of the first entry in memory. */
  #before: number;
  #stored: number;
  #durable: number;
  #sent: number;
  #visible: number;
  /** Of its entries in memory. */
  #memoryBytes = 0;
  #unstoredBytes = 0;

  constructor(id: string, { number, last, sizeBytes }: LogPlace) {
    this.id = id;
    this.number = number;
    this.sizeBytes = sizeBytes;
    this.#before = last;
    this.#stored = last;
    this.#durable = last;
    this.#sent = last;
    this.#visible = last;
  }

  get last(): number {
    return this.#before + this.#entries.length;
  }

  /** Sequence number of the last record that readers see. */
  get visible(): number {
    return this.#visible;
  }

  /** Positions from this one on can be read from memory. */
  get readableFrom(): number {
    return this.#before;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get unstoredBytes(): number {
    return this.#unstoredBytes;
  }

  /** Of what is appended and not even under way. */
  get unsentBytes(): number {
    return bytesOfAll(this.#entries.slice(this.#sent - this.#before));
  }

  get isUnstored(): boolean {
    return this.#stored < this.last;
  }

  get isUnsent(): boolean {
    return this.#sent < this.last;
  }

  append(record: LogRecord): void {
    this.#entries.push({ sequence: this.last + 1, record });
    const bytes = bytesOf(record);
    this.#memoryBytes += bytes;
    this.#unstoredBytes += bytes;
  }

  /** From memory: `after` is not before `readableFrom`. */
  read(after: number, limit: number): readonly LogEntry[] {
    const from = after - this.#before;
    return this.#entries.slice(from, Math.min(from + limit, this.#visible - this.#before));
  }

  /** What is to be written beside what is under way already; it is under way now. */
  send(): readonly LogEntry[] {
    const entries = this.#entries.slice(this.#sent - this.#before);
    this.#sent = this.last;
    return entries;
  }

  /** All that is not in a piece; it is under way now. */
  sendAll(): readonly LogEntry[] {
    this.#sent = this.last;
    return this.#entries.slice(this.#stored - this.#before);
  }

  /** What was under way is durable; `inPieces`: its place is final. */
  committed(inPieces: boolean): void {
    this.#durable = this.#sent;
    if (inPieces) {
      this.#stored = this.#sent;
      this.#unstoredBytes = bytesOfAll(this.#entries.slice(this.#stored - this.#before));
    }
    this.#see(this.isCutOff ? this.last : this.#durable);
  }

  /** Nothing of what was under way happened: it is still to be sent. */
  failed(): void {
    this.#sent = this.#durable;
  }

  /**
   * Ends it with that record, in place of what is neither under way nor seen. Readers see that at once, where nothing is
   * under way. Returns the bytes that it had more before.
   */
  cutOff(record: LogRecord): number {
    const bytes = this.#memoryBytes;
    const kept = Math.max(this.#sent, this.#visible);
    for (const { record: dropped } of this.#entries.splice(kept - this.#before)) {
      this.#memoryBytes -= bytesOf(dropped);
      this.#unstoredBytes -= bytesOf(dropped);
    }
    const final = this.#entries.at(-1);
    if (final === undefined || !isTerminal(final.record)) this.append(record);
    this.isCutOff = true;
    if (this.#sent === this.#durable) this.#see(this.last);
    return bytes - this.#memoryBytes;
  }

  /** Frees memory: of what is in pieces, only the newest `keepBytes` stay. */
  trim(keepBytes: number): void {
    let bytes = this.#memoryBytes - this.#unstoredBytes;
    let count = 0;
    while (bytes > keepBytes && this.#before + count < this.#stored) {
      const entry = this.#entries[count];
      if (entry === undefined) break;
      const freed = bytesOf(entry.record);
      bytes -= freed;
      this.#memoryBytes -= freed;
      count += 1;
    }
    this.#entries.splice(0, count);
    this.#before += count;
  }

  #see(visible: number): void {
    this.#visible = Math.max(this.#visible, visible);
  }
}

export function bytesOf(record: LogRecord): number {
  return RECORD_BYTES + sizeOf(record) * 2;
}

function bytesOfAll(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { record }) => sum + bytesOf(record), 0);
}
