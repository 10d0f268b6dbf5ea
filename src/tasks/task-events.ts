/** The changes of tasks as numbered events, for whoever follows them. */
import type { TaskEventName, TaskEventReport } from '../protocol/task.js';
import { statusOf, type Task } from './task.js';
import type { TaskChange, TaskMove } from './task-store.js';

export interface TaskEvent {
  /** Undefined for a change that has no name outside: only what the task looks like is different. */
  readonly report: TaskEventReport | undefined;
  readonly task: Task;
}

const NAMES: Readonly<Record<TaskMove, TaskEventName | undefined>> = {
  submitted: 'task_submitted',
  started: 'task_started',
  completed: 'task_completed',
  failed: 'task_failed',
  retrying: 'task_retrying',
  cancelled: 'task_cancelled',
  reprioritised: 'priority_updated',
  readied: undefined,
};

export class TaskEvents {
  readonly #listeners = new Set<(event: TaskEvent) => void>();
  #last = 0;

  /** Calls `listener` after every change, in order. Returns the way to stop listening. */
  subscribe(listener: (event: TaskEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell({ move, task, atMs }: TaskChange): void {
    const event = { report: this.#report(NAMES[move], task, atMs), task };
    for (const listener of this.#listeners) listener(event);
  }

  #report(name: TaskEventName | undefined, task: Task, atMs: number): TaskEventReport | undefined {
    if (name === undefined) return undefined;
    this.#last += 1;
    const timestamp = new Date(atMs).toISOString();
    return { seq: this.#last, event: name, task_id: task.id, status: statusOf(task.state), timestamp };
  }
}
