/**
 * `/v1/responses`: answers that are stored, continued, followed from any event on, and not lost with a connection.
 *
 * Every response is a task, whose log is told in the events of the API. Engines need not know the API: they are asked for a
 * chat. One case goes to the engine as it is (`/v1/*`): a request with `store: false`, without `background` and
 * `previous_response_id`, for a model that only engines of kind `openai` serve.
 *
 * Who leaves a response that is stored, in the background, or has an Idempotency-Key, does not end it: `cancel` does. Any
 * other ends with its client.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError } from '../../base/errors.js';
import type { Pool } from '../../pool/pool.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { ChatMessage, TaskReport } from '../../protocol/task.js';
import { parseName } from '../../protocol/task-submission.js';
import type { Visitor } from '../../tasks/task-queue.js';
import { readJson } from '../json-body.js';
import { type AnswerParts, answerWhole, finishedResponse, streamEvents } from '../responses/answer.js';
import { outputMessages } from '../responses/input.js';
import { parseResponseRequest, type ResponseRequest } from '../responses/request.js';
import { noteOf, type ResponseNote, responseObject, stateOf } from '../responses/response-object.js';
import type { Routes } from '../server.js';
import { wantedPriority } from '../wanted-priority.js';

export interface ResponseRoutesParts extends AnswerParts {
  readonly pool: Pool;
  /** Of requests that somebody waits for and that name none. */
  readonly defaultPriority: number;
  /** Hands a request to an engine as it is. */
  readonly relay: (request: FastifyRequest, reply: FastifyReply) => unknown;
  /** Removes a task that has ended, with its log. Without it responses cannot be deleted. */
  readonly forget?: (id: string, visitor: Visitor) => Promise<void>;
}

interface Id {
  Params: { id: string };
}

export function responseRoutes(parts: ResponseRoutesParts): Routes {
  return (server: FastifyInstance) => {
    /** The response, whole or as events; in the background at once, as it is then. */
    server.post('/v1/responses', (request, reply) => create(parts, request, reply));

    /** `?stream=true`: its events, `&starting_after=N` those behind event N. */
    server.get<Id>('/v1/responses/:id', { exposeHeadRoute: false }, (request, reply) =>
      retrieve(parts, request, reply),
    );

    /** Also of a response that has ended: it stays as it is. */
    server.post<Id>('/v1/responses/:id/cancel', async (request) => {
      const { id } = request.params;
      await stored(parts, id, request.caller);
      await parts.tasks.cancel(id, request.caller);
      return finishedResponse(parts, await parts.tasks.get(id, request.caller), request.caller);
    });

    server.delete<Id>('/v1/responses/:id', async (request) => {
      const { id } = request.params;
      await stored(parts, id, request.caller);
      if (!parts.forget) throw new GollamaError('method_not_allowed', 'responses cannot be deleted here');
      await parts.tasks.cancel(id, request.caller);
      await parts.forget(id, request.caller);
      return { id, object: 'response', deleted: true };
    });
  };
}

async function create(parts: ResponseRoutesParts, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const body = readJson(request.body);
  if (goesToEngine(parts.pool, body)) return parts.relay(request, reply);
  const asked = parseResponseRequest(body);
  const { background } = asked.echo;
  const key = parseName(request.headers['idempotency-key'], 'Idempotency-Key');
  const report = await submit(parts, asked, request, key);
  if (background && !asked.streams) {
    const hasEnded = report.status !== 'pending' && report.status !== 'running';
    // One that is known by its key may have ended long ago.
    if (hasEnded) return finishedResponse(parts, report, request.caller);
    return responseObject(report, { ...stateOf(report), status: 'queued' });
  }
  if (asked.streams) await streamEvents(parts, report, -1, request, reply);
  else await answerWhole(parts, report, request, reply);
  return reply;
}

async function retrieve(
  parts: ResponseRoutesParts,
  request: FastifyRequest<Id>,
  reply: FastifyReply,
): Promise<unknown> {
  const { searchParams } = new URL(request.url, 'http://localhost');
  const after = eventNumber(searchParams.get('starting_after'));
  const report = await stored(parts, request.params.id, request.caller);
  if (searchParams.get('stream') !== 'true') return finishedResponse(parts, report, request.caller);
  await streamEvents(parts, report, after, request, reply);
  return reply;
}

