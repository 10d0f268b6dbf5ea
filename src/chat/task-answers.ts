/**
 * Answers of a gollama server, each a durable task whose log is followed: a connection that breaks or a server that is
 * killed and comes back costs nothing but time.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.js';
import { ERROR_CODES, type ErrorCode, GollamaError } from '../base/errors.js';
import type { Client } from '../client/client.js';
import { Deadline } from '../client/deadline.js';
import type { NewTask } from '../client/new-task.js';
import type { TaskStreamEvent } from '../client/task-stream.js';
import { isJsonObject } from '../protocol/json-object.js';
import type { TaskReport } from '../protocol/task.js';
import type { AnswerEvent, AnswerSource, EndReason, Question, TokenUsage } from './answer.js';
import { AnswerProgress, type ToldFigures } from './answer-progress.js';

export interface TaskAnswersOptions {
  readonly client: Client;
  readonly clock?: Clock | undefined;
  readonly newKey?: () => string;
  readonly continuation: AnswerSource['continuation'];
}

/** For the server to take back what was stopped; it is away where it needs longer. */
const CANCEL_MS = 3_000;
/** For the figures of an answer that is there. */
const FIGURES_MS = 2_000;
const UNCANCELLED_MAX = 16;

type Ended = Extract<TaskStreamEvent, { type: 'done' }>;

export class TaskAnswers implements AnswerSource {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #newKey: () => string;
  readonly continuation: AnswerSource['continuation'];
  /** Tasks that were stopped while their server was away: it has them still when it is back. */
  readonly #uncancelled = new Set<string>();

  constructor({ client, clock = systemClock, newKey = randomUUID, continuation }: TaskAnswersOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#newKey = newKey;
    this.continuation = continuation;
  }

