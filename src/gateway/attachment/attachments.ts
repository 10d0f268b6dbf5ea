/**
 * DESIGN: one question, asked twice, is answered once.
 *
 * Which requests: `POST /v1/chat/completions` with one of two header fields. All others do not come here: two look-ups in
 * their header are all they pay.
 *
 * 1. `Idempotency-Key: <name>`. The first request of a key (of one API key and path) is answered; its bytes are kept. A later
 *    one with the same key and the same body (byte for byte) gets the same bytes: those that are there at once, the others as
 *    they come; any number of clients at a time. Another body under a known key is refused (400). Only answers that came to
 *    a good end are kept: after an error, a cut stream or a stop, the next request of the key is answered anew. A client that
 *    leaves ends nothing for a minute; then, where nobody else is there, the call is cancelled and forgotten. A complete answer
 *    is kept for ten minutes.
 * 2. `x-stainless-retry-count`, which the `openai` client sends with every request. Nothing is kept while its client is
 *    there. Where the client goes before it got a head, after a wait of more than five seconds (a call that is younger is
 *    cancelled at once, as every other), the call goes on for as long as that client waits before it tries again. A request
 *    with a count of 1 or more, of the same API key, path and body, takes over the answer of such a call: one request, one
 *    call, and the oldest first. What was completed meanwhile is kept for two minutes.
 *
 * Taken over: the head has the fields of the first request, but `x-request-id` is the own one and `x-gollama-joined` names
 * the first. The key's concurrency and the priority are those of the first.
 *
 * Bounds: an answer of more than `sizeBytesMax` is passed on, but not kept. Complete answers above `countMax` or
 * `totalBytesMax`, all together, make the oldest go. Answers under way are bounded by the queue. All is in memory: after a
 * restart of the server every request is a first one.
 */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { listenToAbort, unlistenToAbort } from '../../base/abort.js';
import type { Clock, Timer } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { ActiveRequests } from '../active-requests.js';
import type { RelayRequest } from '../relay.js';
import type { AnswerHeaders } from '../respond.js';
import { KeptAnswer } from './kept-answer.js';
import type { Marks } from './marks.js';
import { COMPLETE_MS, graceMs, type Manner } from './patience.js';

export interface AttachmentsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly active: ActiveRequests;
  /** Answers the request; never rejects (`Relay.handle`). */
  readonly handle: (request: RelayRequest, answer: KeptAnswer) => Promise<void>;
  /** Of one answer. */
  readonly sizeBytesMax?: number;
  /** Of all complete ones. */
  readonly totalBytesMax?: number;
  readonly countMax?: number;
}

/** A request without its client. */
export type AttachableRequest = Omit<RelayRequest, 'signal'>;

interface Entry {
  readonly manner: Manner;
  /** Of the request that it began with. */
  readonly id: string;
  /** While it is being made: then it holds the body, which may be large. */
  request: RelayRequest | undefined;
  /** SHA-256 of the body, in hex; of one without a key undefined. */
  readonly digest: string | undefined;
  /** Of the client that it has, or had last. */
  attempt: number;
  readonly answer: KeptAnswer;
  readonly controller: AbortController;
  readonly startedAtMs: number;
  /** Under which it is found; undefined while it is not. */
  place: string | undefined;
  timer: Timer | undefined;
}

const SIZE_BYTES_MAX = 8 * 1024 * 1024;
const TOTAL_BYTES_MAX = 64 * 1024 * 1024;
const COUNT_MAX = 1_000;

export class Attachments {
  readonly #options: Required<AttachmentsOptions>;
  /** By place, the oldest first. */
  readonly #entries = new Map<string, Entry[]>();
  /** Complete ones, in the order in which they ended. */
  readonly #complete = new Set<Entry>();
  readonly #running = new Set<Entry>();
  #completeBytes = 0;

