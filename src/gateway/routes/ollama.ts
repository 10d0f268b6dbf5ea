/**
 * Ollama's REST API, at `/ollama/api/*` and, where nothing else has the path, at `/api/*`. `/api/chat` is shared with other
 * clients (`routes/chat.ts`). Errors are `{"error":"text"}`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toGollamaError } from '../../base/errors.js';
import { readJson } from '../json-body.js';
import { answerOllama, type OllamaParts } from '../ollama/answer.js';
import { failureOf } from '../ollama/failure.js';
import { OLLAMA_VERSION, page, running, tags } from '../ollama/models.js';
import { type OllamaCall, parseModelName, parseOllamaRequest } from '../ollama/request.js';
import type { Routes } from '../server.js';

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
      server.post(`${prefix}/show`, (request, reply) => {
        let model = '';
        return orFailure(
          reply,
          () => model,
          () => {
            model = parseModelName(readJson(request.body));
            return page(parts.pool, model, modifiedAt);
          },
        );
      });
      for (const call of NOT_SUPPORTED) {
        server.route({ method: ['POST', 'HEAD', 'DELETE'], url: `${prefix}/${call}`, handler: refuse });
      }
    }
    for (const path of ['/ollama', '/ollama/']) {
      server.get(path, (_request, reply) => reply.type('text/plain; charset=utf-8').send('Ollama is running'));
    }
  };
}

/** `body`: where it has been read already. */
export function handleOllama(
  parts: OllamaParts,
  call: OllamaCall,
  request: FastifyRequest,
  reply: FastifyReply,
  body?: unknown,
): Promise<unknown> {
  let model = '';
  return orFailure(
    reply,
    () => model,
    async () => {
      const asked = parseOllamaRequest(call, body ?? readJson(request.body));
      model = asked.model;
      await answerOllama(parts, asked, request, reply);
      return reply;
    },
  );
}

/** Errors of before the answer, as Ollama tells them. */
async function orFailure(reply: FastifyReply, model: () => string, answer: () => unknown): Promise<unknown> {
  try {
    return await answer();
  } catch (thrown) {
    const error = toGollamaError(thrown);
    if (error.code === 'internal') throw thrown;
    const { status, text, retryAfterS } = failureOf(error, model());
    if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
    return reply.code(status).send({ error: text });
  }
}

function refuse(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(501).send({ error: 'not supported by this gateway' });
}
