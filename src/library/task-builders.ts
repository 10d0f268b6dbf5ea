/** Tasks in the making, for `QueueManager` and `Client` alike. */

import { formatDurationMs } from '../base/duration.js';
import type { NewTask } from '../client/new-task.js';
import { PRIORITIES } from '../protocol/priority.js';
import type { ChatMessage } from '../protocol/task.js';
import type { Duration } from './options.js';

/** Priorities by name; any other integer is one as well, higher goes first. */
export const Priority = {
  Low: PRIORITIES.low,
  Normal: PRIORITIES.normal,
  High: PRIORITIES.high,
  Critical: PRIORITIES.critical,
} as const;

export interface TaskOptions {
  /** Any integer, or `low`, `normal` (the default), `high`, `critical`. */
  readonly priority?: number | string | undefined;
  /** Tries after the first; 0: none. */
  readonly maxRetries?: number | undefined;
  /** Ollama's options (`temperature`, `num_predict` …). */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** How long it must not start. */
  readonly delay?: Duration | undefined;
  /** Before when it must not start: a date, or RFC 3339. */
  readonly scheduledAt?: Date | string | undefined;
  /** Where its end is told, http or https. */
  readonly webhook?: string | undefined;
  /** The same key again is the same task again. */
  readonly idempotencyKey?: string | undefined;
  /** An id of your own. */
  readonly id?: string | undefined;
}

export interface ChatTaskOptions extends TaskOptions {
  /** Put in front of the messages. */
  readonly system?: string | undefined;
  readonly stream?: boolean | undefined;
}

export interface GenerateTaskOptions extends TaskOptions {
  readonly system?: string | undefined;
  readonly template?: string | undefined;
  /** The prompt is given to the model as it is. */
  readonly raw?: boolean | undefined;
  readonly stream?: boolean | undefined;
}

export interface EmbedTaskOptions extends TaskOptions {
  /** Whether an input that is too long is cut; where it is not, the task fails. */
  readonly truncate?: boolean | undefined;
}

export function newChatTask(
  model: string,
  messages: readonly ChatMessage[],
  { system, stream, ...options }: ChatTaskOptions = {},
): NewTask {
  return { type: 'chat', model, payload: { messages, ...given({ system, stream }) }, ...common(options) };
}

export function newGenerateTask(
  model: string,
  prompt: string,
  { system, template, raw, stream, ...options }: GenerateTaskOptions = {},
): NewTask {
  const payload = { prompt, ...given({ system, template, raw, stream }) };
  return { type: 'generate', model, payload, ...common(options) };
}

export function newEmbedTask(
  model: string,
  input: string | readonly string[],
  { truncate, ...options }: EmbedTaskOptions = {},
): NewTask {
  return { type: 'embed', model, payload: { input, ...given({ truncate }) }, ...common(options) };
}

function common(options: TaskOptions): Omit<NewTask, 'type' | 'model' | 'payload'> {
  const { priority = Priority.Normal, maxRetries, delay, scheduledAt, webhook, idempotencyKey, id } = options;
  return given({
    priority,
    max_retries: maxRetries,
    options: options.options,
    delay: typeof delay === 'number' ? formatDurationMs(delay) : delay,
    scheduled_at: scheduledAt instanceof Date ? scheduledAt.toISOString() : scheduledAt,
    webhook,
    idempotency_key: idempotencyKey,
    id,
  });
}

type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Without what was not said. */
function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>;
}
