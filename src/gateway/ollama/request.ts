/** What clients ask of Ollama's API, as the task that answers it. Pure. */
import { GollamaError } from '../../base/errors.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { TaskPayload, TaskType } from '../../protocol/task.js';
import { kindOf, parsePayload } from '../../protocol/task-payload.js';

/** Last part of the path. */
export type OllamaCall = 'chat' | 'generate' | 'embed' | 'embeddings';

export interface OllamaRequest {
  readonly call: OllamaCall;
  readonly type: TaskType;
  /** As the client wrote it. */
  readonly model: string;
  readonly payload: TaskPayload;
  readonly options: JsonObject | null;
  readonly streams: boolean;
  /** Where nothing is to be generated, only the model to be loaded or unloaded. */
  readonly residency: 'load' | 'unload' | undefined;
}

const TYPES: Readonly<Record<OllamaCall, TaskType>> = {
  chat: 'chat',
  generate: 'generate',
  embed: 'embed',
  embeddings: 'embed',
};

/** Throws `invalid_request` that names the member at fault. */
export function parseOllamaRequest(call: OllamaCall, body: unknown): OllamaRequest {
  if (!isJsonObject(body)) throw invalid(`the body must be an object, got ${kindOf(body)}`);
  const { model, stream, options, ...members } = body;
  const type = TYPES[call];
  const payload = payloadOf(call, members);
  return {
    call,
    type,
    model: modelOf(model),
    payload,
    options: optionsOf(options),
    streams: type !== 'embed' && flagOf(stream, true),
    residency: type === 'embed' ? undefined : residencyOf(payload),
  };
}

/** The model of a body that names nothing else. Old clients call it `name`. */
export function parseModelName(body: unknown): string {
  if (!isJsonObject(body)) throw invalid(`the body must be an object, got ${kindOf(body)}`);
  return modelOf(body.model ?? body.name);
}

/** The old call has one `prompt` where the new one has `input`. */
function payloadOf(call: OllamaCall, members: JsonObject): TaskPayload {
  switch (call) {
    case 'chat':
      return checked('chat', { ...members, messages: members.messages ?? [] });
    case 'generate':
      return checked('generate', { ...members, prompt: members.prompt ?? '' });
    case 'embed':
      return checked('embed', members);
    case 'embeddings': {
      const { prompt, ...others } = members;
      return checked('embed', { ...others, input: prompt ?? '' });
    }
  }
}

/** Without the words that only clients of tasks understand. */
function checked(type: TaskType, members: JsonObject): TaskPayload {
  try {
    return parsePayload(type, members);
  } catch (error) {
    if (!(error instanceof GollamaError)) throw error;
    const message = error.message.replace(/^task validation failed: (payload\.)?/, '').replace(/ for \w+ tasks$/, '');
    throw invalid(message, error.param?.replace(/^payload\./, ''));
  }
}

function modelOf(model: unknown): string {
  if (model === undefined || model === null || model === '') throw invalid('model is required', 'model');
  if (typeof model !== 'string') throw invalid(`model must be a string, got ${kindOf(model)}`, 'model');
  return model;
}

function optionsOf(options: unknown): JsonObject | null {
  if (options === undefined || options === null) return null;
  if (!isJsonObject(options)) throw invalid(`options must be an object, got ${kindOf(options)}`, 'options');
  return options;
}

function flagOf(value: unknown, absent: boolean): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'boolean') throw invalid(`stream must be true or false, got ${kindOf(value)}`, 'stream');
  return value;
}

/** Ollama loads a model on a request without messages or prompt, and unloads it where it is to be kept for no time. */
function residencyOf(payload: TaskPayload): OllamaRequest['residency'] {
  const { messages, prompt, suffix, keep_alive: keepAlive } = payload as JsonObject;
  const isEmpty = Array.isArray(messages) ? messages.length === 0 : prompt === '' && !suffix;
  if (!isEmpty) return undefined;
  const isZero = typeof keepAlive === 'string' ? /^0+[a-zµ]*$/.test(keepAlive) : keepAlive === 0;
  return isZero ? 'unload' : 'load';
}

function invalid(message: string, param?: string): GollamaError {
  return new GollamaError('invalid_request', message, param === undefined ? {} : { param });
}
