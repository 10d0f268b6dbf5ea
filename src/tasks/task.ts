/** A durable task: its states, and the moves between them that are legal. */
import type { TaskStatus, TaskType } from '../protocol/task.js';

/**
 * - `ready`: waits for a slot
 * - `delayed`: waits for a time: submitted for later, or to be tried again
 * - `running`: claimed by a runner
 */
export type TaskState = 'ready' | 'delayed' | 'running' | 'completed' | 'failed' | 'cancelled';

/** Whoever moves a task checks here first; stores do it in the same transaction. */
export const LEGAL_MOVES: Readonly<Record<TaskState, readonly TaskState[]>> = {
  ready: ['running', 'cancelled'],
  delayed: ['ready', 'cancelled'],
  running: ['completed', 'failed', 'cancelled', 'delayed', 'ready'],
  completed: [],
  // By hand.
  failed: ['ready'],
  cancelled: ['ready'],
};

export function isFinal(state: TaskState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

const STATUS: Readonly<Record<TaskState, TaskStatus>> = {
  ready: 'pending',
  delayed: 'pending',
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The state in the word that clients know. */
export function statusOf(state: TaskState): TaskStatus {
  return STATUS[state];
}

/** What is known of a task without what it asks and what came of it. Times are epoch milliseconds. */
export interface Task {
  /** Rises with every submission; the store's own key. */
  readonly number: number;
  /** What clients call it: their own name for it, or number and tag (`task-id.ts`). */
  readonly id: string;
  /** Name of the API key that submitted it. */
  readonly owner: string;
  readonly type: TaskType;
  readonly model: string;
  readonly state: TaskState;
  /** Any integer; higher goes first. */
  readonly priority: number;
  /** Place inside its priority: lower goes first. From `Arrivals`, so that requests and tasks stand in one order. */
  readonly order: number;
  readonly retryCount: number;
  readonly retriesMax: number;
  /** How often it was running when the process or its engine died, without having told anything. */
  readonly crashes: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  /** While it is delayed: until when. */
  readonly dueAtMs: number | undefined;
  readonly error: string | undefined;
  /** Name of the engine of its last attempt. */
  readonly engine: string | undefined;
}

/** A task that ended a process this often is not tried again. */
export const CRASHES_MAX = 3;
