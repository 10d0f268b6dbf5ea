/** How a response reaches its client: as events, or whole. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.js';
import { GollamaError, toGollamaError } from '../../base/errors.js';
import type { JsonObject } from '../../protocol/json-object.js';
import type { TaskReport } from '../../protocol/task.js';
import type { TaskQueue, Visitor } from '../../tasks/task-queue.js';
import type { ActiveRequests } from '../active-requests.js';
import { taskFailure } from '../ollama/failure.js';
import { sendError } from '../respond.js';
import { StreamedReply } from '../streamed-reply.js';
import { toldError } from '../told-error.js';
import type { ResponseEvent } from './rendering.js';
import { endsWithClient, responseObject, stateOf } from './response-object.js';
import { finalResponse, toldEvents } from './told-events.js';

export interface AnswerParts {
  readonly tasks: TaskQueue;
  readonly clock: Clock;
  /** An answer that is silent for so long says that it lives. */
  readonly heartbeatMs: number;
  readonly active: ActiveRequests;
}

/** The end of a task is in its log a moment after it is stored. */
const PATIENCE_MS = 1_000;
/** So long an answer in one piece may still become an error with a status: longer than most failures take. */
const HEARTBEATS_BEFORE_HEAD = 2;

/** Server-sent events; a comment in a silence; no `[DONE]`. */
export async function streamEvents(
  parts: AnswerParts,
  report: TaskReport,
  after: number,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  await whileClientStays(parts, report, request, reply, 'text/event-stream; charset=utf-8', async (out, signal) => {
    let last = after;
    try {
      for await (const events of eventsOf(parts, report, request.caller, after, signal)) {
        last = events.at(-1)?.sequence_number ?? last;
        await out.write(events.length === 0 ? ': hb\n' : events.map(eventText).join(''));
      }
    } catch (thrown) {
      const { code, message } = toldError(toGollamaError(thrown), request.caller);
      if (!out.started) throw thrown;
      const event = { type: 'error', code, message, param: null, sequence_number: last + 1 };
      await out.write(eventText(event));
    }
    await out.end();
  });
}

/**
 * The response object when it has ended. Who waits for long is sent whitespace, which JSON allows: then there is no other
 * status any more, and what failed is told in the object.
 */
export async function answerWhole(
  parts: AnswerParts,
  report: TaskReport,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { heartbeatMs } = parts;
  await whileClientStays(parts, report, request, reply, 'application/json', async (out, signal) => {
    let last: ResponseEvent | undefined;
    for await (const events of eventsOf(parts, report, request.caller, -1, signal)) {
      last = events.at(-1) ?? last;
      const patienceMs = out.started ? heartbeatMs : HEARTBEATS_BEFORE_HEAD * heartbeatMs;
      if (out.silentMs >= patienceMs) await out.write(' \n');
    }
    if (signal.aborted) return;
    const response = (last?.response ?? {}) as JsonObject;
    if (out.started) await out.end(JSON.stringify(response));
    else if (response.status === 'failed') throw failureOf(response);
    else out.answer(200, {}, JSON.stringify(response));
  });
}

/** As it is stored; where it has ended, with its output. */
export async function finishedResponse(
  { tasks }: AnswerParts,
  report: TaskReport,
  visitor: Visitor,
): Promise<JsonObject> {
  if (report.status === 'pending' || report.status === 'running') return responseObject(report, stateOf(report));
  const over = new AbortController();
  const place = { after: -1, signal: over.signal, silenceMs: PATIENCE_MS };
  let last: ResponseEvent | undefined;
  for await (const events of toldEvents(tasks, report, visitor, place)) {
    // It waits again, by somebody's wish: its log goes on, and this end is not in it.
    if (events.length === 0) return finalResponse(report);
    last = events.at(-1);
  }
  return last?.response as JsonObject;
}

function eventsOf(
  { tasks, heartbeatMs }: AnswerParts,
  report: TaskReport,
  visitor: Visitor,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<readonly ResponseEvent[], void> {
  return toldEvents(tasks, report, visitor, { after, signal, silenceMs: heartbeatMs });
}

async function whileClientStays(
  { active, clock, tasks }: AnswerParts,
  report: TaskReport,
  request: FastifyRequest,
  reply: FastifyReply,
  contentType: string,
  answer: (out: StreamedReply, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const response: ServerResponse = reply.raw;
  const headers = { ...reply.getHeaders(), 'content-type': contentType };
  reply.hijack();
  const asked = active.add(response);
  const { signal } = asked;
  const out = new StreamedReply({ response, headers, clock, signal });
  try {
    await answer(out, signal);
  } catch (thrown) {
    if (out.started) out.cut();
    else sendError(response, toldError(toGollamaError(thrown), request.caller), reply.getHeaders());
  } finally {
    if (signal.aborted) {
      out.cut();
      if (endsWithClient(report)) await tasks.cancel(report.id, request.caller).catch(() => false);
    }
    asked.over();
  }
}

/** What went wrong, with the status that the engine would have answered with. */
function failureOf(response: JsonObject): GollamaError {
  const { message } = response.error as { message: string };
  const { status, text } = taskFailure(message);
  if (status === 429) return new GollamaError('queue_full', text, { retryAfterS: 1 });
  return new GollamaError(status >= 400 && status < 500 ? 'invalid_request' : 'engine_error', text);
}

function eventText(event: { readonly type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
