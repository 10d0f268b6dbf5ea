/**
 * One request path to a gollama server. On node:http, not undici: loading a larger client would cost a short command more
 * than all the rest of it.
 */
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { GollamaError } from '../base/errors.js';
import { type AskedPlace, answeredError } from './answered-error.js';

export interface TransportOptions {
  /** Base URL without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  /** Longest silence of the server. */
  readonly timeoutMs?: number | undefined;
}

export interface Call {
  /** Below the base URL, with its query. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Longest silence of the server, where it is not the usual one. */
  readonly timeoutMs?: number;
}

export interface Answer<T> {
  readonly body: T;
  readonly headers: IncomingHttpHeaders;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const ERROR_BYTES_MAX = 1024 * 1024;

export class Transport {
  readonly #options: TransportOptions;
  #wasAnswered = false;
  #wasFound = false;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /** Whether anything has answered yet. */
  get wasAnswered(): boolean {
    return this.#wasAnswered;
  }

  /**
   * Whether the server has answered yet: one that has will be back, one that has not may be a wrong address. Another program
   * that does not know the path is not the server, and waiting for it is no use.
   */
  get wasFound(): boolean {
    return this.#wasFound;
  }

  /**
   * The parsed JSON answer. Rejects with `unreachable`, with the error that the server told under its own code, and with
   * `cancelled` where `signal` aborts.
   */
  async json<T>(call: Call): Promise<Answer<T>> {
    const response = await this.open(call);
    const body = parse(await this.#text(response, ANSWER_BYTES_MAX, call.signal));
    if (body !== undefined) return { body: body as T, headers: response.headers };
    throw answeredError(response.statusCode ?? 0, response.headers, undefined, this.#place(call));
  }

  /** The head of a good answer, whose body is still to be read. Rejects as `json` does. */
  async open(call: Call): Promise<IncomingMessage> {
    const response = await this.#send(call);
    const status = response.statusCode ?? 0;
    this.#wasAnswered = true;
    const isGood = status >= 200 && status < 300;
    this.#wasFound ||= isGood;
    if (isGood) return response;
    const body = parse(await this.#text(response, ERROR_BYTES_MAX, call.signal));
    const error = answeredError(status, response.headers, body, this.#place(call));
    // What tells another status may be a proxy before a server that restarts.
    this.#wasFound ||= status !== 404 || error.code !== 'unreachable';
    throw error;
  }

  #send(call: Call): Promise<IncomingMessage> {
    const { baseUrl, apiKey, timeoutMs: usualMs = TIMEOUT_MS } = this.#options;
    const { method = 'GET', body, headers, signal, timeoutMs = usualMs } = call;
    if (signal?.aborted) return Promise.reject(givenUp());
    const url = new URL(this.#url(call));
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const sent = {
      accept: 'application/json',
      ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...headers,
    };
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers: sent, timeout: timeoutMs, agent: false, ...(signal && { signal }) });
      request.on('response', resolve);
      request.on('timeout', () => request.destroy(new Error(`no answer for ${timeoutMs} ms`)));
      request.on('error', (error) => reject(signal?.aborted ? givenUp() : unreachable(baseUrl, error)));
      request.end(bytes);
    });
  }

  async #text(response: IncomingMessage, bytesMax: number, signal: AbortSignal | undefined): Promise<string> {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        sizeBytes += part.length;
        if (sizeBytes > bytesMax) throw new Error('its answer is too large');
        parts.push(part);
      }
    } catch (thrown) {
      throw signal?.aborted ? givenUp() : unreachable(this.baseUrl, thrown as Error);
    }
    return Buffer.concat(parts).toString();
  }

  #url({ path }: Call): string {
    return `${this.#options.baseUrl}${path}`;
  }

  #place(call: Call): AskedPlace {
    return { url: this.#url(call), path: call.path };
  }
}

function givenUp(): GollamaError {
  return new GollamaError('cancelled', 'the request was given up');
}

export function unreachable(baseUrl: string, error: Error): GollamaError {
  const code = 'code' in error ? error.code : undefined;
  const isPlain = code === 'EPROTO' && baseUrl.startsWith('https:');
  const why = code === 'ECONNREFUSED' ? '' : isPlain ? ': what is there speaks no TLS' : `: ${error.message}`;
  return new GollamaError('unreachable', `no gollama server answers at ${baseUrl}${why}`, {
    cause: error,
    hint: isPlain
      ? `try ${baseUrl.replace('https:', 'http:')}`
      : 'start one with "gollama serve", or name another with --server or $GOLLAMA_URL',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
