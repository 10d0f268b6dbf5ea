/** One client's connection: requests come one after the other, each is answered before the next is read. */
import type { Socket } from 'node:net';
import { jsonResponse } from './answer-bytes.js';
import { type MockRequest, RequestReader } from './request-reader.js';

/** Where the answer to one request goes. */
export interface AnswerSink {
  /** False once the client is gone, or does not read. */
  readonly isOpen: boolean;
  /** Bytes that wait for the client to read. */
  readonly waitingBytes: number;
  write(bytes: Buffer | string): void;
  /** Calls `run` once, when the client has taken what was written. */
  whenTaken(run: () => void): void;
  /** The answer is complete. */
  done(): void;
  /** Breaks the connection. */
  cut(): void;
}

export type Answerer = (request: MockRequest, sink: AnswerSink) => void;

/** A client that lets more than this pile up does not read: it is cut off. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

export class Connection implements AnswerSink {
  readonly #socket: Socket;
  readonly #answer: Answerer;
  readonly #reader = new RequestReader();
  #isAnswering = false;
  #closes = false;

  constructor(socket: Socket, answer: Answerer) {
    this.#socket = socket;
    this.#answer = answer;
    socket.setNoDelay(true);
    // A client that goes is no failure of the mock.
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      this.#reader.feed(bytes);
      this.#next();
    });
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer | string): void {
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
    if (this.#socket.writableLength > WAITING_BYTES_MAX) this.#socket.destroy();
  }

  whenTaken(run: () => void): void {
    if (this.#socket.writableNeedDrain) this.#socket.once('drain', run);
    else setImmediate(run);
  }

  done(): void {
    this.#isAnswering = false;
    if (this.#closes) this.#socket.end();
    else this.#next();
  }

  cut(): void {
    this.#socket.resetAndDestroy();
  }

  #next(): void {
    if (this.#isAnswering || !this.isOpen) return;
    const reading = this.#reader.next();
    if (reading.kind === 'more') return;
    if (reading.kind === 'refused') {
      this.write(jsonResponse(reading.status, { error: { message: 'request not understood' } }));
      this.#socket.end();
      return;
    }
    this.#isAnswering = true;
    this.#closes = reading.request.closes;
    this.#answer(reading.request, this);
  }
}
