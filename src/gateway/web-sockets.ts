/**
 * WebSockets on the port of the gateway. A request for one goes through the routes as every other request, so that keys,
 * origins and errors are dealt with in one place; its route then makes it a socket.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import { type Clock, pause } from '../base/clock.js';
import type { FramedSocket } from './shared-frame.js';

/** What clients say at once. */
const MESSAGE_BYTES_MAX = 64 * 1024;
/** For the closing handshake at the end of the server. */
const CLOSE_PATIENCE_MS = 1_000;
/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
/** In front of a key among the subprotocols: the one field of the request that a page can set. */
const KEY_PREFIX = 'bearer.';

interface Upgrade {
  readonly socket: Socket;
  /** What the client sent behind its request. */
  readonly head: Buffer;
}

export class WebSockets {
  readonly #clock: Clock;
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    handleProtocols: (offered) => [...offered].find((name) => !name.startsWith(KEY_PREFIX)) ?? [...offered][0] ?? false,
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has to be among the routes of the gateway, once. */
  readonly routes = (server: FastifyInstance): void => {
    server.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // It may be reset at any time, also while nobody else listens.
      socket.on('error', () => socket.destroy());
      if (wantsWebSocket(request)) this.#route(server, request, { socket, head });
      else takeAsPlain(server, request, { socket, head });
    });
    server.addHook('preClose', () => this.#closeAll());
  };

  /** True for a request that `accept` can make a socket. */
  isUpgrade(request: FastifyRequest): boolean {
    return this.#upgrades.has(request.raw);
  }

  /** Undefined where the handshake was wrong: then the client has been told. */
  accept(request: FastifyRequest, reply: FastifyReply): FramedSocket | undefined {
    const upgrade = this.#upgrades.get(request.raw);
    if (!upgrade) return undefined;
    this.#upgrades.delete(request.raw);
    reply.hijack();
    reply.raw.detachSocket(upgrade.socket);
    this.#server.once('headers', (lines: string[]) => lines.push(`x-request-id: ${request.id}`));
    const { socket: wire, head } = upgrade;
    let accepted: FramedSocket | undefined;
    this.#server.handleUpgrade(request.raw, wire, head, (socket) => {
      accepted = { socket, wire };
    });
    // Of a handshake that failed; the next one has an id of its own.
    this.#server.removeAllListeners('headers');
    return accepted;
  }

  #route(server: FastifyInstance, request: IncomingMessage, upgrade: Upgrade): void {
    const key = keyAmong(request.headers['sec-websocket-protocol']);
    if (key !== undefined) request.headers.authorization ??= `Bearer ${key}`;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(upgrade.socket);
    // Of an answer that is no socket.
    response.once('finish', () => upgrade.socket.destroySoon());
    this.#upgrades.set(request, upgrade);
    server.routing(request, response);
  }

  async #closeAll(): Promise<void> {
    const sockets = [...this.#server.clients];
    const closed = new AbortController();
    let open = sockets.length;
    for (const socket of sockets) {
      socket.once('close', () => {
        open -= 1;
        if (open === 0) closed.abort();
      });
      socket.close(GOING_AWAY, 'the server stops');
    }
    if (open > 0) await pause(this.#clock, CLOSE_PATIENCE_MS, closed.signal);
    for (const socket of sockets) socket.terminate();
  }
}

function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** The key in `bearer.<key>`, with everything that a subprotocol cannot hold encoded as in a URL. */
function keyAmong(protocols: string | undefined): string | undefined {
  const names = protocols?.split(',').map((name) => name.trim());
  const encoded = names?.find((name) => name.startsWith(KEY_PREFIX))?.slice(KEY_PREFIX.length);
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/**
 * A client may offer other protocols beside what it asks (Java's HttpClient offers `h2c` with every request), and is to
 * be answered as if it had not (RFC 9110 section 7.8). Node has given up the connection for such a request as soon as
 * anybody listens for upgrades: it begins again, without the offer.
 */
function takeAsPlain(server: FastifyInstance, request: IncomingMessage, { socket, head }: Upgrade): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(at, at + 2);
    if (name.toLowerCase() === 'upgrade') continue;
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.server.emit('connection', socket);
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => option.toLowerCase() !== 'upgrade').join(', ') || 'keep-alive';
}
