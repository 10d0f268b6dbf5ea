/**
 * What clients submit, as a JSON value: the `Task` of Ollama Queue 0.2.1, the items of its batch files (0.4.0), and the
 * members that are ours. Its texts for what is missing are kept. Members that only a server sets (`status`, `result`,
 * `retry_count`, `created_at` …) are not looked at.
 */
import { parseDurationMs } from '../base/duration.js';
import { GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject } from './json-object.js';
import { parsePriority } from './priority.js';
import { parseRfc3339 } from './rfc3339.js';
import { TASK_TYPES, type TaskSubmission, type TaskType } from './task.js';
import { besidePayload, invalidTask, kindOf, parsePayload, text } from './task-payload.js';

export interface SubmissionContext {
  /** Epoch milliseconds: delays count from there. */
  readonly nowMs: number;
  /** Why a URL cannot be a webhook, as the rest of a sentence; undefined where it can. Absent: any may. */
  readonly checkWebhook?: (url: string) => string | undefined;
}

const BATCH_MAX = 10_000;

const MODEL_CHARS_MAX = 512;
const NAME_CHARS_MAX = 200;
const WEBHOOK_CHARS_MAX = 2048;
/** No control characters, no halves of characters, no line ends, nothing that turns the writing direction around. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+$/u;

/** Throws `invalid_request` that names the member at fault. */
export function parseSubmission(value: unknown, context: SubmissionContext): TaskSubmission {
  if (!isJsonObject(value)) {
    throw new GollamaError('invalid_request', `task validation failed: a task is an object, got ${kindOf(value)}`);
  }
  const { type, payload } = parseRequest(value);
  const submission: Record<keyof TaskSubmission, unknown> = {
    type,
    model: parseModel(value.model),
    payload,
    options: parseOptions(value.options),
    priority: isAbsent(value.priority) ? undefined : parsePriorityValue(value.priority, 'Task.priority'),
    maxRetries: parseRetries(value),
    notBeforeMs: parseStart(value, context),
    id: parseId(value.id),
    idempotencyKey: parseName(value.idempotency_key, 'idempotency_key'),
    webhook: parseWebhook(value.webhook, context),
  };
  const given = Object.entries(submission).filter(([, member]) => member !== undefined);
  return Object.fromEntries(given) as unknown as TaskSubmission;
}

/**
 * `{"tasks":[...]}`, or the bare list of a batch file. All of them, or an `invalid_request` that names the first one at
 * fault as `tasks[3]`.
 */
export function parseSubmissions(value: unknown, context: SubmissionContext): TaskSubmission[] {
  const tasks: unknown = isJsonObject(value) ? value.tasks : value;
  if (!Array.isArray(tasks)) {
    throw new GollamaError('invalid_request', `tasks must be a list of tasks, got ${kindOf(tasks ?? null)}`, {
      param: 'tasks',
    });
  }
  if (tasks.length > BATCH_MAX) {
    const message = `tasks: a batch has at most ${BATCH_MAX} tasks, got ${tasks.length}`;
    throw new GollamaError('invalid_request', message, { param: 'tasks' });
  }
  return tasks.map((task, at) => {
    try {
      return parseSubmission(task, context);
    } catch (error) {
      if (!(error instanceof GollamaError)) throw error;
      const param = error.param === undefined ? `tasks[${at}]` : `tasks[${at}].${error.param}`;
      throw new GollamaError(error.code, `tasks[${at}]: ${error.message}`, { param, cause: error });
    }
  });
}

/**
 * A priority by name or number. The text for anything else begins as the reference's; `place` is the field as Go names it:
 * `Task.priority`, or `.priority` where it stands alone.
 */
export function parsePriorityValue(value: unknown, place: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  const named = typeof value === 'string' ? parsePriority(value) : undefined;
  if (named !== undefined) return named;
  const found = typeof value === 'number' ? `number ${value}` : goTypeOf(value);
  throw new GollamaError(
    'invalid_request',
    `json: cannot unmarshal ${found} into Go struct field ${place} of type models.Priority ` +
      '(expected low, normal, high, critical or an integer)',
    { param: 'priority' },
  );
}

/** A name that a client chose; undefined where there is none. An empty one is none: the reference's own client sends it. */
export function parseName(value: unknown, member: string): string | undefined {
  if (isAbsent(value)) return undefined;
  const name = text(value, member);
  if (name.length > NAME_CHARS_MAX || !PRINTABLE.test(name)) {
    throw invalidTask(member, `must have 1 to ${NAME_CHARS_MAX} printable characters`);
  }
  return name;
}

