/** A stored task in the shape that clients read. */
import type { TaskReport } from '../protocol/task.js';
import { statusOf } from './task.js';
import { decodeBody } from './task-body.js';
import type { FullTask } from './task-store.js';

export function taskReport(task: FullTask): TaskReport {
  const { payload, options } = decodeBody(task.body);
  return {
    id: task.id,
    type: task.type,
    priority: task.priority,
    status: statusOf(task.state),
    model: task.model,
    payload,
    options,
    created_at: timeText(task.createdAtMs),
    ...(task.startedAtMs === undefined ? {} : { started_at: timeText(task.startedAtMs) }),
    ...(task.finishedAtMs === undefined ? {} : { completed_at: timeText(task.finishedAtMs) }),
    ...(task.error === undefined ? {} : { error: task.error }),
    ...(task.result === undefined ? {} : { result: JSON.parse(task.result) as unknown }),
    retry_count: task.retryCount,
    max_retries: task.retriesMax,
    ...(task.dueAtMs === undefined ? {} : { scheduled_at: timeText(task.dueAtMs) }),
    ...(task.engine === undefined ? {} : { executed_on: task.engine }),
  };
}

function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
