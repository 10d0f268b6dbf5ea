/** What a task looks like after each of its moves. Whether a move is legal is asked before (`LEGAL_MOVES`). */
import type { Task } from './task.js';
import type { NewTask, Settlement, TaskMove } from './task-store.js';

/** What a task is given when it is stored. */
export interface Birth {
  readonly number: number;
  readonly id: string;
  /** Its place, where it is ready at once. */
  readonly order: number;
  readonly nowMs: number;
}

export function isDelayed(task: NewTask, nowMs: number): boolean {
  return task.dueAtMs !== undefined && task.dueAtMs > nowMs;
}

export function newTask(task: NewTask, { number, id, order, nowMs }: Birth): Task {
  const delayed = isDelayed(task, nowMs);
  return {
    number,
    id,
    owner: task.owner,
    type: task.type,
    model: task.model,
    state: delayed ? 'delayed' : 'ready',
    priority: task.priority,
    order,
    retryCount: 0,
    retriesMax: task.retriesMax,
    crashes: 0,
    createdAtMs: nowMs,
    startedAtMs: undefined,
    finishedAtMs: undefined,
    dueAtMs: delayed ? task.dueAtMs : undefined,
    error: undefined,
    engine: undefined,
  };
}

export function started(task: Task, engine: string | undefined, nowMs: number): Task {
  return { ...task, state: 'running', startedAtMs: nowMs, engine };
}

export function settled(task: Task, settlement: Settlement, nowMs: number): Task {
  switch (settlement.kind) {
    case 'completed':
      return { ...task, state: 'completed', finishedAtMs: nowMs, error: undefined };
    case 'failed':
      return { ...task, state: 'failed', finishedAtMs: nowMs, error: settlement.error };
    case 'retry': {
      const { error, dueAtMs } = settlement;
      return { ...task, state: 'delayed', dueAtMs, error, retryCount: task.retryCount + 1 };
    }
    case 'returned':
      return { ...task, state: 'ready', crashes: task.crashes + (settlement.crashed ? 1 : 0) };
  }
}

export const SETTLEMENT_MOVES: Readonly<Record<Settlement['kind'], TaskMove>> = {
  completed: 'completed',
  failed: 'failed',
  retry: 'retrying',
  returned: 'readied',
};

export function cancelled(task: Task, nowMs: number): Task {
  return { ...task, state: 'cancelled', finishedAtMs: nowMs, dueAtMs: undefined };
}

/** Its delay is over: it waits behind those that were ready before. */
export function due(task: Task, order: number): Task {
  return { ...task, state: 'ready', order, dueAtMs: undefined };
}

/** By hand, as if it were new. */
export function retried(task: Task, order: number): Task {
  return { ...task, state: 'ready', order, retryCount: 0, crashes: 0, error: undefined, finishedAtMs: undefined };
}
