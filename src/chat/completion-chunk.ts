/** What the chunks of `POST /v1/chat/completions` say: OpenAI's words, and llama-server's beside them. Pure. */
import { ERROR_CODES, type ErrorCode, GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject } from '../protocol/json-object.js';
import type { EndReason, TokenUsage } from './answer.js';

export interface CompletionChunk {
  readonly text: string;
  readonly reasoning: string;
  /** Undefined before the end. */
  readonly reason: EndReason | undefined;
  readonly usage: TokenUsage | undefined;
  readonly tokensPerSecond: number | undefined;
}

/** Of a chunk of a stream, or of a whole answer. Throws `engine_error` or what it names where it is none. */
export function readChunk(data: string): CompletionChunk {
  const chunk = parsed(data);
  if (chunk.error !== undefined && chunk.error !== null) throw toldError(chunk.error);
  const choices = Array.isArray(chunk.choices) ? chunk.choices.filter(isJsonObject) : [];
  const { delta, message, finish_reason: reason } = choices.find(({ index }) => (index ?? 0) === 0) ?? {};
  const said = [delta, message].find(isJsonObject) ?? {};
  return {
    // DeepSeek and llama-server say `reasoning_content`, OpenRouter and vLLM `reasoning`.
    reasoning: textOf(said.reasoning_content ?? said.reasoning),
    text: textOf(said.content ?? said.refusal),
    reason: typeof reason === 'string' ? reason : undefined,
    usage: usageOf(chunk.usage) ?? timedUsage(chunk.timings),
    tokensPerSecond: numberIn(chunk.timings, 'predicted_per_second'),
  };
}

function parsed(data: string): JsonObject {
  try {
    const value: unknown = JSON.parse(data);
    if (isJsonObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new GollamaError('engine_error', `the answer is not understood: ${data.slice(0, 80)}`);
}

/** `{"message","type","code"}`, or a text. */
function toldError(error: unknown): GollamaError {
  const { message, code } = isJsonObject(error) ? error : {};
  const text = typeof message === 'string' ? message : typeof error === 'string' ? error : JSON.stringify(error);
  const known = typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'engine_error';
  return new GollamaError(known, text);
}

function usageOf(usage: unknown): TokenUsage | undefined {
  const promptTokens = numberIn(usage, 'prompt_tokens');
  const completionTokens = numberIn(usage, 'completion_tokens');
  return promptTokens === undefined || completionTokens === undefined ? undefined : { promptTokens, completionTokens };
}

/** llama-server counts apart what of the prompt it still knew. */
function timedUsage(timings: unknown): TokenUsage | undefined {
  const promptTokens = numberIn(timings, 'prompt_n');
  const completionTokens = numberIn(timings, 'predicted_n');
  if (promptTokens === undefined || completionTokens === undefined) return undefined;
  return { promptTokens: promptTokens + (numberIn(timings, 'cache_n') ?? 0), completionTokens };
}

function numberIn(value: unknown, name: string): number | undefined {
  const member = isJsonObject(value) ? value[name] : undefined;
  return typeof member === 'number' ? member : undefined;
}

/** A text, or a list of parts of which some are texts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}
