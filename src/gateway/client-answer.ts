/**
 * What one client gets: the engine's bytes as they come, heartbeats while a stream waits or is silent, and an end that
 * never looks like success when it is not.
 *
 * - `idle`: nothing was sent; an error still has its status
 * - `waiting`: a stream's head and comments were sent, nothing of an engine
 * - `answering`: the engine's head, or its first bytes behind our own, went on
 * - `ended`: answered, failed, or the client has gone
 */
import type { Clock, Timer } from '../base/clock.js';
import { type ErrorCode, GollamaError } from '../base/errors.js';
import type { AnswerHead, AnswerSink, Flow, HeaderFields } from '../engine/engine.js';
import { AnswerTail } from './answer-tail.js';
import type { ClientResponse } from './client-response.js';
import { returnedHeaders } from './headers.js';
import { type AnswerHeaders, errorEvent, sendError } from './respond.js';
import { streamEnding } from './stream-ending.js';
import { findUsage, type TokenUsage } from './token-usage.js';
import { WholeEvents } from './whole-events.js';

export interface ClientAnswerOptions {
  /** True where the client asked for a stream. */
  readonly stream: boolean;
  /** True on the paths whose streams end with `[DONE]`. */
  readonly isText: boolean;
  readonly heartbeatMs: number;
  /** The gateway's own fields of the answer, whatever comes of it. */
  readonly headers: AnswerHeaders;
}

/** What the client is told of the slot that its request got. */
export interface GrantNotice {
  readonly engine: string;
  readonly waitedMs: number;
  readonly attempt: number;
  readonly simulated: boolean;
  /** True where the client did not ask for the usage chunk that the engine was asked for. */
  readonly hidesUsage: boolean;
}

/** A client that takes nothing for so long is given up: it holds a slot. */
const CLIENT_STALL_MS = 60_000;
const RESOLVED = Promise.resolve();
/** Of an answer that cannot go on as it is; enough to tell what was wrong. */
const REFUSED_BYTES_MAX = 64 * 1024;

export class ClientAnswer implements AnswerSink {
  readonly #response: ClientResponse;
  readonly #clock: Clock;
  readonly #options: ClientAnswerOptions;
  #grant: GrantNotice | undefined;
  #tail = new AnswerTail();
  #state: 'idle' | 'waiting' | 'answering' | 'ended' = 'idle';
  #events: WholeEvents | undefined;
  /** First bytes of the answer, where a JSON answer may tell its usage. */
  #opening: Buffer | undefined;
  /** Of an answer with a known length. */
  #missingBytes: number | undefined;
  /** Status and bytes of an answer that is none, or came too late to be passed on with its status. */
  #refused: { readonly status: number; readonly parts: Buffer[] } | undefined;
  /** True where the engine's answer is a stream of events. */
  #streams = false;
  #flow: Flow | undefined;
  #heartbeat: Timer | undefined;
  /** True where nothing of the engine went on since the last heartbeat. */
  #isSilent = true;
  #stall: Timer | undefined;
  /** True where the client has not taken what was written. */
  #isBehind = false;
  /** True where the client left before the end. */
  #isGone = false;
  #position: (() => number) | undefined;
  #firstByteAtMs: number | undefined;

  constructor(response: ClientResponse, clock: Clock, options: ClientAnswerOptions) {
    this.#response = response;
    this.#clock = clock;
    this.#options = options;
    response.on('close', () => {
      this.#isGone = this.#state !== 'ended';
      this.#forget();
    });
  }

  /** True once something of an engine's answer went to the client: no other engine can answer any more. */
  get started(): boolean {
    return this.#state === 'answering' || this.#state === 'ended';
  }

  /** Status sent to the client; undefined while nothing was. */
  get status(): number | undefined {
    return this.#response.headersSent ? this.#response.statusCode : undefined;
  }

  get firstByteAtMs(): number | undefined {
    return this.#firstByteAtMs;
  }

