/**
 * What a server answered instead of success, as an error under the right code. Two dialects: the OpenAI envelope, which
 * carries the code, and `{"error":"text"}`, where only the HTTP status tells what kind of error it is.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ERROR_CODES, type ErrorCode, GollamaError } from '../base/errors.js';

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'upload_timeout',
  409: 'conflict',
  410: 'gone',
  413: 'body_too_large',
  429: 'queue_full',
  499: 'cancelled',
  502: 'engine_error',
  503: 'shutting_down',
  507: 'storage_full',
};

const HINTS: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'put the key into $GOLLAMA_API_KEY',
  not_found: 'gollama list shows the tasks that are there',
  queue_full: 'try again later',
};

/** What all servers of this API say of a task that is missing, whatever they put around it. */
const MISSING_TASK = /task not found/i;

/** What was asked: only gollama servers have the paths below `/api/`, other servers are asked for the rest as well. */
export interface AskedPlace {
  readonly url: string;
  /** Below the base URL. */
  readonly path: string;
}

/** `body` is the parsed answer; undefined where it is no JSON. */
export function answeredError(
  status: number,
  headers: IncomingHttpHeaders,
  body: unknown,
  { url, path }: AskedPlace,
): GollamaError {
  const told = (body as { error?: unknown } | null | undefined)?.error;
  const message = typeof told === 'string' ? told : (told as { message?: unknown } | null | undefined)?.message;
  if (typeof message !== 'string') return otherProgram(url, status);
  const named = typeof told === 'object' ? (told as { code?: unknown }).code : undefined;
  const code = isErrorCode(named) ? named : codeOf(status);
  const isUnknownPath = status === 404 && !isErrorCode(named) && !MISSING_TASK.test(message);
  if (isUnknownPath && path.startsWith('/api/')) return otherProgram(url, status);
  const hint = HINTS[code];
  const retryAfterS = Number(headers['retry-after']);
  return new GollamaError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(retryAfterS > 0 ? { retryAfterS } : {}),
  });
}

function otherProgram(url: string, status: number): GollamaError {
  return new GollamaError('unreachable', `${url} answered ${status}, not as a gollama server does`, {
    hint: 'is another program listening there? name the server with --server or $GOLLAMA_URL',
  });
}

function codeOf(status: number): ErrorCode {
  return CODE_OF_STATUS[status] ?? (status >= 400 && status < 500 ? 'invalid_request' : 'internal');
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
