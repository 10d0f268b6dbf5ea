/** The HTTP server: limits, who may call, and which route answers. */
import { randomUUID } from 'node:crypto';
import type { OutgoingMessage } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.js';
import { GollamaError, toGollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Service } from '../base/service.js';
import { errorEnvelope } from '../protocol/error.js';
import { type ApiKey, Authenticator, type Caller, presentedKey } from './auth.js';
import { allowsOrigin, guardAgainstPages } from './browser-guard.js';
import { CENTRIFUGE_PATHS } from './centrifuge/paths.js';
import type { ListenAddress } from './listen-address.js';
import { errorBody } from './respond.js';
import { toldError } from './told-error.js';

export interface GatewayOptions {
  readonly clock: Clock;
  readonly address: ListenAddress;
  readonly apiKeys: readonly ApiKey[];
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  /** Time for the head of a request, and for all of it. */
  readonly headerTimeoutMs: number;
  readonly uploadTimeoutMs: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Connections without a request are kept as long; longer than a usual proxy in front keeps them. */
const KEEP_ALIVE_MS = 75_000;
/** How exactly the time limits of uploads are kept. */
const TIMEOUT_CHECK_MS = 1_000;
/** Answered without a key here: watchdogs have none, and the clients of Centrifuge show theirs in their own way. */
const OPEN_PATHS = new Set(['/health', '/healthz', ...CENTRIFUGE_PATHS]);
/** What can be followed with a ticket in place of a key. */
const TICKET_PATHS = /^\/(ws|api\/tasks\/[^/]+\/stream|(api|ai)\/chat\/[^/]+\/stream)$/;

const EXPOSED_HEADERS =
  'X-Request-Id, Retry-After, X-Gollama-Engine, X-Gollama-Queue-Ms, X-Gollama-Attempts, X-Gollama-Simulated, ' +
  'X-Total-Count, X-Next-Cursor';
/** Of one part of a path: a task's id has up to 200 characters, of which each may be encoded as twelve. */
const PATH_PART_MAX = 2_400;

/** Adds routes to the server. */
export type Routes = (server: FastifyInstance) => void;

export class Gateway implements Service {
  readonly #options: GatewayOptions;
  readonly #server: FastifyInstance;
  readonly #auth: Authenticator;
  readonly #logger: Logger;
  #listening: Promise<void> | undefined;

  constructor(options: GatewayOptions, routes: readonly Routes[], logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#auth = new Authenticator(options.apiKeys);
    this.#server = Fastify({
      bodyLimit: options.maxBodyBytes,
      requestTimeout: options.uploadTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node takes no headers timeout above the request timeout.
      http: {
        requestTimeout: options.uploadTimeoutMs,
        headersTimeout: Math.min(options.headerTimeoutMs, options.uploadTimeoutMs || options.headerTimeoutMs),
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      },
      forceCloseConnections: true,
      return503OnClosing: false,
      genReqId: (request) => requestId(request.headers['x-request-id']),
      clientErrorHandler: answerBrokenRequest,
      // The form that clients use with a proxy (RFC 9112 section 3.2.2): engines are to see the path alone.
      rewriteUrl: ({ url = '/' }) => url.replace(/^https?:\/\/[^/?#]*\/?/i, '/'),
      frameworkErrors: answerBadUrl,
      routerOptions: { maxParamLength: PATH_PART_MAX },
    });
    this.#install(routes);
  }

  /** The port that was given, or the one that was chosen for port 0. */
  get url(): string {
    const { host } = this.#options.address;
    const address = this.#server.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#options.address.port;
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  start(): Promise<void> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#options.address;
    try {
      await this.#server.listen({ host, port });
    } catch (error) {
      throw listenFailure(error, host, port);
    }
  }

