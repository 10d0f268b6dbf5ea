/**
 * One request path to a gollama server. On node:http, not undici: loading a larger client would cost a short command more
 * than all the rest of it.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { ERROR_CODES, type ErrorCode, GollamaError } from '../base/errors.js';

export interface TransportOptions {
  /** Base URL without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  /** Longest silence of the server. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The parsed JSON answer. Throws `unreachable`, or the error that the server told, under its own code. */
  async getJson<T>(path: string): Promise<T> {
    const { status, text } = await this.get(path);
    const body = parse(text);
    if (status >= 200 && status < 300 && body !== undefined) return body as T;
    throw answeredError(status, body, `${this.#options.baseUrl}${path}`);
  }

  /** The answer as it is, whatever its status. Throws `unreachable`. */
  get(path: string): Promise<{ status: number; text: string }> {
    const { baseUrl, apiKey, timeoutMs = TIMEOUT_MS } = this.#options;
    const url = new URL(`${baseUrl}${path}`);
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      accept: 'application/json',
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    };
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(unreachable(baseUrl, error));
      const request = send(url, { headers, timeout: timeoutMs, agent: false }, (response) => {
        const parts: Buffer[] = [];
        let sizeBytes = 0;
        response.on('data', (part: Buffer) => {
          sizeBytes += part.length;
          if (sizeBytes > ANSWER_BYTES_MAX) request.destroy(new Error('its answer is too large'));
          else parts.push(part);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
        response.on('error', fail);
      });
      request.on('timeout', () => request.destroy(new Error(`no answer for ${timeoutMs} ms`)));
      request.on('error', fail);
      request.end();
    });
  }
}

function unreachable(baseUrl: string, error: Error): GollamaError {
  const refused = 'code' in error && error.code === 'ECONNREFUSED';
  const why = refused ? '' : `: ${error.message}`;
  return new GollamaError('unreachable', `no gollama server answers at ${baseUrl}${why}`, {
    cause: error,
    hint: 'start one with "gollama serve", or name another with --server or $GOLLAMA_URL',
  });
}

function answeredError(status: number, body: unknown, url: string): GollamaError {
  const told = (body as { error?: { message?: unknown; code?: unknown } } | undefined)?.error;
  if (typeof told?.message === 'string') {
    const code = String(told.code);
    const hint = code === 'unauthorized' ? 'put the key into $GOLLAMA_API_KEY' : undefined;
    return new GollamaError(isErrorCode(code) ? code : 'internal', told.message, hint === undefined ? {} : { hint });
  }
  return new GollamaError('unreachable', `${url} answered ${status}, not as a gollama server does`, {
    hint: 'is another program listening there? name the server with --server or $GOLLAMA_URL',
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
