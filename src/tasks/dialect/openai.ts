/** Tasks in the words of the OpenAI API, for every engine that is not Ollama. Results have Ollama's shape all the same. */
import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { HeaderFields } from '../../engine/engine.js';
import { isJsonObject } from '../../protocol/json-object.js';
import { nanoseconds, type OllamaEmbedResult } from '../../protocol/ollama.js';
import { type Answer, type AnswerDecoder, AnswerFault, type DecoderParts, type Dialect, tooLarge } from './dialect.js';
import { CompletionDraft, readUsage } from './openai-completion.js';
import { openAiCall } from './openai-request.js';
import { objectIn, WholeBody } from './whole-body.js';

export const openAiDialect: Dialect = { call: openAiCall, decoder: openAiDecoder };

/** Some servers answer whole although a stream was asked for. */
function openAiDecoder(parts: DecoderParts): AnswerDecoder {
  if (parts.task.type === 'embed') return new EmbeddingDecoder(parts);
  const type = contentType(parts.head.headers);
  if (type === 'text/event-stream') return new EventDecoder(parts);
  if (type === 'application/json') return new CompletionDecoder(parts);
  throw new AnswerFault(`the answer is not understood: ${type === '' ? 'of no type' : type}`);
}

/** Server-sent events with one chunk each; the last one is `[DONE]`. Comments keep the connection alive. */
class EventDecoder implements AnswerDecoder {
  readonly #draft: CompletionDraft;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  #done = false;

  constructor(parts: DecoderParts) {
    this.#draft = new CompletionDraft(parts);
    this.#parser = createParser({
      onEvent: (event) => this.#read(event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') throw tooLarge(parts.answerBytesMax);
      },
      maxBufferSize: parts.answerBytesMax,
    });
  }

  take(bytes: Buffer): void {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Complete with its finish reason: some servers leave out `[DONE]`. */
  finish(): Answer | undefined {
    return this.#draft.finish();
  }

  #read(data: string): void {
    if (this.#done || data === '') return;
    if (data.trim() === '[DONE]') this.#done = true;
    // Several prompts in one call make a llama-server send a first event `null`.
    else if (data !== 'null') this.#draft.add(objectIn(data));
  }
}

/** One JSON object with the whole answer. */
class CompletionDecoder implements AnswerDecoder {
  readonly #draft: CompletionDraft;
  readonly #body: WholeBody;

  constructor(parts: DecoderParts) {
    this.#draft = new CompletionDraft(parts);
    this.#body = new WholeBody(parts.answerBytesMax);
  }

  take(bytes: Buffer): void {
    this.#body.take(bytes);
  }

  finish(): Answer | undefined {
    const object = this.#body.object();
    if (object) this.#draft.add(object);
    return this.#draft.finish();
  }
}

class EmbeddingDecoder implements AnswerDecoder {
  readonly #parts: DecoderParts;
  readonly #body: WholeBody;

  constructor(parts: DecoderParts) {
    this.#parts = parts;
    this.#body = new WholeBody(parts.answerBytesMax);
  }

  take(bytes: Buffer): void {
    this.#body.take(bytes);
  }

  finish(): Answer | undefined {
    const object = this.#body.object();
    if (!object) return undefined;
    const { task, clock, startedAtMs } = this.#parts;
    const usage = readUsage(object.usage);
    const result: OllamaEmbedResult = {
      model: task.model,
      embeddings: embeddingsIn(object.data),
      total_duration: nanoseconds(clock.now() - startedAtMs),
      ...(usage ? { prompt_eval_count: usage.prompt_tokens } : {}),
    };
    return { result, usage };
  }
}

/** `data[].embedding` in the order of `data[].index`. Throws an AnswerFault where it is not that. */
function embeddingsIn(data: unknown): number[][] {
  if (!Array.isArray(data)) throw new AnswerFault('the answer has no embeddings');
  const items = data.map((item: unknown, at) => {
    if (!isJsonObject(item) || !isVector(item.embedding)) throw new AnswerFault('the answer has no embeddings');
    return { index: typeof item.index === 'number' ? item.index : at, embedding: item.embedding };
  });
  return items.sort((one, other) => one.index - other.index).map(({ embedding }) => embedding);
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number) => typeof number === 'number');
}

function contentType(headers: HeaderFields): string {
  const field = headers['content-type'];
  return ((Array.isArray(field) ? field[0] : field)?.split(';')[0] ?? '').trim().toLowerCase();
}
