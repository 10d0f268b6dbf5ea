/** What the chunks of an OpenAI answer come to: Ollama's final object. The same for chat completions and completions. */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import {
  nanoseconds,
  type OllamaChatResult,
  type OllamaCounts,
  type OllamaGenerateResult,
} from '../../protocol/ollama.js';
import type { Usage } from '../../stream/record.js';
import { AnswerText } from './answer-text.js';
import type { Answer, DecoderParts } from './dialect.js';
import { ToolCallDrafts } from './openai-tool-calls.js';

export class CompletionDraft {
  readonly #parts: DecoderParts;
  readonly #text: AnswerText;
  readonly #toolCalls = new ToolCallDrafts();
  #reason: string | undefined;
  #usage: JsonObject | undefined;
  /** llama-server's own report, in milliseconds. */
  #timings: JsonObject | undefined;

  constructor(parts: DecoderParts) {
    this.#parts = parts;
    this.#text = new AnswerText(parts);
  }

  /**
   * Takes a chunk, or a whole answer as its only chunk. Throws an AnswerFault where it becomes too much. Of several choices the
   * first one counts: Ollama has only one.
   */
  add(chunk: JsonObject): void {
    if (isJsonObject(chunk.usage)) this.#usage = chunk.usage;
    if (isJsonObject(chunk.timings)) this.#timings = chunk.timings;
    for (const choice of Array.isArray(chunk.choices) ? chunk.choices : []) {
      if (isJsonObject(choice) && (choice.index ?? 0) === 0) this.#addChoice(choice);
    }
  }

  /** Undefined before the engine has said why the answer ended. */
  finish(): Answer | undefined {
    if (this.#reason === undefined) return undefined;
    const usage = readUsage(this.#usage) ?? timedUsage(this.#timings);
    return { result: this.#result(this.#reason, usage), usage };
  }

  #addChoice({ delta, message, text, finish_reason: reason }: JsonObject): void {
    const said = [delta, message].find(isJsonObject) ?? {};
    this.#text.addThinking(textOf(said.reasoning_content ?? said.reasoning));
    this.#text.addContent(textOf(said.content ?? said.refusal ?? text));
    for (const call of Array.isArray(said.tool_calls) ? said.tool_calls.filter(isJsonObject) : []) {
      this.#text.addToolCall(call);
      this.#toolCalls.add(call);
    }
    if (typeof reason === 'string') this.#reason = reason;
  }

  #result(reason: string, usage: Usage | undefined): OllamaChatResult | OllamaGenerateResult {
    const { task, clock } = this.#parts;
    const { content, thinking } = this.#text;
    const thought = thinking === '' ? {} : { thinking };
    const toolCalls = this.#toolCalls.finish();
    const message = {
      role: 'assistant',
      content,
      ...thought,
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    };
    return {
      model: task.model,
      created_at: new Date(clock.epoch()).toISOString(),
      ...(task.type === 'chat' ? { message } : { response: content, ...thought }),
      done: true,
      done_reason: doneReason(reason),
      ...this.#text.durations(),
      ...timedDurations(this.#timings),
      ...(usage ? { prompt_eval_count: usage.prompt_tokens, eval_count: usage.completion_tokens } : {}),
    };
  }
}

/** `usage` of an OpenAI answer; an embedding has no `completion_tokens`. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isJsonObject(usage) || typeof usage.prompt_tokens !== 'number') return undefined;
  const { prompt_tokens: prompt, completion_tokens: made } = usage;
  const completion = typeof made === 'number' ? made : 0;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** llama-server's `timings`: of the prompt it counts apart what it still knew. */
function timedUsage(timings: JsonObject | undefined): Usage | undefined {
  if (typeof timings?.prompt_n !== 'number' || typeof timings.predicted_n !== 'number') return undefined;
  const cached = typeof timings.cache_n === 'number' ? timings.cache_n : 0;
  return readUsage({ prompt_tokens: cached + timings.prompt_n, completion_tokens: timings.predicted_n });
}

function timedDurations(timings: JsonObject | undefined): OllamaCounts {
  if (typeof timings?.prompt_ms !== 'number' || typeof timings.predicted_ms !== 'number') return {};
  return {
    prompt_eval_duration: nanoseconds(timings.prompt_ms),
    eval_duration: nanoseconds(timings.predicted_ms),
  };
}

/** Ollama says `stop` also where the model asks for tools. */
function doneReason(reason: string): string {
  return reason === 'tool_calls' || reason === 'function_call' ? 'stop' : reason;
}

/** A text, or a list of parts of which some are texts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}
