/** Tasks in Ollama's own words: `/api/chat`, `/api/generate`, `/api/embed`. */
import type { EngineCall } from '../../engine/engine.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import { LineCutter } from '../../protocol/ndjson.js';
import type { Usage } from '../../stream/record.js';
import { AnswerText } from './answer-text.js';
import {
  type Answer,
  type AnswerDecoder,
  AnswerFault,
  type AttemptTask,
  type DecoderParts,
  type Dialect,
  postJson,
  tooLarge,
} from './dialect.js';
import { objectIn, WholeBody } from './whole-body.js';

export const ollamaDialect: Dialect = {
  call: ollamaCall,
  decoder: (parts) => (parts.task.type === 'embed' ? new EmbedDecoder(parts) : new StreamDecoder(parts)),
};

/** What the payload says is passed on, but for the model, and for `stream`, which is ours to say. */
function ollamaCall({ type, payload, options }: AttemptTask, engineModel: string): EngineCall {
  const { stream: _, options: ownOptions, ...members } = payload as JsonObject;
  const allOptions = { ...(isJsonObject(ownOptions) ? ownOptions : {}), ...options };
  const body = {
    ...(type === 'chat' ? withSystemMessage(members) : members),
    model: engineModel,
    ...(Object.keys(allOptions).length > 0 ? { options: allOptions } : {}),
  };
  if (type === 'embed') return postJson('/api/embed', body, 'application/json');
  return postJson(`/api/${type}`, { ...body, stream: true }, 'application/x-ndjson');
}

/** Without any message Ollama loads the model: then there is no `messages` at all. */
function withSystemMessage({ system, messages, ...members }: JsonObject): JsonObject {
  const given = Array.isArray(messages) ? messages : [];
  const all = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }, ...given] : given;
  return all.length > 0 ? { ...members, messages: all } : members;
}

/** One JSON object a line; the last one has `done: true` and the counts. */
class StreamDecoder implements AnswerDecoder {
  readonly #isChat: boolean;
  readonly #text: AnswerText;
  readonly #lines: LineCutter;
  readonly #toolCalls: unknown[] = [];
  readonly #logprobs: unknown[] = [];
  /** Members of the message beside its texts, as they came last. */
  #message: JsonObject = {};
  #last: JsonObject | undefined;

  constructor(parts: DecoderParts) {
    this.#isChat = parts.task.type === 'chat';
    this.#text = new AnswerText(parts);
    this.#lines = new LineCutter({
      onLine: (line) => this.#read(line),
      lineBytesMax: parts.answerBytesMax,
      onTooLong: () => {
        throw tooLarge(parts.answerBytesMax);
      },
    });
  }

  take(bytes: Buffer): void {
    this.#lines.feed(bytes);
  }

  finish(): Answer | undefined {
    if (!this.#last && !this.#readRest()) return undefined;
    return this.#last && { result: this.#result(this.#last), usage: usageOf(this.#last) };
  }

  /** The last line may lack its end; false where the rest is half a line. */
  #readRest(): boolean {
    try {
      this.#lines.end();
      return true;
    } catch (thrown) {
      if (thrown instanceof AnswerFault && thrown.cause instanceof SyntaxError) return false;
      throw thrown;
    }
  }

  #read(line: string): void {
    if (this.#last) return;
    const object = objectIn(line);
    if (this.#isChat) this.#takeMessage(isJsonObject(object.message) ? object.message : {});
    else this.#takeTexts(object.response, object.thinking);
    if (Array.isArray(object.logprobs)) this.#logprobs.push(...object.logprobs);
    if (object.done === true) this.#last = object;
  }

  #takeMessage({ content, thinking, tool_calls: calls, ...others }: JsonObject): void {
    this.#message = { ...this.#message, ...others };
    this.#takeTexts(content, thinking);
    for (const call of Array.isArray(calls) ? calls : []) {
      this.#text.addToolCall(asStreamedCall(call, this.#toolCalls.length));
      this.#toolCalls.push(call);
    }
  }

  /** A model thinks before it speaks. */
  #takeTexts(content: unknown, thinking: unknown): void {
    if (typeof thinking === 'string') this.#text.addThinking(thinking);
    if (typeof content === 'string') this.#text.addContent(content);
  }

  /** The last line as it is, with the whole texts in it. */
  #result(last: JsonObject): JsonObject {
    const { content, thinking } = this.#text;
    const thought = thinking === '' ? {} : { thinking };
    const logprobs = this.#logprobs.length > 0 ? { logprobs: this.#logprobs } : {};
    if (!this.#isChat) return { ...last, response: content, ...thought, ...logprobs };
    const calls = this.#toolCalls.length > 0 ? { tool_calls: this.#toolCalls } : {};
    return { ...last, message: { role: 'assistant', ...this.#message, content, ...thought, ...calls }, ...logprobs };
  }
}

class EmbedDecoder implements AnswerDecoder {
  readonly #body: WholeBody;

  constructor(parts: DecoderParts) {
    this.#body = new WholeBody(parts.answerBytesMax);
  }

  take(bytes: Buffer): void {
    this.#body.take(bytes);
  }

  finish(): Answer | undefined {
    const result = this.#body.object();
    if (!result) return undefined;
    if (!Array.isArray(result.embeddings)) throw new AnswerFault('the answer has no embeddings');
    return { result, usage: usageOf(result) };
  }
}

/** Ollama gives tool calls whole, with their arguments as an object; OpenAI streams them as text. */
function asStreamedCall(call: unknown, index: number): object {
  const { id, function: named } = isJsonObject(call) ? call : {};
  const { name = '', arguments: values = {} } = isJsonObject(named) ? named : {};
  return {
    index,
    ...(typeof id === 'string' ? { id } : {}),
    type: 'function',
    function: { name, arguments: typeof values === 'string' ? values : JSON.stringify(values) },
  };
}

/** Ollama leaves out counts of zero. */
function usageOf(last: JsonObject): Usage | undefined {
  const { prompt_eval_count: prompt, eval_count: completion } = last;
  if (typeof prompt !== 'number' && typeof completion !== 'number') return undefined;
  const [promptTokens, completionTokens] = [Number(prompt ?? 0), Number(completion ?? 0)];
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
