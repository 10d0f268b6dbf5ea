/**
 * One answer as it is seen coming in: bytes with the moment they came go in, times and counts come out. No sockets, no
 * clock: a test plays a script of (time, bytes).
 */
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser, type ParseError } from 'eventsource-parser';
import { isJsonObject, type JsonObject, parseJsonObject } from '../src/protocol/json-object.js';
import { factsOf, type MessageFacts, type UsageFacts } from './answer-message.js';
import type { ErrorClass, ServerTimings, TokenCounts } from './record.js';

export interface ObservationOptions {
  /** True where an event stream is expected. */
  readonly stream: boolean;
  readonly saveText: boolean;
}

export interface Failure {
  readonly errorClass: ErrorClass;
  readonly message: string;
}

/** A body that is not streamed; longer than any answer of a model. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** One event of a stream. */
const EVENT_CHARACTERS_MAX = 16 * 1024 * 1024;
const ERROR_TEXT_MAX = 300;
const BYTE_ORDER_MARK = 0xfeff;

export class AnswerObservation {
  readonly #options: ObservationOptions;
  /** Costs a fraction of what TextDecoder does on small chunks. */
  readonly #decoder = new StringDecoder('utf8');
  readonly #parser: EventSourceParser;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  #status: number | undefined;
  #isStream = false;
  #isBeginning = true;
  #ending = false;
  /** An event went over its bound: the parser takes nothing more. */
  #overflowed = false;
  #readAtMs = 0;
  #eventsInRead = 0;
  #sawDone = false;
  #failure: Failure | undefined;
  #usage: UsageFacts | undefined;
  #timings: ServerTimings | undefined;
  #timingsCached: number | undefined;
  #logprobTokens = 0;
  firstEventMs: number | null = null;
  firstTokenMs: number | null = null;
  firstContentMs: number | null = null;
  lastTokenMs: number | null = null;
  finishReason: string | null = null;
  modelReported: string | null = null;
  chunks = 0;
  coalesced = 0;
  text = '';
  readonly gapsUs: number[] = [];

