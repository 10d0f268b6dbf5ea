/**
 * What clients ask of `POST /v1/responses`, as the task that answers it. Pure.
 * Source: the OpenAI API reference, "Create a model response".
 */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { ChatMessage, ChatPayload } from '../../protocol/task.js';
import { kindOf } from '../../protocol/task-payload.js';
import { inputMessages } from './input.js';
import { invalid } from './invalid.js';
import { chatToolChoice, chatTools } from './tools.js';

/** What a response says again of its request, in the words of the API. It is kept with the task, under `gollama`. */
export interface ResponseEcho {
  readonly background: boolean;
  readonly store: boolean;
  readonly instructions: string | null;
  readonly max_output_tokens: number | null;
  readonly metadata: JsonObject;
  readonly parallel_tool_calls: boolean;
  readonly previous_response_id: string | null;
  readonly reasoning: JsonObject;
  readonly temperature: number | null;
  readonly text: JsonObject;
  readonly tool_choice: unknown;
  readonly tools: readonly unknown[];
  readonly top_p: number | null;
}

export interface ResponseRequest {
  /** Undefined where it names none. */
  readonly model: string | undefined;
  readonly streams: boolean;
  readonly echo: ResponseEcho;
  /** Of the input alone: what came before it is another response's. */
  readonly messages: readonly ChatMessage[];
  /** Of the payload, beside the messages. */
  readonly members: Omit<ChatPayload, 'messages'>;
  /** Ollama's, as all tasks have them. */
  readonly options: JsonObject | null;
}

/** Sampling that the API has no word for, but engines have: clients send it as an extra. */
const EXTRA_OPTIONS = ['seed', 'top_k', 'min_p', 'stop', 'presence_penalty', 'frequency_penalty', 'repeat_penalty'];

/** Throws `invalid_request` that names the member at fault. */
export function parseResponseRequest(body: unknown): ResponseRequest {
  if (!isJsonObject(body)) throw invalid('body', `must be an object, got ${kindOf(body)}`);
  const echo = echoOf(body);
  if (echo.background && !echo.store) throw invalid('background', 'needs store to be true');
  return {
    model: optionalText(body.model, 'model') || undefined,
    streams: flag(body.stream, 'stream', false),
    echo,
    messages: inputMessages(body.input),
    members: {
      ...(echo.instructions ? { system: echo.instructions } : {}),
      ...(echo.tools.length > 0 ? { tools: chatTools(echo.tools), ...chatToolChoice(body.tool_choice) } : {}),
      ...(typeof body.parallel_tool_calls === 'boolean' && echo.tools.length > 0
        ? { parallel_tool_calls: body.parallel_tool_calls }
        : {}),
      ...answerFormat(echo.text.format),
      ...thinking(echo.reasoning.effort),
      ...(isJsonObject(body.chat_template_kwargs) ? { chat_template_kwargs: body.chat_template_kwargs } : {}),
    },
    options: optionsOf(body, echo),
  };
}

function echoOf(body: JsonObject): ResponseEcho {
  return {
    background: flag(body.background, 'background', false),
    store: flag(body.store, 'store', true),
    instructions: optionalText(body.instructions, 'instructions') ?? null,
    max_output_tokens: number(body.max_output_tokens, 'max_output_tokens'),
    metadata: object(body.metadata, 'metadata'),
    parallel_tool_calls: flag(body.parallel_tool_calls, 'parallel_tool_calls', true),
    previous_response_id: optionalText(body.previous_response_id, 'previous_response_id') || null,
    reasoning: { effort: null, summary: null, ...object(body.reasoning, 'reasoning') },
    temperature: number(body.temperature, 'temperature'),
    text: { format: { type: 'text' }, ...object(body.text, 'text') },
    tool_choice: body.tool_choice ?? 'auto',
    tools: list(body.tools, 'tools'),
    top_p: number(body.top_p, 'top_p'),
  };
}

function optionsOf(body: JsonObject, echo: ResponseEcho): JsonObject | null {
  const options: JsonObject = {};
  for (const name of EXTRA_OPTIONS) if (body[name] !== undefined && body[name] !== null) options[name] = body[name];
  if (echo.temperature !== null) options.temperature = echo.temperature;
  if (echo.top_p !== null) options.top_p = echo.top_p;
  if (echo.max_output_tokens !== null) options.num_predict = echo.max_output_tokens;
  return Object.keys(options).length === 0 ? null : options;
}

/** `text.format` as Ollama's `format`. */
function answerFormat(format: unknown): { format?: unknown } {
  const type = isJsonObject(format) ? format.type : undefined;
  if (type === 'text' || format === null) return {};
  if (type === 'json_object') return { format: 'json' };
  if (isJsonObject(format) && type === 'json_schema' && isJsonObject(format.schema)) return { format: format.schema };
  throw invalid('text.format', 'must be {"type":"text"}, {"type":"json_object"} or a json_schema with its schema');
}

/** Engines know three levels at most; of the others each has the nearest. */
const EFFORTS: Readonly<Record<string, string | false>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** `reasoning.effort` as Ollama's `think`. */
function thinking(effort: unknown): { think?: string | false } {
  if (effort === undefined || effort === null) return {};
  const think = typeof effort === 'string' && Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (think === undefined) throw invalid('reasoning.effort', `must be one of ${Object.keys(EFFORTS).join(', ')}`);
  return { think };
}

function flag(value: unknown, param: string, absent: boolean): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'boolean') throw invalid(param, `must be true or false, got ${kindOf(value)}`);
  return value;
}

function number(value: unknown, param: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number') throw invalid(param, `must be a number, got ${kindOf(value)}`);
  return value;
}

function optionalText(value: unknown, param: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(param, `must be a string, got ${kindOf(value)}`);
  return value;
}

function object(value: unknown, param: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw invalid(param, `must be an object, got ${kindOf(value)}`);
  return value;
}

function list(value: unknown, param: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(param, `must be a list, got ${kindOf(value)}`);
  return value;
}
