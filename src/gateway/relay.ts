/**
 * The hot path: a request waits for a slot, its bytes go to the engine, the engine's bytes come back. Nothing is parsed
 * on the way but the request, once.
 */
import type { Clock } from '../base/clock.js';
import { GollamaError, toGollamaError } from '../base/errors.js';
import { type Engine, type EngineCall, type HeaderFields, SlotStuckError } from '../engine/engine.js';
import type { Pool } from '../pool/pool.js';
import { withMembers } from '../protocol/json-object.js';
import { isTextPath, outlineOf, type RequestOutline } from '../protocol/openai.js';
import type { Attempt, Dispatcher, Grant } from '../queue/dispatcher.js';
import type { Caller } from './auth.js';
import { ClientAnswer } from './client-answer.js';
import type { ClientResponse } from './client-response.js';
import type { RequestBook } from './request-book.js';
import type { RequestRecord } from './request-record.js';
import { type AnswerHeaders, sendError } from './respond.js';
import { toldError } from './told-error.js';

export interface RelayParts {
  readonly pool: Pool;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly book: RequestBook;
  readonly heartbeatMs: number;
  /** True where the simulated engine stands in for want of another. */
  readonly simulated: boolean;
}

/** One request whose body is in. */
export interface RelayRequest {
  readonly id: string;
  readonly caller: Caller;
  readonly priority: number;
  /** With its query. */
  readonly path: string;
  readonly headers: HeaderFields;
  readonly body: Buffer;
  /** The gateway's own fields of the answer. */
  readonly answerHeaders: AnswerHeaders;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

export class Relay {
  readonly #parts: RelayParts;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Answers the request; never rejects. Settles when nothing of it is left, the engine's slot included. */
  async handle(request: RelayRequest, response: ClientResponse): Promise<void> {
    let outline: RequestOutline;
    try {
      outline = outlineOf(request.body);
    } catch (thrown) {
      const error = toGollamaError(thrown);
      const end = { status: error.status, error, usage: undefined, firstByteAtMs: undefined };
      this.#parts.book.end(this.#record(request, { model: undefined, stream: false }), end);
      return sendError(response, error, request.answerHeaders);
    }
    const { clock, heartbeatMs, book } = this.#parts;
    const record = this.#record(request, outline);
    const isText = isTextPath(request.path);
    const headers = request.answerHeaders;
    const answer = new ClientAnswer(response, clock, { stream: outline.stream, isText, heartbeatMs, headers });
    let error: GollamaError | undefined;
    try {
      await this.#answer(request, outline, answer, record);
    } catch (thrown) {
      error = request.signal.aborted ? abandoned(request.signal) : toGollamaError(thrown);
      answer.fail(toldError(error, request.caller));
    }
    const status = answer.status;
    book.end(record, { status, error, usage: answer.usage(), firstByteAtMs: answer.firstByteAtMs });
  }

  #answer(request: RelayRequest, outline: RequestOutline, answer: ClientAnswer, record: RequestRecord): Promise<void> {
    // One engine says itself what is wrong with it; of several, a body that is not understood names none.
    if (!outline.isObject && this.#parts.pool.members.length > 1) {
      throw new GollamaError('invalid_request', 'the request body is no JSON object, so it names no model');
    }
    const slotRequest = {
      model: outline.model,
      priority: request.priority,
      sizeBytes: request.body.length,
      caller: request.caller.name,
      callerInFlightMax: request.caller.maxConcurrency,
    };
    const observer = { onWait: (position: () => number) => answer.waiting(position) };
    return this.#parts.dispatcher.run(slotRequest, request.signal, observer, (grant) =>
      this.#attempt(request, outline, answer, record, grant),
    );
  }

  async #attempt(
    request: RelayRequest,
    outline: RequestOutline,
    answer: ClientAnswer,
    record: RequestRecord,
    grant: Grant,
  ): Promise<Attempt<void>> {
    const { engine } = grant.lease;
    const wantsUsage = outline.streamOptions?.include_usage === true;
    const asksForUsage = outline.stream && !wantsUsage && !engine.countsUnasked && isTextPath(request.path);
    answer.granted({
      engine: engine.name,
      waitedMs: grant.waitedMs,
      attempt: grant.attempt,
      simulated: this.#parts.simulated,
      hidesUsage: asksForUsage,
    });
    record.sent(grant);
    try {
      await grant.lease.forward(this.#call(request, outline, engine, asksForUsage), answer, request.signal);
      answer.complete();
      return { done: true, value: undefined };
    } catch (thrown) {
      // That a slot is stuck is the pool's affair; the client is told what went wrong before.
      const reason = toGollamaError(thrown instanceof SlotStuckError ? causeOf(thrown) : thrown);
      const mayTryAgain = reason.code === 'engine_unavailable' || reason.code === 'engine_error';
      if (!mayTryAgain || answer.started) throw reason;
      return { done: false, reason: lastWord(reason) };
    }
  }

  /** The client's bytes, changed only where the engine knows the model by another name or has to be asked for usage. */
  #call(request: RelayRequest, outline: RequestOutline, engine: Engine, asksForUsage: boolean): EngineCall {
    const { path, headers, body } = request;
    const members: Record<string, string> = {};
    if (asksForUsage) {
      members.stream_options = JSON.stringify({ ...outline.streamOptions, include_usage: true });
    }
    const model = outline.model;
    if (model !== undefined) {
      const engineModel = this.#parts.pool.engineModel(engine.name, model);
      if (engineModel !== model) members.model = JSON.stringify(engineModel);
    }
    const changed = Object.keys(members).length > 0 ? withMembers(body, members) : body;
    return { method: 'POST', path, headers, body: changed, stream: outline.stream };
  }

  #record(request: RelayRequest, outline: Pick<RequestOutline, 'model' | 'stream'>): RequestRecord {
    const { pool } = this.#parts;
    const model = outline.model !== undefined && pool.serves(outline.model) ? outline.model : 'other';
    const subject = {
      id: request.id,
      caller: request.caller.name,
      method: 'POST',
      path: request.path.split('?', 1)[0] ?? request.path,
      model,
      stream: outline.stream,
      priority: request.priority,
    };
    return this.#parts.book.begin(subject);
  }
}

/** Why the request's own signal aborted: the client left, or the server stops. */
function abandoned(signal: AbortSignal): GollamaError {
  return signal.reason instanceof GollamaError
    ? signal.reason
    : new GollamaError('cancelled', 'the client left before the answer was complete');
}

function causeOf(stuck: SlotStuckError): unknown {
  return stuck.cause ?? new GollamaError('engine_error', stuck.message);
}

/** What a client is told when no engine could be reached although one was thought ready. */
function lastWord(reason: GollamaError): GollamaError {
  if (reason.code !== 'engine_unavailable') return reason;
  return new GollamaError('engine_error', 'upstream unavailable', { cause: reason, retryAfterS: 1 });
}
