/**
 * One HTTP server upstream of us: sends calls to it and hands its bytes on as they come.
 *
 * This is the hot path. undici's `dispatch` with a handler object is the cheapest client that copes with
 * real servers: no promise, stream or string a chunk.
 */
import { type Dispatcher, Pool } from 'undici';
import { listenToAbort, unlistenToAbort } from '../base/abort.js';
import { type Clock, systemClock } from '../base/clock.js';
import { GollamaError, messageOf } from '../base/errors.js';
import type { AnswerSink, EngineCall, HeaderFields } from './engine.js';

export interface HttpUpstreamOptions {
  /** `http://host:port`, also with a path: `https://host/prefix/v1`. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer`, in place of what the caller sent. */
  readonly apiKey?: string | undefined;
  /** Longest silence inside one answer, before its head too; 0 = no limit. Default 30 minutes. */
  readonly idleTimeoutMs?: number;
  /** For the patience of probes. */
  readonly clock?: Clock;
  /**
   * True for a server that closes a connection after a stream although it promised to keep it, as llama-server does:
   * the next call would be sent into the closing connection and lost.
   */
  readonly closesAfterStreams?: boolean;
}

/** Time to get a connection; engines are near, and a dead host must not hold a slot. */
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30 * 60_000;
/** Below the 5 s of llama-server, so that an idle connection is closed from this side first. */
const KEEP_ALIVE_MS = 4_000;
/** A probe's answer (`/props`, `/slots`, `/v1/models`) is never larger in practice. */
const PROBE_BYTES_MAX = 4 * 1024 * 1024;

export interface Probe {
  readonly status: number;
  /** Parsed JSON, or the text where it is not JSON. */
  readonly body: unknown;
}

export class HttpUpstream {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #authorization: string | undefined;
  readonly #clock: Clock;
  readonly #closesAfterStreams: boolean;

  constructor(options: HttpUpstreamOptions) {
    const url = new URL(options.baseUrl);
    const idleTimeoutMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
    this.#basePath = url.pathname;
    this.#clock = options.clock ?? systemClock;
    this.#closesAfterStreams = options.closesAfterStreams === true;
    this.#authorization = options.apiKey === undefined ? undefined : `Bearer ${options.apiKey}`;
    this.#pool = new Pool(url.origin, {
      connections: null,
      pipelining: 1,
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
  }

  /** As `Engine.forward`, but settles when the connection is done: it knows nothing of slots. */
  forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(cancelled(signal));
    return new Promise((resolve, reject) => {
      this.#pool.dispatch(
        {
          method: call.method,
          path: joinPath(this.#basePath, call.path),
          headers: this.#withAuthorization(call.headers),
          body: call.body.length === 0 && call.method === 'GET' ? null : call.body,
          reset: this.#closesAfterStreams && call.stream,
        },
        new ForwardHandler(sink, signal, resolve, reject),
      );
    });
  }

  /** A small GET beside the answers. Rejects when the server cannot be reached or does not answer in time. */
  async getJson(path: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Probe> {
    const ended = new AbortController();
    const onAbort = () => ended.abort(options.signal?.reason);
    const timer = this.#clock.after(options.timeoutMs, () => ended.abort(tooSilent()));
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.signal?.aborted) onAbort();
    try {
      const answer = await this.#pool.request({
        method: 'GET',
        path: joinPath(this.#basePath, path),
        headers: this.#withAuthorization({}),
        signal: ended.signal,
      });
      return { status: answer.statusCode, body: await readJson(answer.body) };
    } finally {
      timer.cancel();
      options.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends every connection, also those with an answer under way. */
  async close(): Promise<void> {
    await this.#pool.destroy(new GollamaError('engine_error', 'the connection to the engine was closed'));
  }

  #withAuthorization(headers: HeaderFields): HeaderFields {
    return this.#authorization === undefined ? headers : { ...headers, authorization: this.#authorization };
  }
}

/**
 * Puts a request path behind the path of a base URL, with exactly one slash between them. Base URLs of
 * OpenAI-compatible servers usually end in `/v1`. Request paths bring their own, and `/health` and `/props` stand beside
 * it: it is left out.
 */
export function joinPath(basePath: string, path: string): string {
  const base = basePath.replace(/\/+$/, '').replace(/\/+v1$/, '');
  return path.startsWith('/') ? base + path : `${base}/${path}`;
}

class ForwardHandler implements Dispatcher.DispatchHandler {
  readonly #sink: AnswerSink;
  readonly #signal: AbortSignal;
  readonly #resolve: () => void;
  readonly #reject: (error: GollamaError) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #started = false;
  #settled = false;

  constructor(sink: AnswerSink, signal: AbortSignal, resolve: () => void, reject: (error: GollamaError) => void) {
    this.#sink = sink;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    listenToAbort(signal, this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) this.#onAbort();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: HeaderFields): void {
    if (status < 200) return;
    this.#started = true;
    this.#sink.head({ status, headers }, controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#sink.chunk(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#settle()) this.#resolve();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const reason = this.#signal.aborted ? cancelled(this.#signal) : describe(error, this.#started);
    if (this.#settle()) this.#reject(reason);
  }

  readonly #onAbort = () => {
    const reason = cancelled(this.#signal);
    if (this.#controller) this.#controller.abort(reason);
    // Still waiting for a connection: nothing was sent. When one comes, onRequestStart sees the signal.
    else if (this.#settle()) this.#reject(reason);
  };

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    unlistenToAbort(this.#signal, this.#onAbort);
    return true;
  }
}

/** Codes that say that the request never reached the server. */
const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
]);

const TOO_SILENT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** True where a call failed because nothing came for the idle timeout: the server is there, it may even be busy with it. */
export function wasTooSilent(error: GollamaError): boolean {
  return TOO_SILENT.has(codeOf(error.cause));
}

function describe(error: Error, started: boolean): GollamaError {
  if (error instanceof GollamaError) return error;
  const code = codeOf(error);
  if (NOT_REACHED.has(code) && !started) {
    return new GollamaError('engine_unavailable', `upstream unavailable (${code})`, { cause: error });
  }
  if (TOO_SILENT.has(code)) {
    return tooSilent(error);
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new GollamaError('invalid_request', `the request cannot be sent on: ${error.message}`, { cause: error });
  }
  const when = started ? 'before its answer was complete' : 'without an answer';
  const why = code === '' ? error.message : code;
  return new GollamaError('engine_error', `the engine closed the connection ${when} (${why})`, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function tooSilent(cause?: Error): GollamaError {
  return new GollamaError('engine_error', 'the engine sent nothing for too long', { cause });
}

function cancelled(signal: AbortSignal): GollamaError {
  return new GollamaError('cancelled', 'the request was cancelled', { cause: signal.reason });
}

async function readJson(body: Dispatcher.ResponseData['body']): Promise<unknown> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > PROBE_BYTES_MAX) throw new GollamaError('engine_error', 'the answer to a probe is too large');
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw new GollamaError('engine_error', messageOf(error), { cause: error });
  }
}
