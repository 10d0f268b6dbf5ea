/**
 * `POST /api/chat` for the three kinds of clients that call it (`chat-shape.ts`), and `/ai/chat` for the AI SDK alone. A
 * page of the AI SDK comes back for its answer with `GET .../chat/{id}/stream`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError, messageOf } from '../../base/errors.js';
import { answerChannelChat, defaultModel, refuseChannelChat } from '../channel-chat.js';
import { chatShape } from '../chat-shape.js';
import { readJson } from '../json-body.js';
import type { OllamaParts } from '../ollama/answer.js';
import { servedName } from '../ollama/models.js';
import type { Routes } from '../server.js';
import { answerUiMessage } from '../ui-message/answer.js';
import { Chats } from '../ui-message/chats.js';
import { parseChatId, parseUiMessageRequest, type UiMessageRequest } from '../ui-message/request.js';
import { wantedPriority } from '../wanted-priority.js';
import { handleOllama } from './ollama.js';

export type ChatRoutesParts = OllamaParts;

interface ChatId {
  Params: { id: string };
}

export function chatRoutes(parts: ChatRoutesParts): Routes {
  const chats = new Chats(parts);
  return (server: FastifyInstance) => {
    server.post('/api/chat', (request, reply) => {
      const body = parsed(request, reply);
      return body === undefined ? reply : answerByShape(parts, chats, body.value, request, reply);
    });
    server.options('/api/chat', (_request, reply) => reply.code(200).send());
    server.route({
      method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
      url: '/api/chat',
      exposeHeadRoute: false,
      handler: refuseMethod,
    });
    server.post('/ai/chat', (request, reply) => answerPage(parts, chats, readJson(request.body), request, reply));
    for (const prefix of ['/api', '/ai']) {
      const url = `${prefix}/chat/:id/stream`;
      /** 204 where no answer is under way that a page may want. */
      server.get<ChatId>(url, { exposeHeadRoute: false }, (request, reply) => resume(parts, chats, request, reply));
      /** Ends the answer; a page that only leaves does not. */
      server.delete<ChatId>(url, (request, reply) => stop(parts, chats, request, reply));
    }
  };
}

/** Undefined where it is no JSON: then the client has been told, in the words of those who may send anything. */
function parsed(request: FastifyRequest, reply: FastifyReply): { readonly value: unknown } | undefined {
  try {
    return { value: readJson(request.body) };
  } catch (error) {
    const invalid = new GollamaError('invalid_request', `Invalid request body: ${messageOf(error)}`, { cause: error });
    refuseChannelChat(invalid, reply);
    return undefined;
  }
}

function answerByShape(
  parts: ChatRoutesParts,
  chats: Chats,
  body: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  switch (chatShape(body)) {
    case 'channel':
      return answerChannelChat(parts, body, request, reply);
    case 'ui-message':
      return answerPage(parts, chats, body, request, reply);
    case 'ollama':
      return handleOllama(parts, 'chat', request, reply, body);
  }
}

/** As LMServer does: without a word, and without leave for pages of other origins. */
function refuseMethod(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  for (const name of Object.keys(reply.getHeaders())) {
    if (name.startsWith('access-control-')) reply.removeHeader(name);
  }
  return reply.code(405).header('allow', 'POST, OPTIONS').send();
}

async function answerPage(
  parts: ChatRoutesParts,
  chats: Chats,
  body: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asked = parseUiMessageRequest(body);
  const { caller } = request;
  const chatId = asked.chatId ?? request.id;
  const id = chats.nextId(chatId, caller);
  await parts.tasks.submit([submissionOf(parts, asked, id, request)], caller);
  const before = chats.began(chatId, caller, id);
  // Nobody can reach that one any more. A page that stops an answer says nothing, it only leaves.
  if (before !== undefined) await cancel(parts, before, request);
  const isTaken = await answerUiMessage(parts, { id, payload: asked.payload }, request, reply);
  if (isTaken) chats.taken(chatId, caller, id);
  return reply;
}

function submissionOf(parts: ChatRoutesParts, asked: UiMessageRequest, id: string, request: FastifyRequest) {
  const { pool, defaultPriority } = parts;
  return {
    id,
    type: 'chat' as const,
    model: servedName(pool, asked.model ?? defaultModel(pool)),
    payload: asked.payload,
    options: asked.options,
    priority: wantedPriority(request.headers, defaultPriority),
    // A message cannot be taken back.
    maxRetries: 0,
  };
}

async function resume(
  parts: ChatRoutesParts,
  chats: Chats,
  request: FastifyRequest<ChatId>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const chatId = parseChatId(request.params.id) ?? '';
  const task = await chats.unfinished(chatId, request.caller);
  if (!task) return reply.code(204).send();
  const isTaken = await answerUiMessage(parts, task, request, reply);
  if (isTaken) chats.taken(chatId, request.caller, task.id);
  return reply;
}

async function stop(
  parts: ChatRoutesParts,
  chats: Chats,
  request: FastifyRequest<ChatId>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const task = await chats.unfinished(parseChatId(request.params.id) ?? '', request.caller);
  if (task) await cancel(parts, task.id, request);
  return reply.code(204).send();
}

/** It may have been cleaned away meanwhile. */
async function cancel({ tasks }: ChatRoutesParts, id: string, request: FastifyRequest): Promise<void> {
  try {
    await tasks.cancel(id, request.caller);
  } catch (error) {
    if (!(error instanceof GollamaError && error.code === 'not_found')) throw error;
  }
}
