/**
 * Answers of any OpenAI-compatible server, each over one connection of its own: where that breaks, the answer has failed, and
 * what was told of it is all there is.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { type Clock, systemClock } from '../base/clock.js';
import { GollamaError, messageOf } from '../base/errors.js';
import { serverSentEvents } from '../client/server-sent-events.js';
import type { Transport } from '../client/transport.js';
import { imageUrl } from '../protocol/image.js';
import type { ChatMessage } from '../protocol/task.js';
import type { AnswerEvent, AnswerSource, EndReason, Question, TokenUsage } from './answer.js';
import { AnswerProgress, type ToldFigures } from './answer-progress.js';
import { type CompletionChunk, readChunk } from './completion-chunk.js';
import { openAiOptions } from './parameters.js';

export interface CompletionAnswersOptions {
  readonly transport: Transport;
  readonly clock?: Clock | undefined;
  readonly continuation: AnswerSource['continuation'];
}

/** A long prompt is read in silence, and so is a queue waited in. */
const SILENCE_MS = 30 * 60_000;

/** Of the chunks that came. */
interface Told {
  reason: EndReason | undefined;
  usage: TokenUsage | undefined;
  tokensPerSecond: number | undefined;
}

export class CompletionAnswers implements AnswerSource {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly continuation: AnswerSource['continuation'];

  constructor({ transport, clock = systemClock, continuation }: CompletionAnswersOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.continuation = continuation;
  }

  async *ask(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent, void> {
    const progress = new AnswerProgress(this.#clock);
    const told: Told = { reason: undefined, usage: undefined, tokensPerSecond: undefined };
    yield { kind: 'waiting' };
    try {
      const response = await this.#send(question, signal);
      for await (const chunk of chunksOf(response)) {
        if (!progress.isStarted) yield progress.started();
        take(chunk, told);
        yield* progress.reasoning(chunk.reasoning);
        yield* progress.text(chunk.text);
      }
      if (told.reason === undefined) throw cutOff();
      yield* progress.end(told.reason, figuresOf(told, response.headers));
    } catch (thrown) {
      if (!signal.aborted) throw this.#failed(thrown);
      yield* progress.end('stopped', figuresOf(told, {}));
    }
  }

  async #send(question: Question, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#transport.open({
      path: '/v1/chat/completions',
      method: 'POST',
      body: bodyOf(question),
      headers: { accept: 'text/event-stream, application/json' },
      signal,
      timeoutMs: SILENCE_MS,
    });
  }

  #failed(thrown: unknown): GollamaError {
    if (!(thrown instanceof GollamaError)) {
      const message = `the connection to ${this.#transport.baseUrl} broke: ${messageOf(thrown)}`;
      return new GollamaError('unreachable', message, { cause: thrown });
    }
    // The only thing there that may be missing.
    if (thrown.code !== 'not_found') return thrown;
    return new GollamaError('model_not_found', thrown.message, { cause: thrown });
  }
}

function cutOff(): GollamaError {
  return new GollamaError('engine_error', 'the answer was cut off before its end');
}

function take(chunk: CompletionChunk, told: Told): void {
  told.reason = chunk.reason ?? told.reason;
  told.usage = chunk.usage ?? told.usage;
  told.tokensPerSecond = chunk.tokensPerSecond ?? told.tokensPerSecond;
}

function figuresOf({ usage, tokensPerSecond }: Told, headers: IncomingHttpHeaders): ToldFigures {
  const queueMs = Number(headers['x-gollama-queue-ms'] ?? Number.NaN);
  return { usage, tokensPerSecond, queueMs: Number.isFinite(queueMs) ? queueMs : undefined };
}

/** Some servers answer whole although a stream was asked for; others say nothing of the end but that it is there. */
async function* chunksOf(response: IncomingMessage): AsyncGenerator<CompletionChunk, void> {
  if (/\bjson\b/.test(response.headers['content-type'] ?? '')) return yield readChunk(await textOf(response));
  for await (const { data } of serverSentEvents(response)) {
    if (data.trim() === '[DONE]') return;
    if (data !== '') yield readChunk(data);
  }
}

function bodyOf({ model, messages, options, think }: Question): object {
  const isContinuation = messages.at(-1)?.role === 'assistant';
  return {
    model,
    messages: messages.map(openAiMessage),
    ...openAiOptions(options),
    ...thinking(isContinuation ? false : think),
    stream: true,
    stream_options: { include_usage: true },
  };
}

/** As llama-server and vLLM take it; a level is OpenAI's own. */
function thinking(think: boolean | string | undefined): object {
  if (typeof think === 'string') return { reasoning_effort: think };
  return think === undefined ? {} : { chat_template_kwargs: { enable_thinking: think } };
}

function openAiMessage({ role, content, images = [] }: ChatMessage): object {
  if (images.length === 0) return { role, content };
  const text = content === '' ? [] : [{ type: 'text', text: content }];
  return {
    role,
    content: [...text, ...images.map((image) => ({ type: 'image_url', image_url: { url: imageUrl(image) } }))],
  };
}
