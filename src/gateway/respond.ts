/** The one place where an error becomes HTTP. */
import type { ServerResponse } from 'node:http';
import type { GollamaError } from '../base/errors.js';
import { type ErrorEnvelope, errorEnvelope } from '../protocol/error.js';

/** Fields of an answer that are the gateway's own, in lower case. */
export type AnswerHeaders = Record<string, string | number | string[] | undefined>;

/** The paths of the reference servers, whose clients read `{"error":"text"}`. */
const TEXT_PATHS = /^\/(ws|api\/(?!v1\/).*)$/;

/** The body of an answer that tells the error, in the words of the clients of that path. */
export function errorBody(error: GollamaError, path: string): ErrorEnvelope | { readonly error: string } {
  return TEXT_PATHS.test(path) ? { error: error.message } : errorEnvelope(error);
}

/** Answers with the error in the OpenAI envelope, beside `headers`; nothing must have been sent before. */
export function sendError(response: ServerResponse, error: GollamaError, headers: AnswerHeaders): void {
  const bytes = Buffer.from(JSON.stringify(errorEnvelope(error)));
  const head: AnswerHeaders = { ...headers, 'content-type': 'application/json', 'content-length': bytes.length };
  if (error.retryAfterS !== undefined) head['retry-after'] = error.retryAfterS;
  response.writeHead(error.status, head);
  response.end(bytes);
}

/**
 * The error as the last event of a stream. Chat and text completions take it as bare data, which is what OpenAI clients
 * throw on; other streams name their events.
 */
export function errorEvent(error: GollamaError, isText: boolean): string {
  const envelope = errorEnvelope(error);
  if (isText) return `data: ${JSON.stringify(envelope)}\n\n`;
  return `event: error\ndata: ${JSON.stringify({ ...envelope.error, ...envelope, type: 'error' })}\n\n`;
}
