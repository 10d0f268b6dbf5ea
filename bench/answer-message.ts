/** What one JSON object of an OpenAI answer says: a chunk of a stream, or the whole answer. */
import { isJsonObject, type JsonObject } from '../src/protocol/json-object.js';
import type { ServerTimings } from './record.js';

export interface MessageFacts {
  /** Text outside of reasoning, tool calls included. */
  readonly hasContent: boolean;
  readonly hasReasoning: boolean;
  readonly text: string;
  readonly finishReason: string | undefined;
  /** Tokens that the log-probabilities name; 0 where there are none. */
  readonly logprobTokens: number;
  readonly usage: UsageFacts | undefined;
  readonly timings: ServerTimings | undefined;
  /** Prompt tokens from the cache, as llama.cpp's timings tell. */
  readonly timingsCached: number | undefined;
  readonly error: string | undefined;
  readonly model: string | undefined;
}

export interface UsageFacts {
  readonly prompt: number | undefined;
  readonly completion: number | undefined;
  readonly reasoning: number | undefined;
  readonly cached: number | undefined;
}

/** Runs for every event of every stream: one pass, without lists in between. */
export function factsOf(message: JsonObject): MessageFacts {
  let content = '';
  let reasoning = '';
  let callsTool = false;
  let finishReason: string | undefined;
  let logprobTokens = 0;
  for (const choice of Array.isArray(message.choices) ? message.choices : []) {
    if (!isJsonObject(choice)) continue;
    const body = objectAt(choice, 'delta') ?? objectAt(choice, 'message') ?? choice;
    content += textAt(body, 'content') + textAt(body, 'text') + textAt(body, 'refusal');
    // llama.cpp, DeepSeek and vLLM say `reasoning_content`, others `reasoning`.
    reasoning += textAt(body, 'reasoning_content') || textAt(body, 'reasoning');
    callsTool ||= callsTools(body);
    finishReason ??= textAt(choice, 'finish_reason') || undefined;
    logprobTokens += logprobsIn(choice);
  }
  const timings = objectAt(message, 'timings');
  return {
    hasContent: content !== '' || callsTool || hasEmbeddings(message),
    hasReasoning: reasoning !== '',
    text: reasoning + content,
    finishReason,
    logprobTokens,
    usage: usageOf(objectAt(message, 'usage')),
    timings: timings && timingsOf(timings),
    timingsCached: timings && countAt(timings, 'cache_n'),
    error: errorOf(message.error),
    model: typeof message.model === 'string' ? message.model : undefined,
  };
}

/** The text of an error object or string; undefined where it is none. */
function errorOf(error: unknown): string | undefined {
  if (typeof error === 'string' && error !== '') return error;
  if (!isJsonObject(error)) return undefined;
  return textAt(error, 'message') || JSON.stringify(error);
}

/** An empty list of tool calls, as some servers put into every delta, is no token. */
function callsTools(body: JsonObject): boolean {
  return (Array.isArray(body.tool_calls) && body.tool_calls.length > 0) || isJsonObject(body.function_call);
}

function hasEmbeddings(message: JsonObject): boolean {
  return Array.isArray(message.data) && message.data.some((item) => isJsonObject(item) && item.embedding !== undefined);
}

function logprobsIn(choice: JsonObject): number {
  const logprobs = objectAt(choice, 'logprobs');
  const list = logprobs?.content ?? logprobs?.tokens;
  return Array.isArray(list) ? list.length : 0;
}

function usageOf(usage: JsonObject | undefined): UsageFacts | undefined {
  if (usage === undefined) return undefined;
  return {
    prompt: countAt(usage, 'prompt_tokens') ?? countAt(usage, 'input_tokens'),
    // Reasoning tokens are part of it: they are not added again.
    completion: countAt(usage, 'completion_tokens') ?? countAt(usage, 'output_tokens'),
    reasoning: countAt(objectAt(usage, 'completion_tokens_details'), 'reasoning_tokens'),
    cached: countAt(objectAt(usage, 'prompt_tokens_details'), 'cached_tokens'),
  };
}

function timingsOf(timings: JsonObject): ServerTimings | undefined {
  const predictedTokens = countAt(timings, 'predicted_n');
  if (predictedTokens === undefined) return undefined;
  return {
    promptTokens: (countAt(timings, 'prompt_n') ?? 0) + (countAt(timings, 'cache_n') ?? 0),
    promptMs: numberAt(timings, 'prompt_ms') ?? 0,
    predictedTokens,
    predictedMs: numberAt(timings, 'predicted_ms') ?? 0,
  };
}

function objectAt(object: JsonObject, key: string): JsonObject | undefined {
  const value = object[key];
  return isJsonObject(value) ? value : undefined;
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}

function numberAt(object: JsonObject | undefined, key: string): number | undefined {
  const value = object?.[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** More than any model says; a server that tells more has lost count. */
const COUNT_MAX = 1e9;

function countAt(object: JsonObject | undefined, key: string): number | undefined {
  const value = numberAt(object, key);
  return value !== undefined && Number.isInteger(value) && value <= COUNT_MAX ? value : undefined;
}