  /** The request has to wait in the queue. A stream's client is told at once, and again and again. */
  waiting(position: () => number): void {
    this.#position = position;
    if (this.#options.stream) this.#comment();
  }

  /** The request has a slot: from here on it waits for the engine. */
  granted(grant: GrantNotice): void {
    this.#position = undefined;
    this.#grant = grant;
    this.#forgetAttempt();
    // An engine that reads a long prompt is silent for minutes: longer than many a client's patience.
    if (this.#options.stream) this.#heartbeat ??= this.#nextBeat();
  }

  head(head: AnswerHead, flow: Flow): void {
    if (this.#state === 'ended') return;
    this.#flow = flow;
    this.#streams = isEventStream(head.headers);
    if (this.#streams && this.#options.isText)
      this.#events = new WholeEvents({ hidesUsage: this.#grant?.hidesUsage === true });
    const isLate = this.#state === 'waiting';
    if (isLate ? head.status !== 200 || !this.#streams : isNoAnswer(head, this.#options.isText)) {
      this.#refused = { status: head.status, parts: [] };
    }
    if (isLate || this.#refused) return;
    this.#state = 'answering';
    this.#writeHead(head);
  }

  chunk(bytes: Buffer): boolean {
    if (this.#state === 'ended') return true;
    this.#firstByteAtMs ??= this.#clock.now();
    this.#tail.add(bytes);
    if (this.#refused) return this.#collectRefused(bytes);
    this.#isSilent = false;
    this.#state = 'answering';
    if (this.#events) return this.#write(this.#events.push(bytes));
    this.#opening ??= bytes;
    if (this.#missingBytes !== undefined) {
      this.#missingBytes -= bytes.length;
      if (this.#missingBytes <= 0) {
        // Head, body and end leave in one piece.
        this.#end(bytes);
        return true;
      }
    }
    return this.#write(bytes);
  }

  /**
   * The engine's answer is complete. Throws `engine_error` where it is not, although it ended well, or where it ended with
   * an error of the engine's own; `cancelled` where the client did not stay for it.
   */
  complete(): void {
    if (this.#isGone) throw new GollamaError('cancelled', 'the client left before the answer was complete');
    if (this.#state === 'ended') return;
    if (this.#refused) throw this.#refusedError(this.#refused);
    const isEmpty = this.#options.isText && this.#response.statusCode < 300 && this.#firstByteAtMs === undefined;
    if (isEmpty && !this.#events) throw new GollamaError('engine_error', 'the engine sent an empty answer');
    const ending = this.#events ? streamEnding(this.#tail.bytes()) : 'done';
    if (ending === 'cut') {
      throw new GollamaError('engine_error', 'the engine ended the stream before the answer was complete');
    }
    this.#end(this.#events?.flush());
    if (ending === 'error') throw new GollamaError('engine_error', 'the engine ended the stream with an error');
  }

  /** No (further) answer comes: tells the client why, in the way that is left. */
  fail(error: GollamaError): void {
    const state = this.#state;
    if (state === 'ended' || this.#response.destroyed) {
      this.#forget();
    } else if (state === 'idle') {
      this.#forget();
      sendError(this.#response, error, this.#withOwn({}));
    } else if (state === 'waiting' || this.#events?.atEventEnd) {
      // In a text stream, behind whole events; elsewhere only a broken connection says "failed" for sure.
      const isTold = state === 'answering' && streamEnding(this.#tail.bytes()) === 'error';
      this.#end(isTold ? undefined : Buffer.from(errorEvent(error, this.#options.isText)));
    } else {
      this.#forget();
      this.#response.destroy();
    }
  }

  /** As `fail`, for an answer that has begun; of any other it is decided elsewhere whether it is tried again. */
  failed(error: GollamaError): void {
    if (this.started) this.fail(error);
  }

  /** Token counts of the answer, as far as it told them. */
  usage(): TokenUsage | undefined {
    return findUsage(this.#tail.bytes()) ?? (this.#opening ? findUsage(this.#opening) : undefined);
  }

  /** Once it has begun it goes on to the end: also an engine that has sent its head may be silent for minutes. */
  #nextBeat(): Timer {
    return this.#clock.after(this.#options.heartbeatMs, () => {
      this.#heartbeat = this.#nextBeat();
      if (this.#isSilent) this.#comment();
      this.#isSilent = true;
    });
  }

  /** A comment line of its own: with a blank line behind it, some clients would see an empty event. */
  #comment(): void {
    if (this.#state === 'idle') this.#beginWaiting();
    if (!this.#mayComment()) return;
    this.#response.write(this.#position ? `: queued position=${this.#position()}\n` : ': working\n');
  }

  #beginWaiting(): void {
    this.#state = 'waiting';
    this.#heartbeat ??= this.#nextBeat();
    const headers = this.#withOwn({});
    headers['content-type'] = 'text/event-stream';
    headers['cache-control'] = 'no-cache';
    headers['x-accel-buffering'] = 'no';
    this.#response.writeHead(200, headers);
  }

  /** Between events; in a stream whose events are not looked at, only in front of them. */
  #mayComment(): boolean {
    if (this.#state === 'waiting') return true;
    if (this.#state !== 'answering' || this.#response.writableNeedDrain) return false;
    return this.#events ? this.#events.atEventEnd : this.#streams && this.#firstByteAtMs === undefined;
  }

  #writeHead(head: AnswerHead): void {
    const headers: AnswerHeaders = returnedHeaders(head.headers);
    if (this.#streams) {
      headers['cache-control'] = 'no-cache';
      headers['x-accel-buffering'] = 'no';
      // A chunk may be taken out, an error may be put behind.
      delete headers['content-length'];
    } else if (typeof headers['content-length'] === 'string') {
      this.#missingBytes = Number(headers['content-length']);
    }
    this.#response.writeHead(head.status, this.#withOwn(headers));
    // The first chunk is usually in the same read: then both leave in one packet.
    // Of `queueMicrotask` every call costs a resource of its own.
    void RESOLVED.then(() => {
      if (this.#firstByteAtMs === undefined && this.#state !== 'ended') this.#response.flushHeaders();
    });
  }

  /** Sets the gateway's own fields. They are sent in one piece: to set them on the response costs several times as much. */
  #withOwn(headers: AnswerHeaders): AnswerHeaders {
    Object.assign(headers, this.#options.headers);
    const grant = this.#grant;
    if (grant === undefined) return headers;
    headers['x-gollama-engine'] = grant.engine;
    headers['x-gollama-queue-ms'] = String(Math.round(grant.waitedMs));
    headers['x-gollama-attempts'] = String(grant.attempt);
    if (grant.simulated) headers['x-gollama-simulated'] = '1';
    return headers;
  }

  #write(bytes: Buffer): boolean {
    if (bytes.length === 0 || this.#response.write(bytes)) return true;
    if (!this.#isBehind) {
      this.#isBehind = true;
      this.#response.once('drain', () => this.#onDrain());
    }
    this.#armStall();
    return false;
  }

  #onDrain(): void {
    this.#isBehind = false;
    this.#stall?.cancel();
    this.#flow?.resume();
  }

  #armStall(): void {
    this.#stall?.cancel();
    // The connection itself: an answer that waits behind another one on it is not bound to it yet.
    this.#stall = this.#clock.after(CLIENT_STALL_MS, () => this.#response.req.socket.destroy());
  }

  #collectRefused(bytes: Buffer): boolean {
    const parts = this.#refused?.parts ?? [];
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (sizeBytes < REFUSED_BYTES_MAX) parts.push(bytes);
    return true;
  }

  /** The engine's own words, where it told an error as JSON. */
  #refusedError(refused: { readonly status: number; readonly parts: readonly Buffer[] }): GollamaError {
    const text = Buffer.concat(refused.parts).toString('utf8').slice(0, REFUSED_BYTES_MAX);
    const what = this.#state === 'waiting' ? 'a stream' : 'an answer';
    const told = engineMessage(text) ?? `the engine answered ${refused.status} without ${what}`;
    return new GollamaError(codeOf(refused.status), told);
  }

  #end(last?: Buffer): void {
    const isBehind = this.#response.writableNeedDrain;
    this.#forget();
    if (last) this.#response.end(last);
    else this.#response.end();
    // What it has not taken yet is still held for it.
    if (isBehind) this.#armStall();
  }

  #forget(): void {
    this.#state = 'ended';
    this.#heartbeat?.cancel();
    this.#stall?.cancel();
  }

  /** Another engine may have been tried before: nothing of that is left. */
  #forgetAttempt(): void {
    this.#tail = new AnswerTail();
    this.#streams = false;
    this.#events = undefined;
    this.#refused = undefined;
    this.#firstByteAtMs = undefined;
  }
}

/** What an engine's status means where it cannot be told as a status any more. */
function codeOf(status: number): ErrorCode {
  if (status === 429) return 'queue_full';
  return status >= 400 && status < 500 ? 'invalid_request' : 'engine_error';
}

/**
 * A redirect would lead clients past the queue, to an address that is not theirs to know: it is for the base URL. An empty
 * answer looks to a client like a stream that ended well.
 */
function isNoAnswer({ status, headers }: AnswerHead, isText: boolean): boolean {
  if (status >= 300 && status < 400) return true;
  return isText && status < 300 && (status === 204 || status === 205 || headers['content-length'] === '0');
}

/** A packed stream is none: its events cannot be seen. */
function isEventStream(headers: HeaderFields): boolean {
  const { 'content-type': type, 'content-encoding': encoding = 'identity' } = headers;
  return typeof type === 'string' && /^text\/event-stream\b/i.test(type) && encoding === 'identity';
}

function engineMessage(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } | string };
    if (typeof error === 'string') return error;
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}
