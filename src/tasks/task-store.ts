/**
 * The contract of a task store: where tasks live, and the only owner of their state. `test/conformance/task-store.ts` is
 * this contract as tests.
 *
 * - What is resolved is durable: it survives the end of the process at any moment.
 * - Every move of a task is one transaction, guarded by its state, and by the claim where one is needed.
 * - A task has at most one live claim.
 * - `onChange` tells every move that happened, once, after it is durable, in the order in which they happened.
 *
 * Methods reject with a GollamaError: `storage_full` (nothing of the call happened, try again when there is room),
 * `storage_error`, `shutting_down` after `stop`; `start` also with `configuration` (the folder is another process's, the
 * file is damaged), and nothing was changed then.
 */
import type { Service } from '../base/service.js';
import type { TaskType } from '../protocol/task.js';
import type { Task, TaskState } from './task.js';

export interface NewTask {
  readonly owner: string;
  readonly type: TaskType;
  readonly model: string;
  readonly priority: number;
  readonly retriesMax: number;
  /** Epoch milliseconds before which it must not start; undefined: at once. */
  readonly dueAtMs: number | undefined;
  /** What it asks, as JSON; the store does not look into it. */
  readonly body: string;
  /** The client's own id for it. A second task with the same one: `conflict`. */
  readonly givenId: string | undefined;
  /** A second task of the same owner with the same key is not stored; the first one is given instead. */
  readonly idempotencyKey: string | undefined;
  /** True where a delivery is due when it has ended. */
  readonly notify: boolean;
}

export interface Submitted {
  readonly task: Task;
  /** False where its idempotency key was known. */
  readonly isNew: boolean;
}

/** What goes first of a model's ready tasks. */
export interface Head {
  readonly priority: number;
  readonly order: number;
}

/** The exclusive right to a task. It ends with `settle`, with a cancel, or with the process. */
export interface Claim {
  readonly task: Task;
  readonly body: string;
  /** Which claim of this task it is, from 1: a later one makes an earlier one stale. */
  readonly turn: number;
}

/** How a claimed task goes on. */
export type Settlement =
  | { readonly kind: 'completed' /** JSON. */; readonly result: string }
  | { readonly kind: 'failed'; readonly error: string }
  /** An attempt was used up; the next one not before `dueAtMs`. `retryCount` rises. */
  | { readonly kind: 'retry'; readonly error: string; readonly dueAtMs: number }
  /** No attempt was used up: it is ready again, in its old place. */
  | { readonly kind: 'returned' /** `crashes` rises. */; readonly crashed: boolean };

export type TaskMove =
  | 'submitted'
  | 'started'
  | 'completed'
  | 'failed'
  /** Will be tried again at `task.dueAtMs`. */
  | 'retrying'
  | 'cancelled'
  | 'reprioritised'
  /** Ready again: after its delay, a return, or by hand. */
  | 'readied';

export interface TaskChange {
  readonly move: TaskMove;
  /** As it is after the move. */
  readonly task: Task;
  readonly atMs: number;
}

/** What `cancel`, `setPriority` and `retry` came to. */
export interface Moved {
  readonly task: Task;
  /** False where the task was left as it was, because its state does not allow the move. */
  readonly moved: boolean;
}

/** A task with what it asks and what came of it, both JSON. */
export interface FullTask extends Task {
  readonly body: string;
  readonly result: string | undefined;
}

export interface TaskFilter {
  readonly owner?: string;
  readonly states?: readonly TaskState[];
  readonly types?: readonly TaskType[];
  readonly priorities?: readonly number[];
  readonly models?: readonly string[];
  /** Created at or after, epoch milliseconds. */
  readonly sinceMs?: number;
  readonly newestFirst?: boolean;
  /** At most so many, 1 to `PAGE_MAX`. */
  readonly limit: number;
  readonly offset?: number;
  /** `TaskPage.cursor` of the page before. */
  readonly cursor?: number;
}

export const PAGE_MAX = 10_000;

/** In the order of `number`. */
export interface TaskPage {
  readonly tasks: readonly FullTask[];
  /** How many match, over all pages. */
  readonly total: number;
  /** For the next page; undefined after the last. */
  readonly cursor: number | undefined;
}

/** How many tasks are in each state. */
export interface TaskCounts {
  readonly states: Readonly<Record<TaskState, number>>;
  /** Of the ready and delayed ones. A priority once seen may stay with 0. */
  readonly pendingByPriority: ReadonlyMap<number, number>;
}

/** Which finished tasks go: of each state those that ended before, then the oldest above the number to keep. */
export interface RetentionRule {
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly endedBeforeMs: number;
  readonly keepMax: number;
}

export interface Delivery {
  readonly task: FullTask;
  /** Failed tries so far. */
  readonly failures: number;
}

/** What was found when the store was opened. */
export interface Recovery {
  /** Tasks that were running and wait again, in their old places. */
  readonly returned: number;
  /** Tasks that were running for the `CRASHES_MAX`th time and have failed. */
  readonly poisoned: number;
}

export interface TaskStore extends Service {
  /** What `start` found; throws before. */
  readonly recovery: Recovery;

  /** All of them, or none. Tasks get their numbers in the order given. */
  submit(tasks: readonly NewTask[]): Promise<readonly Submitted[]>;

  /** Models that have ready tasks. */
  models(): Iterable<string>;
  /** What is first of a model, as far as this process knows; undefined where nothing is ready. Answers at once. */
  head(model: string): Head | undefined;
  /**
   * Calls `listener` when the head of a model may have changed. A task that is being submitted counts already: a claim
   * of it becomes durable together with the submission.
   */
  onHead(listener: (model: string) => void): () => void;
  /** Takes the first ready task of the model; undefined where there was none after all. */
  claim(model: string, engine: string | undefined): Promise<Claim | undefined>;
  /** False where the claim is stale (cancelled meanwhile): then nothing was changed. */
  settle(claim: Claim, settlement: Settlement): Promise<boolean>;

  /** Undefined where there is no such task, as everywhere. A running task is cancelled at once, its claim is stale then. */
  cancel(id: string): Promise<Moved | undefined>;
  /** Of a ready, delayed or running task. It keeps its place by age in the new priority. */
  setPriority(id: string, priority: number): Promise<Moved | undefined>;
  /** A failed or cancelled task is ready again, at the end of its priority, with all its attempts. */
  retry(id: string): Promise<Moved | undefined>;

  get(id: string): Promise<FullTask | undefined>;
  list(filter: TaskFilter): Promise<TaskPage>;
  counts(): TaskCounts;
  onChange(listener: (change: TaskChange) => void): () => void;

  /** Removes a task that has ended, its names with it; false where it has not. Nobody is told, as with `prune`. */
  remove(id: string): Promise<boolean | undefined>;
  /** One small step of cleaning up; resolves with how many tasks went, 0 when nothing is left to do. */
  prune(rule: RetentionRule): Promise<number>;

  /** The delivery that is due first, but for those of these tasks: it may be due later than now. */
  nextDelivery(
    except: ReadonlySet<number>,
  ): Promise<{ readonly delivery: Delivery; readonly dueAtMs: number } | undefined>;
  /** Done with it (delivered, given up), or try again then. */
  settleDelivery(taskNumber: number, retryAtMs: number | undefined): Promise<void>;
}
