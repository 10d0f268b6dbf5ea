/** Calls that end with their client, where the client has gone with an earlier process. */
import type { TaskReport } from '../protocol/task.js';
import type { TaskQueue } from '../tasks/task-queue.js';
import { isPlainCall } from './ollama/answer.js';
import { OWN_VISITOR } from './own-visitor.js';
import { endsWithClient } from './responses/response-object.js';

/** Newest of the tasks that wait which are looked through. */
const LOOKED_THROUGH_MAX = 10_000;
const PAGE = 500;

/**
 * Cancels them. To be called once, before the engines are started, and only where no other process runs tasks of this
 * store.
 */
export async function cancelAbandonedCalls(tasks: TaskQueue): Promise<void> {
  const states = ['ready', 'delayed', 'running'] as const;
  const abandoned: string[] = [];
  let cursor: number | undefined;
  for (let seen = 0; seen < LOOKED_THROUGH_MAX; seen += PAGE) {
    const from = cursor === undefined ? {} : { cursor };
    const page = await tasks.list({ states, newestFirst: true, limit: PAGE, ...from }, OWN_VISITOR);
    abandoned.push(...page.tasks.filter(isAbandoned).map(({ id }) => id));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  for (const id of abandoned) await tasks.cancel(id, OWN_VISITOR);
}

function isAbandoned(task: TaskReport): boolean {
  return isPlainCall(task.id) || endsWithClient(task);
}