function parseId(value: unknown): string | undefined {
  const id = parseName(value, 'id');
  // In a path they lead elsewhere, however they are encoded.
  if (id === '.' || id === '..') throw invalidTask('id', `must not be "${id}"`);
  return id;
}

/** In the reference's order: type, model and payload are there; then what they are. */
function parseRequest(value: JsonObject): Pick<TaskSubmission, 'type' | 'payload'> {
  if (isAbsent(value.type)) throw missing('type', 'task type');
  const type = text(value.type, 'type');
  if (isAbsent(value.model)) throw missing('model', 'model');
  const payload = value.payload ?? besidePayload(type, value);
  const isKnown = (TASK_TYPES as readonly string[]).includes(type);
  // Beside an unknown type nothing can be told to be its payload.
  if (payload === undefined && (isKnown || !hasRequest(value))) throw missing('payload', 'payload');
  if (!isKnown) {
    const message = `task validation failed: unsupported task type: ${type.slice(0, NAME_CHARS_MAX)}`;
    throw new GollamaError('invalid_request', message, { param: 'type' });
  }
  return { type: type as TaskType, payload: parsePayload(type as TaskType, payload) };
}

function hasRequest(value: JsonObject): boolean {
  return TASK_TYPES.some((type) => besidePayload(type, value) !== undefined);
}

function missing(param: string, what: string): GollamaError {
  return new GollamaError('invalid_request', `task validation failed: ${what} is required`, { param });
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function parseModel(value: unknown): string {
  const model = text(value, 'model');
  if (model.length > MODEL_CHARS_MAX || !PRINTABLE.test(model)) {
    throw invalidTask('model', `must have 1 to ${MODEL_CHARS_MAX} printable characters`);
  }
  return model;
}

function parseOptions(value: unknown): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) throw invalidTask('options', `must be an object, got ${kindOf(value)}`);
  return value;
}

/**
 * 0 means none; the reference took it for its default, and could not be told so. Its own clients write whole tasks, 0 for
 * what nobody set: those are told by the members that no submission has, and mean the default still.
 */
function parseRetries(task: Readonly<Record<string, unknown>>): number | undefined {
  const value = task.max_retries;
  if (isAbsent(value) || (value === 0 && 'retry_count' in task)) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw invalidTask('max_retries', `must be a whole number from 0 on, got ${JSON.stringify(value)}`);
  }
  return value as number;
}

/** From `scheduled_at` or `delay`; undefined where that is over already. */
function parseStart(value: JsonObject, context: SubmissionContext): number | undefined {
  const { scheduled_at: scheduledAt, delay } = value;
  if (isAbsent(scheduledAt)) return isAbsent(delay) ? undefined : afterDelay(delay, context);
  if (!isAbsent(delay)) throw invalidTask('delay', 'and scheduled_at exclude each other');
  const atMs = parseRfc3339(text(scheduledAt, 'scheduled_at'));
  if (atMs === undefined) throw invalidTask('scheduled_at', 'must be a time such as 2026-11-21T16:30:00Z (RFC 3339)');
  return atMs > context.nowMs ? atMs : undefined;
}

function afterDelay(value: unknown, { nowMs }: SubmissionContext): number | undefined {
  // A number alone would be nanoseconds: nobody means that.
  const delayMs = typeof value === 'string' && /[a-zµμ]$/.test(value) ? parseDurationMs(value) : undefined;
  if (delayMs === undefined || delayMs < 0) throw invalidTask('delay', 'must be a duration such as 30s or 1h30m');
  return delayMs > 0 ? nowMs + Math.ceil(delayMs) : undefined;
}

function parseWebhook(value: unknown, context: SubmissionContext): string | undefined {
  if (isAbsent(value)) return undefined;
  const webhook = text(value, 'webhook');
  if (webhook.length > WEBHOOK_CHARS_MAX || !/^https?:\/\/\S+$/i.test(webhook) || !URL.canParse(webhook)) {
    throw invalidTask('webhook', `must be an http or https URL of at most ${WEBHOOK_CHARS_MAX} characters`);
  }
  const problem = context.checkWebhook?.(webhook);
  if (problem !== undefined) throw invalidTask('webhook', problem);
  return webhook;
}

/** The word that Go's decoder has for a JSON value. */
function goTypeOf(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}
