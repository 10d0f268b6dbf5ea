/**
 * One call of Ollama's API, answered by a task. Nobody can come back for its answer, so it ends with its client: it is not
 * tried again, and cancelled where the client has gone.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.js';
import { GollamaError, toGollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Pool } from '../../pool/pool.js';
import { isTerminal, type LogRecord } from '../../stream/record.js';
import type { TaskQueue, Visitor } from '../../tasks/task-queue.js';
import type { ActiveRequests } from '../active-requests.js';
import { StreamedReply } from '../streamed-reply.js';
import { toldAnswer } from '../told-answer.js';
import { toldError } from '../told-error.js';
import { wantedPriority } from '../wanted-priority.js';
import { failureOf, type OllamaFailure, taskFailure } from './failure.js';
import { emptyLine, lastLines, lineOf, residencyAnswer, wholeAnswer } from './lines.js';
import { loadsItself, servedName } from './models.js';
import type { OllamaRequest } from './request.js';

export interface OllamaParts {
  readonly tasks: TaskQueue;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly active: ActiveRequests;
  readonly heartbeatMs: number;
  /** Of requests that name none. */
  readonly defaultPriority: number;
  /** Longest wait for a slot of an engine that is ready, and of one that is not; 0: without end. */
  readonly waitMaxMs: number;
  readonly startWaitMaxMs: number;
}

/** In front of the ids of tasks whose client cannot come back. */
const ID_PREFIX = 'ollama:';
/** Heartbeats before an answer in one piece is begun with a space, after which it can have no other status. */
const SILENCES_BEFORE_SPACES = 2;
/** True for the id of a task whose client cannot come back. */
export function isPlainCall(id: string): boolean {
  return id.startsWith(ID_PREFIX);
}

/** Throws, before anything is sent, what the client is to be told; see `failureOf`. */
export async function answerOllama(
  parts: OllamaParts,
  asked: OllamaRequest,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const name = servedName(parts.pool, asked.model);
  if (asked.residency && !loadsItself(parts.pool, name)) {
    await reply.send(residencyAnswer(asked, asked.residency, timeText(parts.clock)));
    return;
  }
  const priority = wantedPriority(request.headers, parts.defaultPriority);
  const response = reply.raw;
  const active = parts.active.add(response);
  const { signal } = active;
  try {
    const id = `${ID_PREFIX}${randomUUID()}`;
    const { type, payload, options } = asked;
    const submission = { id, type, model: name, payload, options, priority, maxRetries: 0 };
    await parts.tasks.submit([submission], request.caller);
    reply.hijack();
    const headers = { ...reply.getHeaders(), 'content-type': contentType(asked.streams) };
    const streamed = new StreamedReply({ response, headers, clock: parts.clock, signal });
    await new Delivery(parts, asked, { id, visitor: request.caller, signal, reply: streamed }).run();
  } finally {
    active.over();
  }
}

interface Told {
  readonly id: string;
  readonly visitor: Visitor;
  readonly signal: AbortSignal;
  readonly reply: StreamedReply;
}

class Delivery {
  readonly #parts: OllamaParts;
  readonly #asked: OllamaRequest;
  readonly #told: Told;
  /** Since when it waits for what it waits for now: a slot, or an engine. */
  #waitsSinceMs: number;
  #waitsForSlot: boolean | undefined;
  #isRunning = false;
  #hasOutput = false;

  constructor(parts: OllamaParts, asked: OllamaRequest, told: Told) {
    this.#parts = parts;
    this.#asked = asked;
    this.#told = told;
    this.#waitsSinceMs = parts.clock.now();
  }

  async run(): Promise<void> {
    let hasEnded = false;
    try {
      const end = await this.#follow();
      hasEnded = end !== undefined;
      if (end) await this.#finish(end);
      else await this.#leave();
    } catch (thrown) {
      await this.#fail(failureOf(toldError(toGollamaError(thrown), this.#told.visitor), this.#asked.model));
    } finally {
      if (!hasEnded) await this.#cancel();
    }
  }

