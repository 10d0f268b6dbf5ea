/** Where somebody stands in a log, and what of the next records is to be told there. No I/O. */
import { isTerminal, type LogEntry } from './record.js';

/** Records in one step: all that is held in memory for one reader. */
export const STEP_MAX = 256;

const NOTHING: readonly LogEntry[] = [];

export class Cursor {
  #position: number;
  #wasKnown = false;
  #isOver = false;
  /** What is behind the position is not its end, unless nothing was told yet. */
  #mayHaveEnded = true;

  constructor(after: number) {
    this.#position = after;
  }

  /** Sequence number of the last record that was taken. */
  get position(): number {
    return this.#position;
  }

  /** True where nothing can follow: the log has ended here, or is not kept any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True where the record at the position may be the end of the log: where nothing follows, that has to be looked up. */
  get mayHaveEnded(): boolean {
    return this.#mayHaveEnded;
  }

  /**
   * The records behind the position as they were read (undefined: the log is not known), and the sequence number of the last
   * one there is now. What is told of them is the very same array where nothing is left out: many readers share it.
   */
  take(entries: readonly LogEntry[] | undefined, last: number): readonly LogEntry[] {
    if (entries === undefined) {
      this.#isOver = this.#wasKnown;
      return NOTHING;
    }
    this.#wasKnown = true;
    const final = entries.at(-1);
    if (final === undefined) return entries;
    this.#position = final.sequence;
    this.#mayHaveEnded = isTerminal(final.record);
    this.#isOver = this.#mayHaveEnded && final.sequence === last;
    // An end that was not the last word, as the task was tried again, is none.
    const isTold = ({ sequence, record }: LogEntry) => !isTerminal(record) || sequence === last;
    return entries.every(isTold) ? entries : entries.filter(isTold);
  }
}