  async *ask(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent, void> {
    const progress = new AnswerProgress(this.#clock);
    yield { kind: 'waiting' };
    const id = await this.#submit(question, signal);
    if (id === undefined) return yield* progress.end('stopped', UNTOLD);
    let hasEnded = false;
    try {
      const ended = yield* this.#follow(id, progress, signal);
      hasEnded = ended !== undefined;
      if (ended) return yield* await this.#end(id, ended, progress, signal);
    } finally {
      if (!hasEnded) await this.#cancel(id);
    }
    yield* progress.end('stopped', UNTOLD);
  }

  /**
   * Undefined where it was stopped before. The request itself is not broken off with `signal`: whether the server has taken
   * the task would then not be known.
   */
  async #submit(question: Question, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined;
    const late = lateAbort(this.#clock, signal, CANCEL_MS);
    try {
      await this.#cancelEarlier();
      const id = await this.#client.submitTask({ ...taskOf(question), idempotency_key: this.#newKey() }, late.signal);
      if (!signal.aborted) return id;
      await this.#cancel(id);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      late.dispose();
    }
    return undefined;
  }

  /** The end of it; undefined where `signal` came first. Throws where it failed. */
  async *#follow(
    id: string,
    progress: AnswerProgress,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerEvent, Ended | undefined> {
    try {
      for await (const event of this.#client.streamTask(id, { signal, tellsReconnects: true })) {
        if (event.type === 'done') return event;
        yield* eventsOf(event, progress);
      }
    } catch (thrown) {
      // Its log is not kept any more: there is the result of it, or nothing.
      if (!(thrown instanceof GollamaError && thrown.code === 'gone')) throw thrown;
      yield* progress.restarted();
    }
    return signal.aborted ? undefined : { type: 'done', id: '', status: 'completed', usage: undefined };
  }

  async #end(
    id: string,
    { status, usage }: Ended,
    progress: AnswerProgress,
    signal: AbortSignal,
  ): Promise<readonly AnswerEvent[]> {
    const counted = usage && { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
    if (status === 'cancelled') return progress.end('cancelled', { usage: counted });
    // An answer that was not told is all in the task: then it is waited for.
    const report = await this.#report(id, progress.hasBegun, signal);
    if (report?.status === 'failed') throw failed(report.error ?? 'the task failed', 'engine_error');
    if (report?.status === 'cancelled') return progress.end('cancelled', { usage: counted });
    if (report === undefined && !progress.hasBegun) return progress.end('stopped', UNTOLD);
    const { text, thinking, reason, figures } = resultOf(report, counted);
    const untold = progress.hasBegun ? [] : [...progress.reasoning(thinking), ...progress.text(text)];
    return [...untold, ...progress.end(reason, figures)];
  }

  /** With its result; undefined where the server does not tell in time, and it need not. */
  async #report(id: string, isOptional: boolean, signal: AbortSignal): Promise<TaskReport | undefined> {
    try {
      return await this.#client.waitForTask(id, { signal, ...(isOptional ? { timeoutMs: FIGURES_MS } : {}) });
    } catch (thrown) {
      if (isOptional || signal.aborted) return undefined;
      throw thrown;
    }
  }

  async #cancelEarlier(): Promise<void> {
    await Promise.all([...this.#uncancelled].map((id) => this.#cancel(id)));
  }

  /** Never rejects. */
  async #cancel(id: string): Promise<void> {
    const deadline = new Deadline(this.#clock, CANCEL_MS, undefined);
    try {
      await this.#client.cancelTask(id, deadline.signal);
      this.#uncancelled.delete(id);
    } catch (thrown) {
      const isGone = thrown instanceof GollamaError && thrown.code === 'not_found';
      if (isGone) this.#uncancelled.delete(id);
      else if (this.#uncancelled.size < UNCANCELLED_MAX) this.#uncancelled.add(id);
    } finally {
      deadline.dispose();
    }
  }
}

const UNTOLD: ToldFigures = { usage: undefined };

/**
 * Without retries, an engine that fails in the middle of an answer is told at once. A server that was killed gives the task
 * to its next life all the same.
 */
function taskOf({ model, messages, options, think }: Question): NewTask {
  // A beginning of an answer stands behind the thoughts; llama-server refuses to do both.
  const thinks = messages.at(-1)?.role === 'assistant' ? false : think;
  return {
    type: 'chat',
    model,
    payload: { messages, ...(thinks === undefined ? {} : { think: thinks }) },
    options,
    priority: 'high',
    max_retries: 0,
  };
}

function eventsOf(event: TaskStreamEvent, progress: AnswerProgress): readonly AnswerEvent[] {
  switch (event.type) {
    case 'token':
      return progress.text(event.text);
    case 'reasoning':
      return progress.reasoning(event.text);
    case 'state':
      if (event.status === 'running') return [progress.started()];
      return event.status === 'pending' ? [{ kind: 'waiting' }] : [];
    case 'restart':
      return progress.restarted();
    case 'reconnecting':
      return [{ kind: 'reconnecting' }];
    case 'error':
      throw failed(event.message, event.code);
    case 'tool_call':
    case 'done':
      return [];
  }
}

/** Tasks say in front what they are. */
function failed(message: string, code: string): GollamaError {
  const known: ErrorCode = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'engine_error';
  return new GollamaError(known, message.replace(/^chat execution failed: /, ''));
}

interface Result {
  readonly text: string;
  readonly thinking: string;
  readonly reason: EndReason;
  readonly figures: ToldFigures;
}

/** Ollama's final object. */
function resultOf(report: TaskReport | undefined, counted: TokenUsage | undefined): Result {
  const result = isJsonObject(report?.result) ? report.result : {};
  const message = isJsonObject(result.message) ? result.message : {};
  const usage = counted ?? countsOf(result);
  const evalS = typeof result.eval_duration === 'number' ? result.eval_duration / 1e9 : 0;
  const tokens = typeof result.eval_count === 'number' ? result.eval_count : usage?.completionTokens;
  return {
    text: typeof message.content === 'string' ? message.content : '',
    thinking: typeof message.thinking === 'string' ? message.thinking : '',
    reason: typeof result.done_reason === 'string' ? result.done_reason : 'stop',
    figures: {
      usage,
      queueMs: queueMsOf(report),
      tokensPerSecond: evalS > 0 && tokens !== undefined ? tokens / evalS : undefined,
    },
  };
}

function countsOf({
  prompt_eval_count: prompt,
  eval_count: completion,
}: Record<string, unknown>): TokenUsage | undefined {
  if (typeof prompt !== 'number' || typeof completion !== 'number') return undefined;
  return { promptTokens: prompt, completionTokens: completion };
}

/** Only of a first attempt: the start of a later one says nothing of the queue. */
function queueMsOf(report: TaskReport | undefined): number | undefined {
  if (report?.started_at === undefined || report.retry_count > 0) return undefined;
  const waitedMs = Date.parse(report.started_at) - Date.parse(report.created_at);
  return waitedMs >= 0 ? waitedMs : undefined;
}

/** A signal that aborts `afterMs` after another one. */
function lateAbort(clock: Clock, signal: AbortSignal, afterMs: number): { signal: AbortSignal; dispose(): void } {
  const late = new AbortController();
  let timer: { cancel(): void } | undefined;
  const abort = () => {
    timer = clock.after(afterMs, () => late.abort());
  };
  signal.addEventListener('abort', abort, { once: true });
  return {
    signal: late.signal,
    dispose() {
      signal.removeEventListener('abort', abort);
      timer?.cancel();
    },
  };
}
