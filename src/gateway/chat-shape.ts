/** Whose `POST /api/chat` it is: three kinds of clients call the same path, and their bodies tell them apart. Pure. */
import { GollamaError } from '../base/errors.js';
import { isJsonObject } from '../protocol/json-object.js';

/** `channel`: LMServer's, who listens on a channel; `ui-message`: the AI SDK's `useChat`. */
export type ChatShape = 'channel' | 'ui-message' | 'ollama';

const SHAPES =
  'expected {"message": text} to listen on a channel, {"id", "messages": [{"role", "parts"}], "trigger"} of the AI SDK, ' +
  'or {"model", "messages": [{"role", "content"}]} of Ollama';

/**
 * 1. No messages: a channel, but for a model alone, which Ollama is to load.
 * 2. A trigger, or a message with parts: the AI SDK.
 * 3. A model: Ollama.
 * 4. Otherwise `invalid_request` that names the three.
 */
export function chatShape(body: unknown): ChatShape {
  if (!isJsonObject(body)) throw unknownShape();
  const { message, messages, trigger, model } = body;
  if (isAbsent(messages) && isAbsent(trigger)) return isAbsent(message) && !isAbsent(model) ? 'ollama' : 'channel';
  if (!isAbsent(trigger) || hasParts(messages)) return 'ui-message';
  if (!isAbsent(model)) return 'ollama';
  throw unknownShape();
}

function hasParts(messages: unknown): boolean {
  return Array.isArray(messages) && messages.some((message) => isJsonObject(message) && !isAbsent(message.parts));
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function unknownShape(): GollamaError {
  return new GollamaError('invalid_request', `the body is not understood: ${SHAPES}`);
}
