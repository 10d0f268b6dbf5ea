/** A stream of tokens on its way to one client: paced, or as fast as it is taken. */
import type { AnswerFacts, ChunkBytes } from './answer-bytes.js';
import { STREAM_HEAD } from './answer-bytes.js';
import type { AnswerSink } from './connection.js';
import type { PacedStream } from './pacer.js';

export interface StreamOptions {
  readonly chunks: ChunkBytes;
  readonly tokensPerChunk: number;
  readonly facts: AnswerFacts;
  readonly sink: AnswerSink;
  /** The time of sending, where events carry it. */
  readonly stampUs: (() => number) | undefined;
}

/** Events of one write where there is no pace. */
const BURST_EVENTS = 32;

export class StreamedAnswer implements PacedStream {
  readonly #options: StreamOptions;
  #leftEvents: number;
  #begun = false;

  /** Sends the head. */
  constructor(options: StreamOptions) {
    this.#options = options;
    this.#leftEvents = Math.ceil(options.facts.tokens / options.tokensPerChunk);
    options.sink.write(STREAM_HEAD);
  }

  /** One event, in a write of its own. */
  write(): boolean {
    const { sink, chunks, stampUs } = this.#options;
    if (!sink.isOpen) return false;
    if (!this.#begun || this.#leftEvents <= 1) return this.#writeOuter();
    sink.write(stampUs ? chunks.stamped(stampUs()) : chunks.plain);
    this.#leftEvents -= 1;
    return true;
  }

  /** Everything that is left, as fast as the client takes it. */
  burst(): void {
    const { sink, chunks, stampUs } = this.#options;
    if (!sink.isOpen) return;
    if (!this.#begun || this.#leftEvents <= 1) {
      if (!this.#writeOuter()) return;
    } else {
      const events = Math.min(BURST_EVENTS, this.#leftEvents - 1);
      const text = stampUs ? chunks.stamped(stampUs()) : chunks.plain.toString('latin1');
      sink.write(text.repeat(events));
      this.#leftEvents -= events;
    }
    sink.whenTaken(() => this.burst());
  }

  /** The first event and the last: what else the stream has to say goes with them. */
  #writeOuter(): boolean {
    const { sink, chunks, stampUs, facts } = this.#options;
    const opening = this.#begun ? '' : chunks.opening();
    const token = this.#leftEvents === 0 ? '' : stampUs ? chunks.stamped(stampUs()) : chunks.plain.toString('latin1');
    this.#begun = true;
    this.#leftEvents = Math.max(0, this.#leftEvents - 1);
    const isLast = this.#leftEvents === 0;
    sink.write(opening + token + (isLast ? chunks.ending(facts) : ''));
    if (isLast) sink.done();
    return !isLast;
  }
}
