/**
 * Sends one request and watches its answer. Never retries silently: a server that does not take `stream_options` is asked
 * once more without, and the record says so. What met a connection that was closed already is sent on a new one: no server
 * has seen it, and its time counts from when it was due all the same.
 */
import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../src/base/clock.js';
import { messageOf } from '../src/base/errors.js';
import { AnswerObservation, type Failure } from './answer-observation.js';
import { type Connection, Connections } from './connections.js';
import type { RequestSettings, Target, WorkItem } from './plan.js';
import type { ErrorClass, RequestRecord } from './record.js';
import { promptHash, requestBody, requestPath } from './request-body.js';
import { shortText } from './short-text.js';

export interface RequestClientOptions {
  readonly target: Target;
  readonly settings: RequestSettings;
  readonly clock: Clock;
  /** `clock.now()` at the start of the run: all times of records count from here. */
  readonly startedAtMs: number;
  readonly worker: number;
}

export interface RequestOrder {
  readonly index: number;
  readonly item: WorkItem;
  readonly scheduledMs: number;
}

export class RequestClient {
  readonly #options: RequestClientOptions;
  readonly #connections: Connections;
  readonly #basePath: string;
  readonly #headers: Record<string, string>;
  /** False once the server has said that it does not know `stream_options`. */
  #asksForUsage = true;

