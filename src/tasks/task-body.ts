/** What a task asks, as its store keeps it: one JSON text. */
import type { TaskPayload, TaskSubmission } from '../protocol/task.js';

export interface TaskBody {
  readonly payload: TaskPayload;
  readonly options: Readonly<Record<string, unknown>> | null;
  readonly webhook?: string;
}

export function encodeBody({ payload, options, webhook }: TaskSubmission): string {
  return JSON.stringify({ payload, options, ...(webhook === undefined ? {} : { webhook }) });
}

export function decodeBody(body: string): TaskBody {
  return JSON.parse(body) as TaskBody;
}