  /** The terminal record; undefined where `signal` aborted before it. */
  async #follow(): Promise<LogRecord | undefined> {
    const { tasks, heartbeatMs, waitMaxMs } = this.#parts;
    const { id, visitor, signal } = this.#told;
    const silenceMs = waitMaxMs > 0 ? Math.min(heartbeatMs, waitMaxMs) : heartbeatMs;
    for await (const records of toldAnswer(tasks, id, visitor, { signal, silenceMs })) {
      for (const record of records) this.#look(record);
      if (!this.#isRunning && records.length === 0) this.#checkPatience();
      await this.#write(records);
      const last = records.at(-1);
      if (last && isTerminal(last)) return last;
    }
    return undefined;
  }

  #look(record: LogRecord): void {
    if (record.kind === 'state') this.#isRunning ||= record.status === 'running';
    else if (record.kind !== 'restart') this.#hasOutput ||= !isTerminal(record);
    else if (this.#hasOutput) throw new GollamaError('engine_error', 'the answer broke off, and began again');
  }

  #checkPatience(): void {
    const { pool, clock, waitMaxMs, startWaitMaxMs } = this.#parts;
    const route = pool.route(servedName(pool, this.#asked.model));
    const isReady = pool.outlook(route) === 'ready';
    if (isReady !== (this.#waitsForSlot ?? isReady)) this.#waitsSinceMs = clock.now();
    this.#waitsForSlot = isReady;
    const patienceMs = isReady ? waitMaxMs : startWaitMaxMs;
    if (patienceMs === 0 || clock.now() - this.#waitsSinceMs < patienceMs) return;
    if (isReady) throw new GollamaError('queue_timeout', 'no slot became free in time');
    throw new GollamaError('engine_unavailable', `no engine became ready in time: ${pool.problem(route)}`);
  }

  async #write(records: readonly LogRecord[]): Promise<void> {
    const { reply } = this.#told;
    const createdAt = timeText(this.#parts.clock);
    if (this.#asked.streams) {
      const lines = records
        .map((record) => lineOf(this.#asked, record, createdAt))
        .filter((line) => line !== undefined);
      if (lines.length > 0) return await reply.write(ndjson(lines));
    }
    const last = records.at(-1);
    if (last && isTerminal(last)) return;
    const { heartbeatMs } = this.#parts;
    const patienceMs = this.#asked.streams || reply.started ? heartbeatMs : heartbeatMs * SILENCES_BEFORE_SPACES;
    if (reply.silentMs < patienceMs) return;
    await reply.write(this.#asked.streams ? ndjson([emptyLine(this.#asked, createdAt)]) : ' \n');
  }

  async #finish(end: LogRecord): Promise<void> {
    const { id, visitor, reply } = this.#told;
    if (end.kind === 'error') return this.#fail(taskFailure(end.message));
    const { status, result } = await this.#parts.tasks.get(id, visitor);
    if (status !== 'completed') return this.#fail({ status: 499, text: 'the task was cancelled' });
    const createdAt = timeText(this.#parts.clock);
    if (this.#asked.streams) {
      await reply.end(ndjson(lastLines(this.#asked, result, createdAt)));
      return;
    }
    const text = JSON.stringify(wholeAnswer(this.#asked, result));
    if (reply.started) await reply.end(text);
    else reply.answer(200, {}, text);
  }

  /** The client has gone, or the server stops. */
  async #leave(): Promise<void> {
    const { reason } = this.#told.signal;
    if (reason instanceof GollamaError) await this.#fail(failureOf(reason, this.#asked.model));
  }

  /** After the first line an error is a line, as with Ollama; an answer in one piece has no place for one. */
  async #fail({ status, text, retryAfterS }: OllamaFailure): Promise<void> {
    const { reply } = this.#told;
    const error = JSON.stringify({ error: text });
    const retryAfter = retryAfterS === undefined ? {} : { 'retry-after': retryAfterS };
    if (!reply.started)
      reply.answer(status, { 'content-type': 'application/json; charset=utf-8', ...retryAfter }, error);
    else if (this.#asked.streams) await reply.end(`${error}\n`);
    else reply.cut();
  }

  async #cancel(): Promise<void> {
    const { id, visitor } = this.#told;
    try {
      await this.#parts.tasks.cancel(id, visitor);
    } catch (error) {
      this.#parts.logger.warn({ err: error, task: id }, 'a task whose client has gone could not be cancelled');
    }
  }
}

function contentType(streams: boolean): string {
  return streams ? 'application/x-ndjson' : 'application/json; charset=utf-8';
}

function ndjson(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function timeText(clock: Clock): string {
  return new Date(clock.epoch()).toISOString();
}
