/** `/api/tasks`: durable tasks, for clients of Ollama Queue 0.2.1 and for ours. Errors are `{"error":"text"}`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError } from '../../base/errors.js';
import { isJsonObject } from '../../protocol/json-object.js';
import type { TaskSubmission } from '../../protocol/task.js';
import {
  parseName,
  parsePriorityValue,
  parseSubmission,
  parseSubmissions,
  type SubmissionContext,
} from '../../protocol/task-submission.js';
import { checkWebhookUrl } from '../../tasks/webhook/webhook-url.js';
import { readJson } from '../json-body.js';
import type { Routes } from '../server.js';
import { taskFilter } from '../task-query.js';
import { streamTask, type TaskStreamParts } from './task-stream.js';

export interface TaskRoutesParts extends TaskStreamParts {
  /** Hosts on private networks that webhooks may call. */
  readonly webhookHosts: readonly string[];
}

interface Id {
  Params: { id: string };
}

const OK = { status: 'ok' };

export function taskRoutes(parts: TaskRoutesParts): Routes {
  const { tasks, clock } = parts;
  const context = (): SubmissionContext => ({
    nowMs: clock.epoch(),
    checkWebhook: (url) => checkWebhookUrl(url, parts.webhookHosts),
  });
  return (server: FastifyInstance) => {
    /** `{"status":"ok","task_id"}`. With a key that is known (field or header `Idempotency-Key`): the id of that task. */
    server.post('/api/tasks', async (request) => {
      const submission = parseSubmission(readJson(request.body), context());
      const [submitted] = await tasks.submit(withKey([submission], request), request.caller);
      return { ...OK, task_id: submitted?.id };
    });

    /** `{"tasks":[...]}` -> `{"status":"ok","task_ids":[...]}`: all of them or none. */
    server.post('/api/tasks/batch', async (request) => {
      const submissions = withKey(parseSubmissions(readJson(request.body), context()), request);
      const submitted = submissions.length === 0 ? [] : await tasks.submit(submissions, request.caller);
      return { ...OK, task_ids: submitted.map(({ id }) => id) };
    });

    /**
     * The array of tasks, oldest first; see `taskFilter` for its query. A page has 10,000 tasks at most:
     * `x-total-count` tells how many there are, `x-next-cursor` where the next page begins (`?cursor=`).
     */
    server.get('/api/tasks', async (request, reply) => {
      const { searchParams } = new URL(request.url, 'http://localhost');
      const page = await tasks.list(taskFilter(searchParams, clock.epoch()), request.caller);
      reply.header('x-total-count', page.total);
      if (page.cursor !== undefined) reply.header('x-next-cursor', page.cursor);
      return page.tasks;
    });

    server.get('/api/tasks/', (request, reply) => redirect(request, reply, 301));
    server.post('/api/tasks/', (request, reply) => redirect(request, reply, 307));

    server.get<Id>('/api/tasks/:id', (request) => tasks.get(request.params.id, request.caller));
    server.get<Id>('/api/tasks/:id/stream', { exposeHeadRoute: false }, (request, reply) =>
      streamTask(parts, request, reply),
    );

    /** Also of a task that has ended: it stays as it is. */
    server.post<Id>('/api/tasks/:id/cancel', async (request) => {
      await tasks.cancel(request.params.id, request.caller);
      return OK;
    });

    /** `{"priority": integer or name}`. Also of a task that has ended: it stays as it is. */
    server.post<Id>('/api/tasks/:id/priority', async (request) => {
      await tasks.setPriority(request.params.id, wantedPriority(request), request.caller);
      return OK;
    });

    /** A failed or cancelled task waits again; 409 for every other. */
    server.post<Id>('/api/tasks/:id/retry', async (request) => {
      await tasks.retry(request.params.id, request.caller);
      return OK;
    });
  };
}

/** The header holds for all that is submitted; a batch is told apart by the places in it. A task's own key comes first. */
function withKey(submissions: readonly TaskSubmission[], request: FastifyRequest): readonly TaskSubmission[] {
  const header = parseName(request.headers['idempotency-key'], 'Idempotency-Key');
  if (header === undefined) return submissions;
  const isBatch = request.routeOptions.url === '/api/tasks/batch';
  return submissions.map((submission, at) => ({
    ...submission,
    idempotencyKey: submission.idempotencyKey ?? (isBatch ? `${header}/${at}` : header),
  }));
}

function wantedPriority(request: FastifyRequest): number {
  const body = readJson(request.body);
  if (!isJsonObject(body)) throw new GollamaError('invalid_request', 'expected {"priority": an integer or a name}');
  if (body.priority === undefined || body.priority === null) {
    throw new GollamaError('invalid_request', 'priority is required', { param: 'priority' });
  }
  return parsePriorityValue(body.priority, '.priority');
}

/** To the path without the slash at its end. */
function redirect(request: FastifyRequest, reply: FastifyReply, status: 301 | 307): FastifyReply {
  const query = request.url.slice('/api/tasks/'.length);
  return reply.code(status).header('location', `/api/tasks${query}`).send();
}
