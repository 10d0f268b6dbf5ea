/**
 * An answer whose clients come and go: it takes what the relay writes, as the response of a client would, passes it on to
 * those that are there, and keeps it for those that come. Bytes only: nothing is parsed or changed.
 *
 * While it does not keep, it is a mirror: its one client's pace is the pace of the engine. While it keeps, nobody waits for
 * a slow client.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.js';
import { AnswerTail } from '../answer-tail.js';
import type { ClientResponse } from '../client-response.js';
import { drained } from '../drained.js';
import type { AnswerHeaders } from '../respond.js';
import { streamEnding } from '../stream-ending.js';

export interface KeptAnswerOptions {
  readonly clock: Clock;
  /** True where everything is kept from the first byte on. */
  readonly keeps: boolean;
  /** Most that is kept; of a larger answer nothing is. */
  readonly sizeBytesMax: number;
}

interface Client {
  readonly response: ServerResponse;
  /** Its own fields of the head. */
  readonly headers: AnswerHeaders;
  /** Aborts when it has gone. */
  readonly signal: AbortSignal;
  isBehind: boolean;
}

/** `cut`: broken off before its end. */
type State = 'open' | 'ended' | 'cut';

export class KeptAnswer implements ClientResponse {
  readonly req = { socket: { destroy: () => this.destroy() } };
  readonly #options: KeptAnswerOptions;
  readonly #clients = new Set<Client>();
  readonly #listeners = { close: new Set<() => void>(), drain: new Set<() => void>() };
  readonly #tail = new AnswerTail();
  #head: { readonly status: number; readonly headers: AnswerHeaders } | undefined;
  #parts: Buffer[] = [];
  #sizeBytes = 0;
  #keeps: boolean;
  #isWhole = true;
  #state: State = 'open';

  constructor(options: KeptAnswerOptions) {
    this.#options = options;
    this.#keeps = options.keeps;
  }

  /** True where who comes now gets the answer from its beginning. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get hasEnded(): boolean {
    return this.#state !== 'open';
  }

  /** True where it ended as an answer ends that is worth to be given again. */
  get isGood(): boolean {
    const isTold = this.#head !== undefined && this.#head.status < 300;
    return this.#state === 'ended' && isTold && streamEnding(this.#tail.bytes()) !== 'error';
  }

  /** What it holds in memory. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** From now on everything is kept, or nothing any more. Only before the first byte can it begin to be kept whole. */
  set keeps(keeps: boolean) {
    this.#keeps = keeps;
    if (!keeps && this.#head) this.#drop();
  }

  /** A client gets all there is, and what comes. Its head has these fields in place of the answer's own. */
  attach(response: ServerResponse, headers: AnswerHeaders, signal: AbortSignal): void {
    const client: Client = { response, headers, signal, isBehind: false };
    if (this.#state === 'cut') {
      response.destroy();
      return;
    }
    if (this.#head) response.writeHead(this.#head.status, { ...this.#head.headers, ...headers });
    if (this.#state === 'ended') {
      this.#give(client, this.#parts);
      response.end();
      if (!response.writableFinished) void drained(response, this.#options.clock, signal);
      return;
    }
    this.#clients.add(client);
    if (this.#parts.length > 0) this.#give(client, this.#parts);
    else if (this.#head) response.flushHeaders();
  }

  /** The client has gone. */
  detach(response: ServerResponse): void {
    for (const client of this.#clients) if (client.response === response) this.#clients.delete(client);
    this.#lookDrained();
  }

  /** Nobody wants it any more: for whoever writes it, its client has gone. */
  abandon(): void {
    if (this.#state !== 'open') return;
    this.#state = 'cut';
    this.#drop();
    this.#tell('close');
  }

  get headersSent(): boolean {
    return this.#head !== undefined;
  }

  get destroyed(): boolean {
    return this.#state === 'cut';
  }

  get writableNeedDrain(): boolean {
    if (this.#keeps) return false;
    for (const { response } of this.#clients) if (response.writableNeedDrain) return true;
    return false;
  }

  get statusCode(): number {
    return this.#head?.status ?? 200;
  }

  writeHead(status: number, headers: AnswerHeaders): void {
    this.#head = { status, headers };
    if (!this.#keeps) this.#isWhole = false;
    for (const { response, headers: own } of this.#clients) response.writeHead(status, { ...headers, ...own });
  }

  flushHeaders(): void {
    for (const { response } of this.#clients) response.flushHeaders();
  }

  write(bytes: Buffer | string): boolean {
    const part = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    this.#take(part);
    for (const client of this.#clients) this.#give(client, [part]);
    return !this.writableNeedDrain;
  }

  end(last?: Buffer | string): void {
    if (this.#state !== 'open') return;
    if (last !== undefined) this.#take(typeof last === 'string' ? Buffer.from(last) : last);
    this.#state = 'ended';
    for (const { response, signal } of this.#clients) {
      if (last === undefined) response.end();
      else response.end(last);
      if (response.writableNeedDrain) void drained(response, this.#options.clock, signal);
    }
    this.#clients.clear();
    this.#tell('close');
  }

  destroy(): void {
    if (this.#state !== 'open') return;
    this.#state = 'cut';
    for (const { response } of this.#clients) response.destroy();
    this.#clients.clear();
    this.#drop();
    this.#tell('close');
  }

  on(event: 'close' | 'drain', listener: () => void): this {
    this.#listeners[event].add(listener);
    return this;
  }

  once(event: 'close' | 'drain', listener: () => void): this {
    const once = () => {
      this.#listeners[event].delete(once);
      listener();
    };
    return this.on(event, once);
  }

  #take(part: Buffer): void {
    this.#tail.add(part);
    if (!this.#keeps) return;
    this.#parts.push(part);
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > this.#options.sizeBytesMax) this.keeps = false;
  }

  #give(client: Client, parts: readonly Buffer[]): void {
    let takesMore = true;
    for (const part of parts) takesMore = client.response.write(part);
    if (takesMore || client.isBehind) return;
    client.isBehind = true;
    void drained(client.response, this.#options.clock, client.signal).then(() => {
      client.isBehind = false;
      this.#lookDrained();
    });
  }

  #lookDrained(): void {
    if (this.#state === 'open' && !this.writableNeedDrain) this.#tell('drain');
  }

  #drop(): void {
    this.#parts = [];
    this.#sizeBytes = 0;
    this.#isWhole = false;
  }

  #tell(event: 'close' | 'drain'): void {
    for (const listener of [...this.#listeners[event]]) listener();
  }
}