  #install(routes: readonly Routes[]): void {
    const server = this.#server;
    server.removeAllContentTypeParsers();
    // By name too: the one for all others is looked for last.
    for (const type of ['application/json', '*']) {
      server.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    }
    server.decorateRequest('caller');
    server.addHook('onRequest', (request, reply, done) => {
      if (this.#admit(request, reply)) done();
    });
    server.setErrorHandler((error: FastifyError | GollamaError, request, reply) => {
      const told = toTold(error, this.#options.maxBodyBytes);
      if (told.code === 'internal') this.#logger.error({ err: error, request: request.id }, 'a route failed');
      const caller = request.caller ?? { admin: !this.#auth.required };
      if (told.retryAfterS !== undefined) reply.header('retry-after', told.retryAfterS);
      return reply.code(told.status).send(errorBody(toldError(told, caller), pathOf(request.url)));
    });
    server.setNotFoundHandler((request, reply) => {
      const allowed = allowedMethods(server, request.url);
      if (allowed.length > 0) reply.header('allow', allowed.join(', '));
      throw unknownRoute(request, allowed);
    });
    for (const install of routes) install(server);
  }

  /** Before the body is read: what the caller may not send is not taken in. False where it is answered already. */
  #admit(request: FastifyRequest, reply: FastifyReply): boolean {
    const { headers } = request;
    const { corsOrigins, address } = this.#options;
    reply.header('x-request-id', request.id);
    guardAgainstPages(headers, { trustsLoopback: address.loopback && !this.#auth.required, corsOrigins });
    const { origin } = headers;
    if (origin !== undefined && allowsOrigin(origin, corsOrigins)) {
      allowCrossOrigin(reply, origin, headers['access-control-request-headers']);
      if (request.method === 'OPTIONS') {
        reply.code(204).send();
        return false;
      }
    }
    const path = pathOf(request.url);
    if (!OPEN_PATHS.has(path)) request.caller = this.#ticketHolder(request, path) ?? this.#auth.authenticate(headers);
    return true;
  }

  /** Who follows a stream with a ticket, as it cannot send a key. Throws `unauthorized`. */
  #ticketHolder(request: FastifyRequest, path: string): Caller | undefined {
    if (request.method !== 'GET' || !TICKET_PATHS.test(path) || !this.#auth.required) return undefined;
    const ticket = new URL(request.url, 'http://localhost').searchParams.get('ticket');
    if (ticket === null || presentedKey(request.headers) !== undefined) return undefined;
    const holder = this.#auth.holderOf(ticket, this.#options.clock.epoch());
    if (!holder) throw new GollamaError('unauthorized', 'the ticket is not good, or not any more: POST /api/tickets');
    return holder;
  }
}

function requestId(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && /^[\w.:-]{1,128}$/.test(sent) ? sent : randomUUID();
}

/** `asked`: the fields that the page wants to send. Clients invent their own (`x-stainless-os`), so there is no list. */
function allowCrossOrigin(reply: FastifyReply, origin: string, asked: string | undefined): void {
  reply.header('access-control-allow-origin', origin);
  reply.header('vary', 'Origin');
  reply.header('access-control-allow-methods', 'GET, POST, DELETE, OPTIONS');
  if (asked !== undefined) reply.header('access-control-allow-headers', asked);
  reply.header('access-control-expose-headers', EXPOSED_HEADERS);
}

/** A path that cannot be decoded: the framework gives it to no hook and no error handler. */
function answerBadUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const told = new GollamaError('invalid_request', error.message, { cause: error });
  reply
    .header('x-request-id', request.id)
    .code(told.status)
    .send(errorBody(told, pathOf(request.url)));
}

/** What Node says of it, in words; others keep its code. */
const BROKEN: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the headers of the request are too large: they may have 16 KiB',
};

/** A request that is not HTTP, or did not come in time: no route has seen it, the socket is all there is. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // What is written now would land inside the answer that is under way on this connection.
  if (!socket.writable || answerOn(socket)?.headersSent) {
    socket.destroy();
    return;
  }
  const told =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new GollamaError('upload_timeout', 'the request did not arrive in time')
      : new GollamaError(
          'invalid_request',
          BROKEN[error.code ?? ''] ?? `this is not a valid HTTP request (${error.code ?? error.message})`,
        );
  const body = JSON.stringify(errorEnvelope(told));
  socket.write(
    `HTTP/1.1 ${told.status} ${told.status === 408 ? 'Request Timeout' : 'Bad Request'}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Who sends slowly may also be slow to close: the connection does not wait for it.
  socket.destroySoon();
}

/** The answer that is being written to a connection. Node tells it in no other way. */
function answerOn(socket: Socket & { _httpMessage?: OutgoingMessage | null }): OutgoingMessage | undefined {
  return socket._httpMessage ?? undefined;
}

function toTold(error: FastifyError | GollamaError, maxBodyBytes: number): GollamaError {
  if (error instanceof GollamaError) return error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new GollamaError('body_too_large', `the request body is larger than ${maxBodyBytes} bytes`, {
      hint: 'server.max_body sets the limit',
    });
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new GollamaError('invalid_request', error.message, { cause: error });
  }
  return toGollamaError(error);
}

function unknownRoute(request: FastifyRequest, allowed: readonly string[]): GollamaError {
  const path = pathOf(request.url);
  if (allowed.length > 0) {
    return new GollamaError('method_not_allowed', `${path} does not take ${request.method}, but ${allowed.join(', ')}`);
  }
  return new GollamaError('not_found', `there is nothing at ${path}`);
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

function allowedMethods(server: FastifyInstance, url: string): string[] {
  const path = pathOf(url);
  const patterns = [path, ...(path.startsWith('/v1/models/') ? ['/v1/models/*'] : [])];
  if (path.startsWith('/api/tasks/')) patterns.push(path.replace(/^(\/api\/tasks\/)[^/]+/, '$1:id'));
  const isRelayed = path.startsWith('/v1/') && !path.startsWith('/v1/models');
  return (['GET', 'HEAD', 'POST', 'DELETE'] as const).filter(
    (method) => patterns.some((url) => server.hasRoute({ method, url })) || (method === 'POST' && isRelayed),
  );
}

function listenFailure(error: unknown, host: string, port: number): GollamaError {
  const code = (error as { code?: string }).code;
  if (code === 'EADDRINUSE') {
    return new GollamaError('configuration', `${host}:${port} is in use by another program`, {
      cause: error,
      hint: `is it gollama already? "gollama status" tells; otherwise: gollama serve --port ${port + 1}`,
    });
  }
  return new GollamaError('configuration', `cannot listen on ${host}:${port}: ${toGollamaError(error).message}`, {
    cause: error,
    hint: 'choose another address with --host and --port',
  });
}