  constructor(options: RequestClientOptions) {
    const { target, settings } = options;
    const url = new URL(target.baseUrl);
    this.#options = options;
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.#connections = new Connections({ origin: url.origin, connectTimeoutMs: settings.firstTokenTimeoutMs });
    this.#headers = {
      'content-type': 'application/json',
      accept: target.stream ? 'text/event-stream' : 'application/json',
      ...(target.apiKey === undefined ? {} : { authorization: `Bearer ${target.apiKey}` }),
      ...target.headers,
    };
  }

  /** Never rejects. `signal` ends the run: the request is then recorded as incomplete. */
  async send(order: RequestOrder, signal: AbortSignal): Promise<RequestRecord> {
    const record = await this.#delivered(order, signal, 1);
    const refusesUsage =
      record.status === 400 &&
      this.#options.target.stream &&
      this.#asksForUsage &&
      /stream_options/i.test(record.error ?? '');
    if (!refusesUsage) return record;
    this.#asksForUsage = false;
    return this.#delivered(order, signal, 2);
  }

  /** llama-server closes its connection behind every stream, although it has promised to keep it. */
  async #delivered(order: RequestOrder, signal: AbortSignal, attempts: number): Promise<RequestRecord> {
    const record = await this.#attempt(order, signal, attempts, this.#connections.take());
    if (!isStale(record) || signal.aborted) return record;
    this.#connections.stopReusing();
    return this.#attempt(order, signal, attempts, this.#connections.fresh());
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #attempt(
    order: RequestOrder,
    signal: AbortSignal,
    attempts: number,
    connection: Connection,
  ): Promise<RequestRecord> {
    const { target, settings } = this.#options;
    const exchange = new Exchange(this.#options, connection, signal);
    await exchange.run({
      method: 'POST',
      path: this.#basePath + requestPath(target),
      headers: this.#headers,
      body: requestBody(target, settings, order.item, this.#asksForUsage),
    });
    void exchange.released.then(() => this.#connections.give(connection));
    return exchange.record(order, attempts);
  }
}

/** A close that crossed the request on its way is heard at once; a later one may be the answer to it. */
const STALE_MS_MAX = 1_000;

function isStale({ connectionReused, errorClass, headersMs, sentMs, endMs }: RequestRecord): boolean {
  return (
    connectionReused &&
    errorClass === 'truncated' &&
    headersMs === null &&
    sentMs !== null &&
    endMs - sentMs < STALE_MS_MAX
  );
}

/** Time for a server to end the body behind `[DONE]`. */
const HELD_OPEN_MS = 250;

/** One request on one connection. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: RequestClientOptions;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #observation: AnswerObservation;
  readonly #reused: boolean;
  /** Resolves when the connection can take another request: after a server's own end of the answer. */
  readonly released: Promise<void>;
  #release: () => void = () => {};
  #controller: Dispatcher.DispatchController | undefined;
  #finish: () => void = () => {};
  #timer: Timer | undefined;
  #sentMs: number | null = null;
  #connectedMs: number | null = null;
  #headersMs: number | null = null;
  #lastBytesMs: number | null = null;
  #endMs: number | null = null;
  #status: number | null = null;
  #failure: Failure | undefined;
  #incomplete = false;

  constructor(options: RequestClientOptions, connection: Connection, signal: AbortSignal) {
    this.#options = options;
    this.#connection = connection;
    this.#signal = signal;
    this.#reused = connection.isOpen;
    this.#observation = new AnswerObservation({ stream: options.target.stream, saveText: options.settings.saveText });
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  run(request: Omit<Dispatcher.DispatchOptions, 'origin'>): Promise<void> {
    return new Promise((resolve) => {
      const interrupted = () => this.#stop({ incomplete: true });
      this.#finish = () => {
        this.#timer?.cancel();
        this.#signal.removeEventListener('abort', interrupted);
        resolve();
      };
      this.#sentMs = this.#now();
      if (this.#signal.aborted) {
        this.#release();
        return interrupted();
      }
      this.#signal.addEventListener('abort', interrupted, { once: true });
      this.#watch();
      this.#connection.client.dispatch(request as Dispatcher.DispatchOptions, this);
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was given up while it waited for its connection.
    if (this.#endMs !== null) controller.abort(new Error('given up'));
    this.#connectedMs = this.#now();
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#headersMs = this.#now();
    this.#lastBytesMs = this.#headersMs;
    this.#status = status;
    const contentType = headers['content-type'];
    this.#observation.head(status, typeof contentType === 'string' ? contentType : '');
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    // The stamp comes first: whatever follows must not count as the server's time.
    const atMs = this.#now();
    this.#lastBytesMs = atMs;
    if (this.#endMs !== null) return;
    this.#observation.bytes(chunk, atMs);
    if (this.#observation.isDone) this.#done();
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#endMs !== null) return;
    this.#endMs = this.#now();
    this.#observation.end(this.#endMs);
    this.#finish();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    if (this.#endMs !== null) return;
    this.#stop({ failure: this.#failureOf(error) });
  }

  record({ index, item, scheduledMs }: RequestOrder, attempts: number): RequestRecord {
    const seen = this.#observation;
    const failure = this.#incomplete ? undefined : (this.#failure ?? seen.failure());
    return {
      index,
      worker: this.#options.worker,
      scheduledMs,
      sentMs: this.#sentMs,
      connectedMs: this.#connectedMs,
      connectionReused: this.#reused,
      headersMs: this.#headersMs,
      firstEventMs: seen.firstEventMs,
      firstTokenMs: seen.firstTokenMs,
      firstContentMs: seen.firstContentMs,
      lastTokenMs: seen.lastTokenMs,
      endMs: this.#endMs ?? this.#now(),
      status: this.#status,
      ok: !this.#incomplete && failure === undefined,
      errorClass: failure?.errorClass ?? null,
      error: failure ? shortText(failure.message) : null,
      attempts,
      finishReason: seen.finishReason && shortText(seen.finishReason),
      tokens: seen.tokens(),
      chunks: seen.chunks,
      gapsUs: seen.gapsUs,
      coalesced: seen.coalesced,
      serverTimings: seen.serverTimings,
      promptHash: promptHash(item),
      modelReported: seen.modelReported && shortText(seen.modelReported),
      incomplete: this.#incomplete,
      ...(this.#options.settings.saveText ? { text: seen.text } : {}),
    };
  }

  #now(): number {
    return this.#options.clock.now() - this.#options.startedAtMs;
  }

  /** Everything has come. The end of the body usually follows at once; a server that holds it back is not waited for. */
  #done(): void {
    this.#stop({});
    this.#options.clock.after(HELD_OPEN_MS, () => this.#controller?.abort(new Error('held open behind [DONE]')));
  }

  /** Ends it from this side. */
  #stop(end: { failure?: Failure; incomplete?: boolean }): void {
    if (this.#endMs !== null) return;
    this.#endMs = this.#now();
    this.#failure = end.failure;
    this.#incomplete = end.incomplete ?? false;
    if (end.failure || end.incomplete) this.#controller?.abort(new Error(end.failure?.message ?? 'the run ended'));
    this.#finish();
  }

  /** One timer a request, not one a token: when it fires it looks how long the silence has been. */
  #watch(): void {
    const next = this.#overdue();
    if (typeof next === 'number') this.#timer = this.#options.clock.after(next, () => this.#watch());
    else this.#stop({ failure: next });
  }

  /** What patience has run out, or the ms until the first one may. */
  #overdue(): Failure | number {
    const { firstTokenTimeoutMs, idleTimeoutMs, totalTimeoutMs } = this.#options.settings;
    const nowMs = this.#now();
    const sentMs = this.#sentMs ?? nowMs;
    const waits: [ErrorClass, string, number][] = [['timeout_total', 'no complete answer', sentMs + totalTimeoutMs]];
    if (this.#observation.firstTokenMs === null) waits.push(['timeout_ttft', 'no token', sentMs + firstTokenTimeoutMs]);
    else waits.push(['timeout_idle', 'nothing more', (this.#lastBytesMs ?? sentMs) + idleTimeoutMs]);
    for (const [errorClass, what, dueMs] of waits) {
      if (dueMs <= nowMs) return { errorClass, message: `${what} after ${Math.round(nowMs - sentMs)} ms` };
    }
    return Math.max(1, Math.min(...waits.map(([, , dueMs]) => dueMs - nowMs)));
  }

  #failureOf(error: Error): Failure {
    const code = 'code' in error ? String(error.code) : '';
    if (code === 'EMFILE' || code === 'ENFILE')
      return { errorClass: 'fd_limit', message: `too many open files (${code})` };
    if (code.startsWith('ERR_TLS') || code.includes('CERT')) return { errorClass: 'tls', message: messageOf(error) };
    if (this.#connectedMs === null) return { errorClass: 'connect', message: `${messageOf(error)} ${code}`.trim() };
    return { errorClass: 'truncated', message: `the connection broke: ${messageOf(error)}` };
  }
}
