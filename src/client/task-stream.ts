/**
 * The answer of a task as events, from any position, across broken connections and restarts of the server.
 * Wire format: server-sent events (WHATWG HTML, 9.2), whose ids are positions in the log of the answer.
 */
import type { IncomingMessage } from 'node:http';
import type { EventSourceMessage } from 'eventsource-parser';
import { GollamaError } from '../base/errors.js';
import { Patience, type PatienceOptions } from './patience.js';
import { serverSentEvents } from './server-sent-events.js';
import { type Transport, unreachable } from './transport.js';

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export type TaskStreamEvent = { readonly id: string } & (
  | { readonly type: 'token' | 'reasoning'; readonly text: string }
  /** A piece of a tool call, as OpenAI streams it. */
  | { readonly type: 'tool_call'; readonly call: unknown }
  | { readonly type: 'state'; readonly status: string }
  /** The answer begins again: what was told before does not count. Attempt 0: the server lost what it had told. */
  | { readonly type: 'restart'; readonly attempt: number }
  | { readonly type: 'done'; readonly status: string; readonly usage: Usage | undefined }
  | { readonly type: 'error'; readonly message: string; readonly code: string }
  /** The connection broke, and is made again; told only where `tellsReconnects` asks for it, with an empty id. */
  | { readonly type: 'reconnecting' }
);

export interface StreamPlace {
  /** The id of the last event that is known; without it, from the beginning. */
  readonly after?: string | number | undefined;
  /** Ends the stream. */
  readonly signal?: AbortSignal | undefined;
  readonly tellsReconnects?: boolean | undefined;
}

/** Three heartbeats. */
const SILENCE_MS = 45_000;

/**
 * Ends behind `done` or `error`, when `signal` aborts, and at once where `after` is the end. Throws `not_found`, `gone` (there
 * is no such position), `unreachable` (the server does not come back).
 */
export async function* followTask(
  transport: Transport,
  id: string,
  place: StreamPlace,
  options: Omit<PatienceOptions, 'signal' | 'wasFound'>,
): AsyncGenerator<TaskStreamEvent, void> {
  const { signal } = place;
  const patience = new Patience({ ...options, signal, wasFound: () => transport.wasFound });
  let position = place.after === undefined ? undefined : String(place.after);
  let isOurs = false;
  while (!signal?.aborted) {
    try {
      const response = await connect(transport, id, position, signal);
      if (response.statusCode === 204) return void response.resume();
      for await (const event of eventsOf(response)) {
        patience.succeeded();
        if (event.id !== '') position = event.id;
        isOurs = true;
        yield event;
        if (event.type === 'done' || event.type === 'error') return;
      }
      throw unreachable(transport.baseUrl, new Error('the stream ended before the answer did'));
    } catch (thrown) {
      if (signal?.aborted) return;
      // The server restarted and has lost the log; a position that the caller brought is the caller's to give up.
      if (isOurs && position !== undefined && thrown instanceof GollamaError && thrown.code === 'gone') {
        position = undefined;
        yield { type: 'restart', attempt: 0, id: '' };
        continue;
      }
      const delayMs = patience.next(asError(transport, thrown));
      if (place.tellsReconnects) yield { type: 'reconnecting', id: '' };
      await patience.pause(delayMs);
    }
  }
}

function connect(
  transport: Transport,
  id: string,
  position: string | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const headers = { accept: 'text/event-stream', ...(position === undefined ? {} : { 'last-event-id': position }) };
  return transport.open({
    path: `/api/tasks/${encodeURIComponent(id)}/stream`,
    headers,
    signal,
    timeoutMs: SILENCE_MS,
  });
}

function asError(transport: Transport, thrown: unknown): GollamaError {
  if (thrown instanceof GollamaError) return thrown;
  return unreachable(transport.baseUrl, thrown as Error);
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<TaskStreamEvent, void> {
  for await (const message of serverSentEvents(response)) {
    const event = decoded(message);
    if (event) yield event;
  }
}

/** Undefined for events of a kind that is not known (yet). */
function decoded({ event: type, id = '', data }: EventSourceMessage): TaskStreamEvent | undefined {
  switch (type) {
    case 'token':
    case 'reasoning':
      return { type, id, text: String(record(data).text ?? '') };
    case 'tool_call':
      return { type, id, call: record(data) };
    case 'state':
      return { type, id, status: String(record(data).status) };
    case 'restart':
      return { type, id, attempt: Number(record(data).attempt) };
    case 'done': {
      const { status, usage } = record(data);
      return { type, id, status: String(status), usage: (usage ?? undefined) as Usage | undefined };
    }
    case 'error': {
      const { message, code } = record(data);
      return { type, id, message: String(message), code: String(code) };
    }
    default:
      return undefined;
  }
}

function record(data: string): Record<string, unknown> {
  const value: unknown = JSON.parse(data);
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new SyntaxError(`an event carries ${data.slice(0, 40)} instead of an object`);
}
