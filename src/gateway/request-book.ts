/**
 * Where the requests that ended are written down, those of one turn of the event loop together: one after the other, right behind
 * each answer, they would be a fifth of all that the gateway does for a small answer.
 */
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Metrics } from '../base/metrics.js';
import { TurnBatch } from '../base/turn-batch.js';
import { type RequestEnd, RequestRecord, type RequestSubject } from './request-record.js';

interface Entry {
  readonly record: RequestRecord;
  readonly end: RequestEnd;
  readonly endedAtMs: number;
}

const ENTRIES_MAX = 256;

export class RequestBook {
  readonly #parts: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics };
  readonly #ended = new TurnBatch<Entry>(ENTRIES_MAX, (entries) => {
    for (const { record, end, endedAtMs } of entries) record.end(end, endedAtMs);
  });

  constructor(parts: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics }) {
    this.#parts = parts;
  }

  begin(subject: RequestSubject): RequestRecord {
    return new RequestRecord(subject, this.#parts);
  }

  /** Nothing is left of the request. It is written down before anything else is read from a connection. */
  end(record: RequestRecord, end: RequestEnd): void {
    this.#ended.add({ record, end, endedAtMs: this.#parts.clock.now() });
  }

  /** Writes down what has ended so far. */
  flush(): void {
    this.#ended.flush();
  }

  close(): void {
    this.#ended.close();
  }
}
