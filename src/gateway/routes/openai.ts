/** `/v1`: what OpenAI clients call. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError } from '../../base/errors.js';
import type { Pool } from '../../pool/pool.js';
import type { ActiveRequests } from '../active-requests.js';
import type { AttachableRequest, Attachments } from '../attachment/attachments.js';
import { marksOf } from '../attachment/marks.js';
import { forwardedHeaders } from '../headers.js';
import type { Relay } from '../relay.js';
import type { Routes } from '../server.js';
import { wantedPriority } from '../wanted-priority.js';

export interface OpenAiRoutesParts {
  readonly relay: Relay;
  readonly pool: Pool;
  /** Of requests that name none. */
  readonly defaultPriority: number;
  /** True where clients' credentials are for the gateway and end here. */
  readonly ownCredentials: boolean;
  /** Seconds since the Unix epoch at which the server started: the `created` of its models. */
  readonly startedAtS: number;
  readonly active: ActiveRequests;
  /** Of chat completions that are asked for again; without it every one is a first one. */
  readonly attachments?: Attachments;
}

const NO_BYTES = Buffer.alloc(0);

export function openAiRoutes(parts: OpenAiRoutesParts): Routes {
  const relay = (request: FastifyRequest, reply: FastifyReply) => relayRequest(parts, request, reply);
  return (server: FastifyInstance) => {
    server.get('/v1/models', () => ({
      object: 'list',
      data: parts.pool.models().map((model) => modelCard(parts, model)),
    }));
    server.get<{ Params: { '*': string } }>('/v1/models/*', (request) => {
      const id = request.params['*'];
      const model = parts.pool.models().find(({ name }) => name === id);
      if (!model) throw new GollamaError('model_not_found', `the model '${id}' does not exist`, { param: 'model' });
      return modelCard(parts, model);
    });
    server.post('/v1/chat/completions', (request, reply) => attachRequest(parts, request, reply));
    server.post('/v1/completions', relay);
    server.post('/v1/embeddings', relay);
    server.post('/v1/*', relay);
    server.addHook('onClose', (_server, done) => {
      parts.attachments?.stop(new GollamaError('shutting_down', 'the server was stopped'));
      done();
    });
  };
}

function modelCard(parts: OpenAiRoutesParts, model: { name: string; engine: { engine: { kind: string } } }) {
  return { id: model.name, object: 'model', created: parts.startedAtS, owned_by: model.engine.engine.kind };
}

function relayRequest(parts: OpenAiRoutesParts, request: FastifyRequest, reply: FastifyReply): void {
  const asked = askedOf(parts, request, reply);
  reply.hijack();
  const active = parts.active.add(reply.raw);
  const handled = parts.relay.handle({ ...asked, signal: active.signal }, reply.raw);
  // It never rejects. The framework need not wait for it: the answer is not its own any more.
  void handled.then(() => active.over());
}

/** A request that may be sent again, or is, goes by way of the answers that are kept; all others do not. */
function attachRequest(parts: OpenAiRoutesParts, request: FastifyRequest, reply: FastifyReply): Promise<void> | void {
  const marks = parts.attachments && marksOf(request.headers);
  if (!parts.attachments || !marks) return relayRequest(parts, request, reply);
  const over = parts.attachments.answer(askedOf(parts, request, reply), marks, reply.raw);
  reply.hijack();
  return over;
}

function askedOf(parts: OpenAiRoutesParts, request: FastifyRequest, reply: FastifyReply): AttachableRequest {
  if (hasDotSegment(request.url)) throw new GollamaError('not_found', 'a path with dot segments leads nowhere');
  return {
    id: request.id,
    caller: request.caller,
    priority: priorityOf(request, parts.defaultPriority),
    path: request.url,
    headers: forwardedHeaders(request.headers, parts.ownCredentials),
    body: Buffer.isBuffer(request.body) ? request.body : NO_BYTES,
    answerHeaders: reply.getHeaders(),
  };
}

/** `/v1/../x`: behind a base URL it would lead out of what clients may call, with the credentials of the gateway. */
function hasDotSegment(url: string): boolean {
  if (!/\.|%2e/i.test(url)) return false;
  const path = url.split('?', 1)[0] ?? url;
  return path.split(/[/\\]|%2f|%5c/i).some((segment) => /^(\.|%2e){1,2}$/i.test(segment));
}

/** The priority that was asked for, at most what the caller's key allows. */
function priorityOf({ headers, caller }: FastifyRequest, defaultPriority: number): number {
  const wanted = wantedPriority(headers, defaultPriority);
  return Math.min(wanted, caller.maxPriority ?? wanted);
}

/** For routes that hand on to an engine what they do not answer themselves. */
export function relayOf(parts: OpenAiRoutesParts): (request: FastifyRequest, reply: FastifyReply) => unknown {
  return (request, reply) => relayRequest(parts, request, reply);
}
