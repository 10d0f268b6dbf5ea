/** What the AI SDK's chat sends (`DefaultChatTransport`), as a chat task. Pure. */
import { GollamaError } from '../../base/errors.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { ChatPayload } from '../../protocol/task.js';
import { kindOf } from '../../protocol/task-payload.js';
import { parseName } from '../../protocol/task-submission.js';
import { chatMessages } from './conversation.js';

export interface UiMessageRequest {
  /** Under which the page comes back for the answer; undefined where it cannot. */
  readonly chatId: string | undefined;
  /** Undefined where the page leaves it to the server, as it does unless it is told otherwise. */
  readonly model: string | undefined;
  readonly payload: ChatPayload;
  readonly options: JsonObject | null;
}

/** What a page may add (`useChat({ body })`), in Ollama's words. */
const PASSED_ON = ['system', 'think', 'format', 'tools', 'tool_choice', 'keep_alive'];

/** Throws `invalid_request` that names the member at fault. */
export function parseUiMessageRequest(body: unknown): UiMessageRequest {
  if (!isJsonObject(body)) throw invalid('the body', `must be an object, got ${kindOf(body)}`);
  const { id, model, options, system } = body;
  if (system !== undefined && typeof system !== 'string')
    throw invalid('system', `must be a string, got ${kindOf(system)}`);
  if (options !== undefined && options !== null && !isJsonObject(options)) {
    throw invalid('options', `must be an object, got ${kindOf(options)}`);
  }
  const added = Object.fromEntries(
    PASSED_ON.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]),
  );
  return {
    chatId: parseChatId(id),
    model: modelOf(model),
    payload: { ...added, messages: chatMessages(body.messages) },
    options: options ?? null,
  };
}

/** Throws `invalid_request`. */
export function parseChatId(id: unknown): string | undefined {
  return parseName(id, 'id');
}

function modelOf(model: unknown): string | undefined {
  if (model === undefined || model === null || model === '') return undefined;
  if (typeof model !== 'string') throw invalid('model', `must be a string, got ${kindOf(model)}`);
  return model;
}

function invalid(param: string, problem: string): GollamaError {
  return new GollamaError('invalid_request', `${param} ${problem}`, { param });
}
