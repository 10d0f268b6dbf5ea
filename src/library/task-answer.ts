/** What comes of one task, as it comes. */
import { GollamaError } from '../base/errors.js';
import type { TaskReport } from '../protocol/task.js';
import { isTerminal, type LogRecord } from '../stream/record.js';
import type { TaskQueue } from '../tasks/task-queue.js';
import { EMBEDDER } from './embedder.js';

/** Iterate it for what comes. The task goes on where the loop is left: it is durable, `cancelTask` ends it. */
export class TaskAnswer<T> implements AsyncIterable<T> {
  /** Rejects where the task was not taken; then the iteration throws the same. */
  readonly taskId: Promise<string>;
  readonly #items: AsyncGenerator<T, void>;

  constructor(taskId: Promise<string>, items: (id: string) => AsyncGenerator<T, void>) {
    taskId.catch(() => {});
    this.taskId = taskId;
    this.#items = begin(taskId, items);
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void> {
    return this.#items;
  }
}

async function* begin<T>(id: Promise<string>, items: (id: string) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  yield* items(await id);
}

/** All `data` of an answer, one behind the other, is its text. */
export interface StreamChunk {
  readonly data: string;
  /** What the model thought, beside its answer. */
  readonly reasoning?: string;
  /** A piece of a tool call, as OpenAI streams it. */
  readonly toolCall?: unknown;
  /** An attempt broke and this one begins anew: what was told before does not count. */
  readonly restart?: number;
  /** Why there is no answer; `done` then. */
  readonly error?: string;
  /** True for the last one. */
  readonly done: boolean;
}

/** A reader of a log is woken by what is new; this only bounds one sleep. */
const SILENCE_MS = 60_000;

/** Every piece of the answer, once and in order. Throws `shutting_down` when `signal` aborts. */
export async function* chunksOf(tasks: TaskQueue, id: string, signal: AbortSignal): AsyncGenerator<StreamChunk, void> {
  const reader = await tasks.follow(id, EMBEDDER);
  // It ended before (its idempotency key was known), and only its result is left.
  if (reader === undefined) return yield* wholeAnswer(await tasks.get(id, EMBEDDER));
  for await (const entries of reader.read(0, signal, SILENCE_MS)) {
    for (const { record } of entries) {
      const chunk = chunkOf(record);
      if (chunk) yield chunk;
      if (isTerminal(record)) return;
    }
  }
  if (signal.aborted) throw new GollamaError('shutting_down', `the queue was stopped before task ${id} had ended`);
  throw new GollamaError('gone', `the answer of task ${id} was not read in time and is not kept any more`);
}

function chunkOf(record: LogRecord): StreamChunk | undefined {
  switch (record.kind) {
    case 'text':
      return { data: record.text, done: false };
    case 'reasoning':
      return { data: '', reasoning: record.text, done: false };
    case 'tool_call':
      return { data: '', toolCall: record.call, done: false };
    case 'restart':
      return { data: '', restart: record.attempt, done: false };
    case 'state':
      return undefined;
    case 'done':
      return record.status === 'cancelled' ? cancelled() : { data: '', done: true };
    case 'error':
      return { data: '', error: record.message, done: true };
  }
}

function* wholeAnswer({ status, result, error }: TaskReport): Generator<StreamChunk, void> {
  if (status === 'cancelled') return yield cancelled();
  if (status !== 'completed') return yield { data: '', error: error ?? status, done: true };
  const { message, response } = (result ?? {}) as { message?: { content?: unknown }; response?: unknown };
  const text = message?.content ?? response;
  if (typeof text === 'string' && text !== '') yield { data: text, done: false };
  yield { data: '', done: true };
}

function cancelled(): StreamChunk {
  return { data: '', error: 'the task was cancelled', done: true };
}
