/** A task as it is sent: `Task` of Ollama Queue 0.2.1, and members of ours. */
import type { TaskPayload, TaskType } from '../protocol/task.js';

export interface NewTask {
  readonly type: TaskType;
  readonly model: string;
  readonly payload: TaskPayload;
  /** Ollama's options (`temperature`, `num_predict` …). */
  readonly options?: Readonly<Record<string, unknown>> | null | undefined;
  /** Any integer, or `low`, `normal` (the default), `high`, `critical`. */
  readonly priority?: number | string | undefined;
  /** Tries after the first. */
  readonly max_retries?: number | undefined;
  /** How long it must not start, as Go writes durations: `30s`. */
  readonly delay?: string | undefined;
  /** Before when it must not start, RFC 3339. */
  readonly scheduled_at?: string | undefined;
  /** Where its end is told, http or https. */
  readonly webhook?: string | undefined;
  /** The same key again is the same task again. */
  readonly idempotency_key?: string | undefined;
  /** An id of the client's own. */
  readonly id?: string | undefined;
}

/** Which tasks; members that are absent do not narrow. */
export interface TaskQuery {
  readonly status?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly priority?: readonly number[] | undefined;
  readonly model?: readonly string[] | undefined;
  /** RFC 3339, or how long ago: `1h`. */
  readonly since?: string | undefined;
  readonly order?: 'newest' | 'oldest' | undefined;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** Of the page before. */
  readonly cursor?: string | undefined;
}

/** With its question mark; empty where nothing is asked. */
export function queryText(query: TaskQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, unknown][]) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one !== undefined) parameters.append(name, String(one));
    }
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}
