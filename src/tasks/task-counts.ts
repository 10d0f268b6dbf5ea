/** Counts tasks as they move, so that nobody has to count rows. */
import type { TaskState } from './task.js';
import type { TaskCounts } from './task-store.js';

export class TaskCounter {
  readonly #states: Record<TaskState, number> = {
    ready: 0,
    delayed: 0,
    running: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  readonly #pendingByPriority = new Map<number, number>();

  /** `from` undefined: they are new; `to` undefined: they are gone. */
  moved(from: TaskState | undefined, to: TaskState | undefined, priority: number, count = 1): void {
    if (from) this.#add(from, priority, -count);
    if (to) this.#add(to, priority, count);
  }

  reprioritised(state: TaskState, from: number, to: number): void {
    if (!isPending(state)) return;
    this.#addPending(from, -1);
    this.#addPending(to, 1);
  }

  /** As it is now; it does not change afterwards. */
  read(): TaskCounts {
    return { states: { ...this.#states }, pendingByPriority: new Map(this.#pendingByPriority) };
  }

  #add(state: TaskState, priority: number, count: number): void {
    this.#states[state] += count;
    if (isPending(state)) this.#addPending(priority, count);
  }

  #addPending(priority: number, count: number): void {
    const sum = (this.#pendingByPriority.get(priority) ?? 0) + count;
    if (sum === 0) this.#pendingByPriority.delete(priority);
    else this.#pendingByPriority.set(priority, sum);
  }
}

/** It waits, for a slot or for a time. */
export function isPending(state: TaskState): boolean {
  return state === 'ready' || state === 'delayed';
}