/** True where the engine itself can answer for all that is asked. Whether it knows the API cannot be known: it may say so. */
function goesToEngine(pool: Pool, body: unknown): boolean {
  if (!isJsonObject(body) || body.store !== false || body.background === true) return false;
  if (typeof body.previous_response_id === 'string' || typeof body.model !== 'string') return false;
  const route = pool.route(body.model);
  return pool.members.filter((member) => pool.isOn(route, member)).every(({ engine }) => engine.kind === 'openai');
}

/** Stores the task. With a key that is known: the task of that key. */
async function submit(
  parts: ResponseRoutesParts,
  asked: ResponseRequest,
  request: FastifyRequest,
  key: string | undefined,
): Promise<TaskReport> {
  const { tasks } = parts;
  const { caller, headers } = request;
  const { echo, members, options } = asked;
  const model = modelOf(parts.pool, asked.model);
  const before = await conversation(parts, echo.previous_response_id, caller);
  const digest = key === undefined ? undefined : createHash('sha256').update(readBytes(request)).digest('hex');
  const note: ResponseNote = { response: echo, ...(digest === undefined ? {} : { body_sha256: digest }) };
  const isUrgent = !echo.background;
  const priority = wantedPriority(headers, isUrgent ? parts.defaultPriority : Number.NaN);
  const [submitted] = await tasks.submit(
    [
      {
        type: 'chat',
        model,
        payload: { ...members, messages: [...before, ...asked.messages], gollama: note },
        options,
        id: `resp_${tasks.logEpoch}_${randomUUID().replaceAll('-', '')}`,
        ...(Number.isNaN(priority) ? {} : { priority }),
        // Who waits for it sees for themselves that it failed, and what was told cannot be taken back.
        ...(isUrgent ? { maxRetries: 0 } : {}),
        ...(key === undefined ? {} : { idempotencyKey: `responses/${key}` }),
      },
    ],
    caller,
  );
  const report = await tasks.get(submitted?.id ?? '', caller);
  if (submitted?.isNew === false && noteOf(report)?.body_sha256 !== digest) {
    const message = 'this Idempotency-Key was used for another request';
    throw new GollamaError('invalid_request', message, { param: 'Idempotency-Key' });
  }
  return report;
}

function readBytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** A model that nobody serves is told at once. Of one that nobody knows of yet the task may wait. */
function modelOf(pool: Pool, model: string | undefined): string {
  try {
    pool.route(model);
  } catch (thrown) {
    if (!(thrown instanceof GollamaError && thrown.code === 'engine_unavailable')) throw thrown;
  }
  return model ?? pool.models()[0]?.name ?? 'default';
}

/** What was said before: each response keeps all of it, so one step back is enough, and earlier ones may be gone. */
async function conversation(
  parts: ResponseRoutesParts,
  previousId: string | null,
  visitor: Visitor,
): Promise<readonly ChatMessage[]> {
  if (previousId === null) return [];
  const report = await stored(parts, previousId, visitor, 'previous_response_id');
  if (report.status !== 'completed') {
    const message = `previous_response_id: response ${previousId} is ${report.status}, so it cannot be continued`;
    throw new GollamaError('invalid_request', message, { param: 'previous_response_id' });
  }
  const { output } = await finishedResponse(parts, report, visitor);
  const { messages } = report.payload as { messages?: readonly ChatMessage[] };
  return [...(messages ?? []), ...outputMessages(Array.isArray(output) ? (output as JsonObject[]) : [])];
}

/** Throws `not_found`; of a previous response `invalid_request`, as the API does. */
async function stored(
  { tasks }: ResponseRoutesParts,
  id: string,
  visitor: Visitor,
  param?: string,
): Promise<TaskReport> {
  const report = await tasks.get(id, visitor).catch((thrown: unknown) => {
    if (thrown instanceof GollamaError && thrown.code === 'not_found') return undefined;
    throw thrown;
  });
  if (report && noteOf(report)?.response.store === true) return report;
  if (param === undefined) throw new GollamaError('not_found', `response not found: ${id}`);
  throw new GollamaError('invalid_request', `${param}: response not found: ${id}`, { param });
}

/** -1 where none is named. */
function eventNumber(value: string | null): number {
  if (value === null || value === '') return -1;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new GollamaError('invalid_request', 'starting_after must be the number of an event', {
    param: 'starting_after',
  });
}
