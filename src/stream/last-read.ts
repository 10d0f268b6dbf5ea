/**
 * What was read last from the logs in memory. The readers of a log are woken one after the other, and most of them are at the
 * same place: they share the very same array. One for all logs: one for each would live long enough to cost the garbage
 * collector more than it saves.
 */
import type { LogEntry } from './record.js';

/** What a reader asks of a log; `last` is the sequence number of the last record that can be read. */
export interface LogWindow<Log> {
  readonly log: Log;
  readonly after: number;
  readonly limit: number;
  readonly last: number;
}

export class LastRead<Log> {
  #window: LogWindow<Log> | undefined;
  #entries: readonly LogEntry[] = [];

  /** The same as `read` returned for that window, where it was the last one. */
  entries(window: LogWindow<Log>, read: (window: LogWindow<Log>) => readonly LogEntry[]): readonly LogEntry[] {
    const known = this.#window;
    const { log, after, limit, last } = window;
    if (known?.log !== log || known.after !== after || known.limit !== limit || known.last !== last) {
      this.#entries = read(window);
      this.#window = window;
    }
    return this.#entries;
  }
}
