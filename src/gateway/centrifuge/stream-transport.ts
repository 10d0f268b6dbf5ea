/** A connection whose frames go out in the body of one answer: server-sent events, lines of JSON. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../../base/clock.js';
import { DISCONNECTS, type Disconnect } from '../../protocol/channel.js';
import { CLIENT_STALL_MS } from '../drained.js';
import type { AnswerHeaders } from '../respond.js';
import type { Connection, Transport } from './connection.js';
import type { Message, Session } from './machine.js';
import type { OpenConnections } from './open-connections.js';

/** How messages are written. */
export interface StreamFormat {
  readonly contentType: string;
  /** Written at once, so that the client sees that it is heard. */
  readonly preamble: string;
  message(message: Message): string;
  /** The last words, as the transport has no codes of its own. */
  farewell(disconnect: Disconnect): string;
}

export interface StreamParts {
  readonly open: OpenConnections;
  readonly clock: Clock;
}

/** As Centrifuge sends them, and for proxies: none of them may hold back, change or keep what is written. */
const HEADERS = {
  'cache-control': 'private, no-cache, no-store, no-transform, must-revalidate, max-age=0',
  pragma: 'no-cache',
  expire: '0',
  'x-accel-buffering': 'no',
};

/** Begins the answer and the connection on it. `sessionId`: see `OpenConnections.open`. */
export function openStream(
  { open, clock }: StreamParts,
  reply: FastifyReply,
  format: StreamFormat,
  session: Session,
  sessionId?: string,
): Connection {
  reply.hijack();
  const response = reply.raw;
  const headers: AnswerHeaders = { ...reply.getHeaders(), 'content-type': format.contentType, ...HEADERS };
  response.writeHead(200, headers);
  if (format.preamble === '') response.flushHeaders();
  else response.write(format.preamble);
  const transport = new StreamTransport(response, clock, format);
  const connection = open.open(transport, session, sessionId);
  response.on('drain', () => {
    transport.hasDrained();
    connection.drained();
  });
  // Of a broken connection; `close` tells the rest.
  response.on('error', () => {});
  const gone = () => {
    transport.hasClosed();
    connection.closed();
    open.left();
  };
  if (response.destroyed || response.req.socket.destroyed) gone();
  else response.once('close', gone);
  return connection;
}

class StreamTransport implements Transport {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #format: StreamFormat;
  #isBehind = false;
  #cancelPatience = () => {};

  constructor(response: ServerResponse, clock: Clock, format: StreamFormat) {
    this.#response = response;
    this.#clock = clock;
    this.#format = format;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  get pendingBytes(): number {
    return this.#response.writableLength;
  }

  send(messages: readonly Message[]): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    const hasTaken = this.#response.write(messages.map((message) => this.#format.message(message)).join(''));
    if (!hasTaken) this.#isBehind = true;
  }

  /** What the client has not taken yet is still held for it, unless that is why it is left. */
  close(disconnect: Disconnect): void {
    const response = this.#response;
    if (disconnect.code === DISCONNECTS.slow.code) {
      response.destroy();
      return;
    }
    response.end(this.#format.farewell(disconnect));
    if (response.destroyed) return;
    const patience = this.#clock.after(CLIENT_STALL_MS, () => response.destroy());
    this.#cancelPatience = () => patience.cancel();
  }

  hasDrained(): void {
    this.#isBehind = false;
  }

  hasClosed(): void {
    this.#cancelPatience();
  }
}
