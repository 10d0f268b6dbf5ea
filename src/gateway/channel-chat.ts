/**
 * `POST /api/chat` as LMServer has it: `{"message"}` is answered at once with the channel on which the answer is told. The
 * channel is the id of the task; the answer goes on without whoever asked. Texts and types are LMServer's.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError, toGollamaError } from '../base/errors.js';
import type { Pool } from '../pool/pool.js';
import { isJsonObject } from '../protocol/json-object.js';
import type { TaskQueue } from '../tasks/task-queue.js';
import { servedName } from './ollama/models.js';
import { toldError } from './told-error.js';
import { wantedPriority } from './wanted-priority.js';

export interface ChannelChatParts {
  readonly tasks: TaskQueue;
  readonly pool: Pool;
  /** Of requests that name none. */
  readonly defaultPriority: number;
}

export async function answerChannelChat(
  parts: ChannelChatParts,
  body: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const { message, model } = parseChannelChat(body);
    const id = `chat:${randomUUID()}`;
    const submission = {
      id,
      type: 'chat' as const,
      model: servedName(parts.pool, model ?? defaultModel(parts.pool)),
      payload: { messages: [{ role: 'user', content: message }] },
      options: null,
      priority: wantedPriority(request.headers, parts.defaultPriority),
      // Whoever listens cannot take back what was told.
      maxRetries: 0,
    };
    await parts.tasks.submit([submission], request.caller);
    const answer = { channel_id: id, message: 'Channel created, start listening for messages' };
    // As bytes, and so without a charset beside the type.
    return await reply.header('content-type', 'application/json').send(Buffer.from(`${JSON.stringify(answer)}\n`));
  } catch (thrown) {
    return refuseChannelChat(thrown, reply);
  }
}

/** The error as one line of text. */
export function refuseChannelChat(thrown: unknown, reply: FastifyReply): FastifyReply {
  const error = toGollamaError(thrown);
  if (error.code === 'internal') throw thrown;
  if (error.retryAfterS !== undefined) reply.header('retry-after', error.retryAfterS);
  return reply
    .code(error.status)
    .type('text/plain; charset=utf-8')
    .send(`${toldError(error, reply.request.caller).message}\n`);
}

/** The first model that is served. Throws `engine_unavailable` where none is known yet. */
export function defaultModel(pool: Pool): string {
  const [first] = pool.models();
  if (first) return first.name;
  throw new GollamaError('engine_unavailable', 'no engine has told its models yet', { retryAfterS: 1 });
}

interface ChannelChat {
  readonly message: string;
  readonly model: string | undefined;
}

/** Throws `invalid_request`. */
function parseChannelChat(body: unknown): ChannelChat {
  const { message, model } = isJsonObject(body) ? body : {};
  if (message === undefined || message === null || message === '') {
    throw new GollamaError('invalid_request', 'Message is required');
  }
  return { message: text(message, 'message'), model: model ? text(model, 'model') : undefined };
}

/** As Go's decoder words it. */
function text(value: unknown, member: string): string {
  if (typeof value === 'string') return value;
  const type = typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? 'array' : typeof value;
  throw new GollamaError(
    'invalid_request',
    `Invalid request body: json: cannot unmarshal ${type} into Go struct field ChatRequest.${member} of type string`,
    { param: member },
  );
}