  constructor(options: ObservationOptions) {
    this.#options = options;
    this.#parser = createParser({
      onEvent: ({ event, data }) => this.#event(data, event),
      onError: (error) => this.#oddity(error),
      maxBufferSize: EVENT_CHARACTERS_MAX,
    });
  }

  head(status: number, contentType: string): void {
    this.#status = status;
    const isSuccess = status >= 200 && status < 300;
    // A refusal may be dressed as a stream; it stays a refusal.
    this.#isStream = isSuccess && /^text\/event-stream\b/i.test(contentType);
    if (this.#options.stream && isSuccess && !this.#isStream) {
      this.#fail('not_sse', `expected an event stream, got ${contentType || 'no content type'}`);
    }
  }

  /** `atMs` was taken before anything else was done with the bytes. */
  bytes(chunk: Buffer, atMs: number): void {
    this.#readAtMs = atMs;
    this.#eventsInRead = 0;
    if (this.#isStream) this.#feed(this.#decoder.write(chunk));
    else if (this.#bodyBytes < BODY_BYTES_MAX) {
      this.#body.push(chunk);
      this.#bodyBytes += chunk.length;
    }
  }

  /** True once nothing more of interest can come: some servers hold the connection open behind `[DONE]`. */
  get isDone(): boolean {
    return this.#sawDone;
  }

  /** The answer is over and came whole as far as HTTP is concerned. */
  end(atMs: number): void {
    if (this.#isStream) this.#lastEvent();
    else this.#wholeBody(atMs);
  }

  /** Why the answer is no success; undefined where it is one. Only the first reason counts. */
  failure(): Failure | undefined {
    if (this.#failure) return this.#failure;
    if (this.#isStream && !this.#sawDone && this.finishReason === null) {
      return { errorClass: 'truncated', message: 'the stream ended without a finish reason and without [DONE]' };
    }
    if (this.firstTokenMs === null) return { errorClass: 'empty', message: 'the answer has no token' };
    return undefined;
  }

  /** The best count that the answer offers. */
  tokens(): TokenCounts {
    const timings = this.#timings;
    const prompt = this.#usage?.prompt ?? timings?.promptTokens ?? null;
    const cached = this.#usage?.cached ?? this.#timingsCached ?? null;
    const counts = { prompt, cached, reasoning: this.#usage?.reasoning ?? null };
    const told = this.#usage?.completion;
    // Zero beside chunks of text was never filled in.
    if (told !== undefined && (told > 0 || this.chunks === 0)) return { ...counts, completion: told, source: 'usage' };
    if (timings) return { ...counts, completion: timings.predictedTokens, source: 'timings' };
    if (this.#logprobTokens > 0) return { ...counts, completion: this.#logprobTokens, source: 'logprobs' };
    if (this.#isStream && this.chunks > 0) return { ...counts, completion: this.chunks, source: 'chunks' };
    // Embeddings: the prompt is counted, and nothing is completed.
    if (this.#usage) return { ...counts, completion: 0, source: 'usage' };
    return { ...counts, completion: null, source: null };
  }

  get serverTimings(): ServerTimings | null {
    return this.#timings ?? null;
  }

  #feed(text: string): void {
    if (this.#overflowed) return;
    // A byte order mark; the parser only knows it as three letters.
    const isMarked = this.#isBeginning && text.charCodeAt(0) === BYTE_ORDER_MARK;
    if (text !== '') this.#isBeginning = false;
    this.#parser.feed(isMarked ? text.slice(1) : text);
  }

  /** Some servers leave out the empty line behind their last event. */
  #lastEvent(): void {
    this.#ending = true;
    this.#feed('\n\n');
  }

  /** Lines that are no SSE. */
  #oddity({ type, field, value }: ParseError): void {
    if (type === 'max-buffer-size-exceeded') {
      this.#overflowed = true;
      this.#fail('parse', `an event is longer than ${EVENT_CHARACTERS_MAX} characters`);
    }
    // Older llama.cpp tells an error in a field of that name.
    if (type === 'unknown-field' && field === 'error') this.#fail('stream_error', excerpt(value ?? ''));
  }

  #event(data: string, name: string | undefined): void {
    if (this.#sawDone) return;
    if (data === '[DONE]') {
      this.#sawDone = true;
      return;
    }
    // Dispatching the last event at the end of the stream may find nothing.
    if (data === '' || data.trim() === '') return;
    const message = jsonObjectIn(data);
    if (message === undefined) {
      // Half an event at the end is a stream that was cut.
      if (!this.#ending) this.#fail('parse', `an event is no JSON object: ${excerpt(data)}`);
      return;
    }
    this.firstEventMs ??= this.#readAtMs;
    const facts = factsOf(message);
    if (facts.error !== undefined || name === 'error') {
      this.#fail('stream_error', excerpt(facts.error ?? data));
      return;
    }
    this.#take(facts);
    if (facts.hasContent || facts.hasReasoning) this.#token(facts);
  }

  #token(facts: MessageFacts): void {
    const atMs = this.#readAtMs;
    this.firstTokenMs ??= atMs;
    if (facts.hasContent) this.firstContentMs ??= atMs;
    if (this.lastTokenMs !== null) this.gapsUs.push(Math.round((atMs - this.lastTokenMs) * 1000));
    this.lastTokenMs = atMs;
    this.chunks += 1;
    if (this.#eventsInRead > 0) this.coalesced += 1;
    this.#eventsInRead += 1;
    if (this.#options.saveText) this.text += facts.text;
  }

  #take(facts: MessageFacts): void {
    this.#usage = facts.usage ?? this.#usage;
    this.#timings = facts.timings ?? this.#timings;
    this.#timingsCached = facts.timingsCached ?? this.#timingsCached;
    this.#logprobTokens += facts.logprobTokens;
    this.finishReason = facts.finishReason ?? this.finishReason;
    this.modelReported = facts.model ?? this.modelReported;
  }

  #wholeBody(atMs: number): void {
    const body = Buffer.concat(this.#body);
    const message = parseJsonObject(body);
    const status = this.#status ?? 0;
    const facts = message && factsOf(message);
    const told = facts?.error ?? body.toString('utf8');
    if (status < 200 || status >= 300) this.#refused(status, told);
    else if (facts === undefined) this.#fail('parse', `the answer is no JSON object: ${excerpt(told)}`);
    else if (facts.error !== undefined) this.#fail('stream_error', excerpt(told));
    if (this.#failure === undefined && facts !== undefined) this.#wholeAnswer(facts, atMs);
  }

  #wholeAnswer(facts: MessageFacts, atMs: number): void {
    this.#take(facts);
    if (!facts.hasContent && !facts.hasReasoning && !this.#usage?.completion) return;
    this.firstEventMs = atMs;
    this.firstTokenMs = atMs;
    this.firstContentMs = facts.hasContent ? atMs : null;
    this.lastTokenMs = atMs;
    this.chunks = 1;
    if (this.#options.saveText) this.text = facts.text;
  }

  #refused(status: number, told: string): void {
    const errorClass = status === 429 ? 'http_429' : status >= 500 ? 'http_5xx' : 'http_4xx';
    this.#fail(errorClass, `HTTP ${status}: ${excerpt(told)}`);
  }

  #fail(errorClass: ErrorClass, message: string): void {
    this.#failure ??= { errorClass, message };
  }
}

function jsonObjectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > ERROR_TEXT_MAX ? `${line.slice(0, ERROR_TEXT_MAX)}…` : line;
}
