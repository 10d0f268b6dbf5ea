/**
 * Tasks as calls of the OpenAI API. What a payload says beyond Ollama's words is passed on, so that a task may ask for what
 * only OpenAI's API has (`tool_choice`, `logit_bias` …).
 */
import type { EngineCall } from '../../engine/engine.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import { type AttemptTask, postJson } from './dialect.js';
import { contentWithImages, openAiMessages } from './openai-messages.js';

/**
 * - chat: `/v1/chat/completions`
 * - generate: the same with one message; `/v1/completions` where `raw` (no chat template) or `suffix` is asked for
 * - embed: `/v1/embeddings`
 */
export function openAiCall(task: AttemptTask, engineModel: string): EngineCall {
  const payload = task.payload as JsonObject;
  if (task.type === 'embed') return embeddingCall(payload, engineModel);
  const stream = { model: engineModel, stream: true, stream_options: { include_usage: true } };
  if (completes(task)) {
    const { images: _, ...asked } = generationMembers(task);
    return postJson('/v1/completions', { ...asked, ...stream, prompt: payload.prompt }, EVENT_STREAM);
  }
  const body = { ...generationMembers(task), ...stream, messages: messagesOf(task.type, payload) };
  return postJson('/v1/chat/completions', body, EVENT_STREAM);
}

/** True for a task whose prompt goes to the model as it is. */
function completes({ type, payload }: AttemptTask): boolean {
  const { raw, suffix } = payload as JsonObject;
  return type === 'generate' && (raw === true || (typeof suffix === 'string' && suffix !== ''));
}

const EVENT_STREAM = 'text/event-stream';

/** Of Ollama alone, or said by us. `template` and `context` have no counterpart. */
const NOT_PASSED_ON = [
  ...['model', 'messages', 'prompt', 'system', 'stream', 'stream_options', 'options', 'raw', 'template', 'context'],
  ...['images', 'keep_alive', 'format', 'think', 'truncate', 'shift'],
];

/** How Ollama loads a model: with an OpenAI server this was decided when it was started. */
const LOADING_OPTIONS = [
  ...['num_ctx', 'num_keep', 'num_batch', 'num_gpu', 'main_gpu', 'num_thread', 'numa', 'low_vram', 'use_mmap'],
  ...['use_mlock', 'vocab_only', 'f16_kv', 'logits_all', 'embedding_only'],
];

function embeddingCall(payload: JsonObject, engineModel: string): EngineCall {
  return postJson('/v1/embeddings', { ...without(payload, NOT_PASSED_ON), model: engineModel }, 'application/json');
}

function messagesOf(type: AttemptTask['type'], payload: JsonObject): unknown[] {
  const { system, messages, prompt, images } = payload;
  const given =
    type === 'chat'
      ? openAiMessages(Array.isArray(messages) ? messages : [])
      : [{ role: 'user', content: contentWithImages(prompt, images) }];
  return typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }, ...given] : given;
}

/** Everything but model, prompt and stream. */
function generationMembers({ payload, options }: AttemptTask): JsonObject {
  const { options: ownOptions, format, think, ...members } = payload as JsonObject;
  return {
    ...without(members, NOT_PASSED_ON),
    ...sampling({ ...(isJsonObject(ownOptions) ? ownOptions : {}), ...options }),
    ...responseFormat(format),
    ...thinking(think, members.chat_template_kwargs),
  };
}

/** Options have the same names, but for the length of the answer. Unknown ones are passed on: servers differ in what they take. */
function sampling(options: JsonObject): JsonObject {
  const { num_predict: tokensMax, ...others } = without(options, [...LOADING_OPTIONS, ...NOT_PASSED_ON]);
  // -1: without end, -2: until the context is full. Both are what a server does that is told nothing.
  return typeof tokensMax === 'number' && tokensMax >= 0 ? { max_tokens: tokensMax, ...others } : others;
}

function responseFormat(format: unknown): JsonObject {
  if (format === 'json') return { response_format: { type: 'json_object' } };
  if (!isJsonObject(format)) return {};
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: format } } };
}

/** As llama-server and vLLM take it; a level is OpenAI's own `reasoning_effort`. Nothing where the task does not say. */
function thinking(think: unknown, templateArguments: unknown): JsonObject {
  if (typeof think === 'string' && think !== '') return { reasoning_effort: think };
  if (typeof think !== 'boolean') return {};
  const others = isJsonObject(templateArguments) ? templateArguments : {};
  return { chat_template_kwargs: { ...others, enable_thinking: think } };
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
