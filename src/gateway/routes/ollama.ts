/**
 * Ollama's REST API, at `/ollama/api/*` and, where nothing else has the path, at `/api/*`. `/api/chat` is shared with other
 * clients (`routes/chat.ts`). Errors are `{"error":"text"}`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toGollamaError } from '../../base/errors.js';
import { isJsonObject } from '../../protocol/json-object.js';
import { readJson } from '../json-body.js';
import { answerOllama, type OllamaParts } from '../ollama/answer.js';
import { failureOf } from '../ollama/failure.js';
import { OLLAMA_VERSION, page, running, tags } from '../ollama/models.js';
import { type OllamaCall, parseModelName, parseOllamaRequest } from '../ollama/request.js';
import type { Routes } from '../server.js';
import { toldError } from '../told-error.js';

export interface OllamaRoutesParts extends OllamaParts {
  /** Epoch milliseconds: as old are the models, as far as anybody can say. */
  readonly startedAtMs: number;
}

const NOT_SUPPORTED = ['pull', 'push', 'create', 'copy', 'delete', 'blobs/:digest'];

export function ollamaRoutes(parts: OllamaRoutesParts): Routes {
  const modifiedAt = new Date(parts.startedAtMs).toISOString();
  return (server: FastifyInstance) => {
    for (const prefix of ['/ollama/api', '/api']) {
      for (const call of ['chat', 'generate', 'embed', 'embeddings'] as const) {
        if (prefix === '/api' && call === 'chat') continue;
        server.post(`${prefix}/${call}`, (request, reply) => handleOllama(parts, call, request, reply));
      }
      server.get(`${prefix}/tags`, () => tags(parts.pool, modifiedAt));
      server.get(`${prefix}/ps`, () => running(parts.pool));
      server.get(`${prefix}/version`, () => ({ version: OLLAMA_VERSION }));
      server.post(`${prefix}/show`, (request, reply) =>
        orFailure(reply, bodyOf(request), (body) => page(parts.pool, parseModelName(body), modifiedAt)),
      );
      for (const call of NOT_SUPPORTED) {
        server.route({ method: ['POST', 'HEAD', 'DELETE'], url: `${prefix}/${call}`, handler: refuse });
      }
    }
    for (const path of ['/ollama', '/ollama/']) {
      server.get(path, (_request, reply) => reply.type('text/plain; charset=utf-8').send('Ollama is running'));
    }
  };
}

/** `read`: gives the body of the request. */
export function handleOllama(
  parts: OllamaParts,
  call: OllamaCall,
  request: FastifyRequest,
  reply: FastifyReply,
  read: () => unknown = bodyOf(request),
): Promise<unknown> {
  return orFailure(reply, read, async (body) => {
    await answerOllama(parts, parseOllamaRequest(call, body), request, reply);
    return reply;
  });
}

function bodyOf(request: FastifyRequest): () => unknown {
  return () => readJson(request.body);
}

/** Errors of before the answer, as Ollama tells them. */
async function orFailure(
  reply: FastifyReply,
  read: () => unknown,
  answer: (body: unknown) => unknown,
): Promise<unknown> {
  let body: unknown;
  try {
    body = read();
    return await answer(body);
  } catch (thrown) {
    const error = toGollamaError(thrown);
    if (error.code === 'internal') throw thrown;
    const { status, text, retryAfterS } = failureOf(toldError(error, reply.request.caller), modelIn(body));
    if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
    return reply.code(status).send({ error: text });
  }
}

/** Of whatever was sent. */
function modelIn(body: unknown): string {
  const { model, name } = isJsonObject(body) ? body : {};
  return String(model ?? name ?? '');
}

function refuse(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(501).send({ error: 'not supported by this gateway' });
}
