/** A stream that is written by hand: its head, pieces at the pace of the client, signs of life, and its end. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.js';
import { drained } from './drained.js';
import type { AnswerHeaders } from './respond.js';

/** For proxies: none of them may hold back, change or pack what is written. */
const STREAM_HEADERS = { 'cache-control': 'no-cache, no-store, no-transform', 'x-accel-buffering': 'no' };

export interface StreamedReplyOptions {
  readonly response: ServerResponse;
  /** All fields of the answer. */
  readonly headers: AnswerHeaders;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class StreamedReply {
  readonly #options: StreamedReplyOptions;
  #wroteAtMs: number;

  constructor(options: StreamedReplyOptions) {
    this.#options = options;
    this.#wroteAtMs = options.clock.now();
  }

  /** True once the head has been sent: from then on there is no other status. */
  get started(): boolean {
    return this.#options.response.headersSent;
  }

  /** Since the last piece. */
  get silentMs(): number {
    return this.#options.clock.now() - this.#wroteAtMs;
  }

  begin(): void {
    const { response, headers } = this.#options;
    if (!this.started) response.writeHead(200, { ...headers, ...STREAM_HEADERS });
  }

  /** Resolves when the client is ready for more, or has gone. */
  async write(text: string): Promise<void> {
    const { response, clock, signal } = this.#options;
    this.begin();
    this.#wroteAtMs = clock.now();
    if (!response.write(text)) await drained(response, clock, signal);
  }

  /** A whole answer, where nothing was sent before. */
  answer(status: number, headers: AnswerHeaders, text: string): void {
    const { response } = this.#options;
    response.writeHead(status, { ...this.#options.headers, ...headers, 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }

  /** Ends it well; true where the client has taken all of it. */
  async end(text = ''): Promise<boolean> {
    const { response, clock, signal } = this.#options;
    this.begin();
    response.end(text);
    if (!response.writableFinished) await drained(response, clock, signal);
    return response.writableFinished;
  }

  /** Breaks it off, so that it cannot be taken for a whole answer. */
  cut(): void {
    this.#options.response.destroy();
  }
}