  constructor(options: AttachmentsOptions) {
    this.#options = {
      sizeBytesMax: SIZE_BYTES_MAX,
      totalBytesMax: TOTAL_BYTES_MAX,
      countMax: COUNT_MAX,
      ...options,
    };
  }

  /** Calls under way, with or without a client. */
  get running(): number {
    return this.#running.size;
  }

  /** Complete answers that are kept. */
  get kept(): number {
    return this.#complete.size;
  }

  /**
   * Answers the request, or lets it have the answer of an earlier one. Resolves when its client has all of it, or has gone.
   * Throws `invalid_request` before anything is sent.
   */
  answer(request: AttachableRequest, marks: Marks, response: ServerResponse): Promise<void> {
    const digest = marks.key === undefined ? undefined : digestOf(request);
    const place = placeOf(request, marks);
    const known = this.#usable(place);
    if (known && known.digest !== digest) {
      const message = 'this Idempotency-Key was used for another request';
      throw new GollamaError('invalid_request', message, { param: 'Idempotency-Key' });
    }
    if (known) {
      known.attempt = marks.attempt ?? 0;
      return this.#join(known, request, response);
    }
    const controller = new AbortController();
    const asked = { ...request, signal: controller.signal };
    const entry = this.#begin(asked, marks, digest, controller);
    if (marks.key !== undefined) this.#put(entry, place);
    const over = this.#watch(entry, response, request.answerHeaders);
    this.#run(entry, asked);
    return over;
  }

  /** Ends what runs without a client, and forgets what is kept. */
  stop(reason: GollamaError): void {
    for (const entry of this.#running) entry.controller.abort(reason);
    for (const entry of [...this.#complete]) this.#forget(entry);
  }

  /** The oldest at that place from which an answer can still come; others make room. */
  #usable(place: string | undefined): Entry | undefined {
    if (place === undefined) return undefined;
    for (const entry of this.#entries.get(place) ?? []) {
      const { answer } = entry;
      if (answer.isWhole && (!answer.hasEnded || answer.isGood)) return entry;
      this.#remove(entry);
    }
    return undefined;
  }

  #begin(request: RelayRequest, marks: Marks, digest: string | undefined, controller: AbortController): Entry {
    const { clock, sizeBytesMax } = this.#options;
    const manner = marks.key === undefined ? 'retried' : 'keyed';
    return {
      manner,
      id: request.id,
      request,
      digest,
      attempt: marks.attempt ?? 0,
      answer: new KeptAnswer({ clock, keeps: manner === 'keyed', sizeBytesMax }),
      controller,
      startedAtMs: clock.now(),
      place: undefined,
      timer: undefined,
    };
  }

  #run(entry: Entry, request: RelayRequest): void {
    this.#running.add(entry);
    void this.#options.handle(request, entry.answer).then(() => {
      this.#running.delete(entry);
      entry.timer?.cancel();
      entry.request = undefined;
      const { answer, place, manner } = entry;
      if (place === undefined || !answer.isGood || !answer.isWhole) return this.#forget(entry);
      this.#complete.add(entry);
      this.#completeBytes += answer.sizeBytes;
      entry.timer = this.#options.clock.after(COMPLETE_MS[manner], () => this.#forget(entry));
      this.#makeRoom();
    });
  }

  #join(entry: Entry, request: AttachableRequest, response: ServerResponse): Promise<void> {
    this.#options.logger.info({ request: request.id, joined: entry.id }, 'request joined another');
    if (entry.answer.hasEnded) {
      if (entry.manner === 'retried') this.#forget(entry, { keepsBytes: true });
    } else {
      entry.timer?.cancel();
      if (entry.manner === 'retried') this.#remove(entry);
    }
    const headers = { ...request.answerHeaders, 'x-gollama-joined': entry.id };
    const over = this.#watch(entry, response, headers);
    // From its one client on nobody else can come: unless it is lost again, before it has got a head.
    if (entry.manner === 'retried' && !entry.answer.hasEnded) entry.answer.keeps = false;
    return over;
  }

  /** Attaches the client; resolves when it needs nothing more. */
  #watch(entry: Entry, response: ServerResponse, headers: AnswerHeaders): Promise<void> {
    const { active } = this.#options;
    const request = active.add(response);
    const { signal } = request;
    return new Promise((resolve) => {
      const finish = () => {
        unlistenToAbort(signal, onAbort);
        response.off('close', finish);
        entry.answer.detach(response);
        request.over();
        resolve();
      };
      const onAbort = () => {
        // The server stops: the client is to be told.
        if (signal.reason instanceof GollamaError) return entry.controller.abort(signal.reason);
        finish();
        this.#lost(entry, response);
      };
      response.on('close', finish);
      if (signal.aborted) return onAbort();
      listenToAbort(signal, onAbort);
      entry.answer.attach(response, headers, signal);
    });
  }

  #lost(entry: Entry, response: ServerResponse): void {
    const { answer, manner, attempt, startedAtMs, request } = entry;
    if (answer.hasEnded || answer.clients > 0 || request === undefined) return;
    const ageMs = this.#options.clock.now() - startedAtMs;
    const wasAnswered = response.headersSent;
    const waitMs = answer.isWhole ? graceMs({ manner, wasAnswered, attempt, ageMs }) : 0;
    if (waitMs === 0) {
      this.#giveUp(entry);
      return;
    }
    answer.keeps = true;
    if (entry.place === undefined) this.#put(entry, lostPlace(request));
    entry.timer?.cancel();
    entry.timer = this.#options.clock.after(waitMs, () => this.#giveUp(entry));
  }

  #giveUp(entry: Entry): void {
    this.#remove(entry);
    entry.controller.abort();
    entry.answer.abandon();
  }

  #put(entry: Entry, place: string | undefined): void {
    if (place === undefined) return;
    entry.place = place;
    const entries = this.#entries.get(place);
    if (entries) entries.push(entry);
    else this.#entries.set(place, [entry]);
  }

  #remove(entry: Entry): void {
    if (entry.place === undefined) return;
    const rest = (this.#entries.get(entry.place) ?? []).filter((known) => known !== entry);
    if (rest.length === 0) this.#entries.delete(entry.place);
    else this.#entries.set(entry.place, rest);
    entry.place = undefined;
  }

  #forget(entry: Entry, { keepsBytes = false } = {}): void {
    entry.timer?.cancel();
    this.#remove(entry);
    if (this.#complete.delete(entry)) this.#completeBytes -= entry.answer.sizeBytes;
    if (!keepsBytes) entry.answer.keeps = false;
  }

  #makeRoom(): void {
    const { countMax, totalBytesMax } = this.#options;
    for (const entry of this.#complete) {
      if (this.#complete.size <= countMax && this.#completeBytes <= totalBytesMax) return;
      this.#forget(entry);
    }
  }
}

/** Undefined where nothing earlier can be meant. */
function placeOf(request: AttachableRequest, { key, attempt }: Marks): string | undefined {
  if (key !== undefined) return `key ${request.caller.name}\n${request.path}\n${key}`;
  return attempt === undefined || attempt === 0 ? undefined : lostPlace(request);
}

function lostPlace(request: AttachableRequest): string {
  return `lost ${request.caller.name}\n${request.path}\n${digestOf(request)}`;
}

function digestOf({ body }: AttachableRequest): string {
  return createHash('sha256').update(body).digest('hex');
}
