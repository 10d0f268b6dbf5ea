/**
 * A durable task as clients see it. Names and shapes are those of Ollama Queue 0.2.1, so that its clients work
 * unchanged; members that are not in its `Task` are marked.
 */

export const TASK_TYPES = ['chat', 'generate', 'embed'] as const;
export type TaskType = (typeof TASK_TYPES)[number];

export const TASK_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  /** Base64, as Ollama takes them. */
  readonly images?: readonly string[];
  readonly [member: string]: unknown;
}

/** Members that are not listed are kept and passed on. */
export interface ChatPayload {
  readonly messages: readonly ChatMessage[];
  /** Put in front of the messages as a `system` message. */
  readonly system?: string;
  readonly stream?: boolean;
  readonly [member: string]: unknown;
}

export interface GeneratePayload {
  readonly prompt: string;
  readonly system?: string;
  readonly template?: string;
  readonly raw?: boolean;
  readonly stream?: boolean;
  readonly [member: string]: unknown;
}

export interface EmbedPayload {
  readonly input: string | readonly string[];
  readonly truncate?: boolean;
  readonly [member: string]: unknown;
}

export type TaskPayload = ChatPayload | GeneratePayload | EmbedPayload;

/** What a client asks for, checked. */
export interface TaskSubmission {
  readonly type: TaskType;
  readonly model: string;
  readonly payload: TaskPayload;
  /** Ollama's options (`temperature`, `num_predict` …). */
  readonly options: Readonly<Record<string, unknown>> | null;
  /** Undefined: normal. */
  readonly priority?: number;
  /** Tries after the first; undefined: as configured. */
  readonly maxRetries?: number;
  /** Epoch milliseconds before which it must not start. */
  readonly notBeforeMs?: number;
  /** An id that the client chose. */
  readonly id?: string;
  readonly idempotencyKey?: string;
  /** Where its end is told, http or https. */
  readonly webhook?: string;
}

/** `GET /api/tasks/:id`. Times are RFC 3339 in UTC. */
export interface TaskReport {
  readonly id: string;
  readonly type: TaskType;
  readonly priority: number;
  readonly status: TaskStatus;
  readonly model: string;
  readonly payload: TaskPayload;
  readonly options: Readonly<Record<string, unknown>> | null;
  readonly created_at: string;
  readonly started_at?: string;
  /** When it ended, however it ended. */
  readonly completed_at?: string;
  readonly error?: string;
  /** The final object that Ollama answers for this type, whatever engine it ran on. */
  readonly result?: unknown;
  readonly retry_count: number;
  readonly max_retries: number;
  /** Ours: while it waits for a time, because it was delayed or because it will be tried again. */
  readonly scheduled_at?: string;
  /** Ours: name of the engine of its last attempt. */
  readonly executed_on?: string;
}

export const TASK_EVENTS = [
  'task_submitted',
  'task_started',
  'task_completed',
  'task_failed',
  'task_retrying',
  'task_cancelled',
  'priority_updated',
] as const;
export type TaskEventName = (typeof TASK_EVENTS)[number];

/** One change, as `/ws?format=events` tells it. */
export interface TaskEventReport {
  /** Without gaps, from 1 at the start of the server. */
  readonly seq: number;
  readonly event: TaskEventName;
  readonly task_id: string;
  readonly status: TaskStatus;
  /** RFC 3339. */
  readonly timestamp: string;
}
