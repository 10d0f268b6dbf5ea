/** The one place where an error becomes HTTP. */
import type { ServerResponse } from 'node:http';
import type { GollamaError } from '../base/errors.js';
import { errorEnvelope } from '../protocol/error.js';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}

/** Answers with the error in the OpenAI envelope; nothing must have been sent before. */
export function sendError(response: ServerResponse, error: GollamaError): void {
  if (error.retryAfterS !== undefined) response.setHeader('retry-after', error.retryAfterS);
  sendJson(response, error.status, errorEnvelope(error));
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
