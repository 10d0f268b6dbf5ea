/** The answer to a call that `asStreamedCall` turned into a stream, as the one JSON answer that the client asked for. */
import { createParser, type EventSourceParser } from 'eventsource-parser';
import { GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject } from '../protocol/json-object.js';
import { AnswerDraft } from './answer-draft.js';
import type { AnswerHead, AnswerSink, Flow, HeaderFields } from './engine.js';

export interface AssemblerLimits {
  /** Longest assembled answer. */
  readonly answerCharsMax: number;
  /** Longest single event of the stream. */
  readonly eventCharsMax: number;
}

export const ASSEMBLER_LIMITS: AssemblerLimits = {
  answerCharsMax: 64 * 1024 * 1024,
  eventCharsMax: 16 * 1024 * 1024,
};

/** What belongs to the stream and not to the JSON answer. */
const STREAM_HEADERS = new Set(['content-type', 'content-length', 'transfer-encoding', 'trailer', 'x-accel-buffering']);

interface JsonAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Give it to an engine as the sink, then call `finish()` when the engine is done:
 * - a 200 event stream reaches `inner` at `finish()`, as one JSON answer; nothing before, so that until then another
 *   engine may try
 * - an error that the engine sends inside the stream reaches `inner` at `finish()` too, as that error with its status
 * - any other answer passes through as it comes, byte for byte
 */
export class AnswerAssembler implements AnswerSink {
  readonly #inner: AnswerSink;
  readonly #limits: AssemblerLimits;
  readonly #draft = new AnswerDraft();
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  #head: AnswerHead | undefined;
  #passing = false;
  #done = false;
  #engineError: JsonAnswer | undefined;
  #failure: GollamaError | undefined;

  constructor(inner: AnswerSink, limits: AssemblerLimits = ASSEMBLER_LIMITS) {
    this.#inner = inner;
    this.#limits = limits;
    this.#parser = createParser({
      onEvent: (event) => this.#read(event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#fail('sent an event that is too large', error);
      },
      maxBufferSize: limits.eventCharsMax,
    });
  }

  head(head: AnswerHead, flow: Flow): void {
    this.#head = head;
    this.#passing = head.status !== 200 || !isEventStream(head.headers);
    if (this.#passing) this.#inner.head(head, flow);
    else if (isCompressed(head.headers)) this.#fail('packed an answer that was not to be packed');
  }

  /** Throws `engine_error` when the rest of the stream is of no use: too large, unreadable. The caller ends the stream. */
  chunk(bytes: Buffer): boolean {
    if (this.#passing) return this.#inner.chunk(bytes);
    if (!this.#failure) this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
    if (this.#failure) throw this.#failure;
    return true;
  }

  /** Hands the answer over. Throws `engine_error` when the stream was cut, too large or unreadable. */
  finish(): void {
    if (this.#passing) return;
    if (this.#failure) throw this.#failure;
    if (this.#engineError) this.#deliver(this.#engineError);
    else if (this.#done && this.#draft.finished) this.#deliver({ status: 200, body: this.#draft.toJson() });
    else throw new GollamaError('engine_error', 'the engine ended its answer before it was complete');
  }

  #read(data: string): void {
    if (this.#failure || this.#engineError || this.#done) return;
    if (data === '[DONE]') {
      this.#done = true;
      return;
    }
    try {
      this.#take(JSON.parse(data), data);
    } catch (error) {
      this.#fail('sent an event that is not understood', error);
    }
  }

  /** Several prompts in one call make a llama-server send a first event `null`. */
  #take(event: unknown, data: string): void {
    if (event === null) return;
    if (!isJsonObject(event)) this.#fail('sent an event that is not an object');
    else if (isJsonObject(event.error)) this.#engineError = { status: statusOf(event.error), body: data };
    else this.#draft.add(event);
    if (this.#draft.keptChars > this.#limits.answerCharsMax) this.#fail('sent an answer that is too large');
  }

  #fail(what: string, cause?: unknown): void {
    this.#failure ??= new GollamaError('engine_error', `the engine ${what}`, { cause });
  }

  #deliver(answer: JsonAnswer): void {
    const body = Buffer.from(answer.body);
    const headers: HeaderFields = {};
    for (const [name, value] of Object.entries(this.#head?.headers ?? {})) {
      if (!STREAM_HEADERS.has(name)) headers[name] = value;
    }
    headers['content-type'] = 'application/json; charset=utf-8';
    headers['content-length'] = String(body.length);
    this.#inner.head({ status: answer.status, headers }, { resume() {} });
    this.#inner.chunk(body);
  }
}

/** A llama-server's `error.code` is the status that the error would have had before the first byte. */
function statusOf(error: JsonObject): number {
  const code = error.code;
  return typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599 ? code : 500;
}

function isEventStream(headers: HeaderFields): boolean {
  return /^text\/event-stream\b/i.test(textOf(headers['content-type']));
}

function isCompressed(headers: HeaderFields): boolean {
  return !/^(identity)?$/i.test(textOf(headers['content-encoding']));
}

function textOf(field: string | string[] | undefined): string {
  return (Array.isArray(field) ? field.join(', ') : (field ?? '')).trim();
}
