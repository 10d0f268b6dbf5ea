/** What the main thread and the two threads of the store tell each other. */

import type { PostedError } from '../../base/sqlite/storage-failure.js';
import type { ReadyEntry } from '../ready-window.js';
import type { TaskState } from '../task.js';
import type { Recovery, RetentionRule, Settlement, TaskFilter, TaskMove } from '../task-store.js';
import type { NewRow, PackedFullTask, PackedTask } from './task-row.js';

export interface ThreadSetup {
  readonly folder: string;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** One thing to do to the tables. Times are epoch milliseconds; `atMs` is when it was asked. */
export type Operation =
  | { readonly kind: 'submit'; readonly rows: readonly NewRow[] }
  | { readonly kind: 'claim'; readonly number: number; readonly engine: string | undefined; readonly atMs: number }
  | {
      readonly kind: 'settle';
      readonly number: number;
      readonly turn: number;
      readonly settlement: Settlement;
      readonly atMs: number;
    }
  | { readonly kind: 'cancel'; readonly id: string; readonly atMs: number }
  | { readonly kind: 'prioritise'; readonly id: string; readonly priority: number; readonly atMs: number }
  | { readonly kind: 'retry'; readonly id: string; readonly order: number; readonly atMs: number }
  /** At most as many as there are orders for them. */
  | { readonly kind: 'ready-due'; readonly orders: readonly number[]; readonly atMs: number }
  | {
      readonly kind: 'refill';
      readonly model: string;
      readonly after: ReadyEntry | undefined;
      readonly limit: number;
    }
  | { readonly kind: 'settle-delivery'; readonly number: number; readonly retryAtMs: number | undefined }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'prune'; readonly rule: RetentionRule };

/** A move that was made. */
export interface MadeMove {
  readonly move: TaskMove;
  /** How it was before. */
  readonly from: TaskState;
  readonly fromPriority: number;
  readonly task: PackedTask;
  readonly atMs: number;
}

export interface ReplyOf {
  /** Undefined: all of them are new. `known`: those that were there already, by place in the submission. */
  submit:
    | { readonly refused: PostedError }
    | { readonly known: readonly (readonly [number, PackedTask])[] }
    | undefined;
  claim: { readonly made: MadeMove; readonly body: string; readonly turn: number } | undefined;
  settle: MadeMove | undefined;
  cancel: MovedReply;
  prioritise: MovedReply;
  retry: MovedReply;
  'ready-due': { readonly made: readonly MadeMove[]; readonly nextDueAtMs: number | undefined };
  /** Number, priority, order; number … */
  refill: { readonly places: readonly number[]; readonly more: boolean };
  'settle-delivery': undefined;
  /** The state in which it was removed, or why it was not. */
  remove: { readonly from: TaskState } | 'not ended' | undefined;
  prune: { readonly removed: number };
}

/** Undefined: no such task. A task: it was left as it was. */
export type MovedReply = { readonly made: MadeMove } | { readonly task: PackedTask } | undefined;

export type Reply = ReplyOf[Operation['kind']];

export type ToStoreThread =
  /** One transaction. */
  { readonly kind: 'batch'; readonly operations: readonly Operation[] } | { readonly kind: 'close' };

/** What was there when the store was opened. */
export interface Opened {
  readonly recovery: Recovery;
  /** The number of the next task. */
  readonly nextNumber: number;
  /** Every task has a lower order. */
  readonly orderHigh: number;
  readonly nextDueAtMs: number | undefined;
  readonly counts: readonly StateCount[];
  /** The file is too large to be checked before the start. */
  readonly checkLater: boolean;
}

/** Of tasks that wait by model and priority, of others as one sum. */
export interface StateCount {
  readonly state: TaskState;
  readonly model: string;
  readonly priority: number;
  readonly count: number;
}

export type FromStoreThread =
  | { readonly kind: 'opened'; readonly opened: Opened }
  | { readonly kind: 'refused'; readonly error: PostedError }
  | { readonly kind: 'committed'; readonly replies: readonly Reply[] }
  | { readonly kind: 'failed'; readonly error: PostedError }
  | { readonly kind: 'closed' };

export type Question =
  | { readonly kind: 'get'; readonly id: string }
  | { readonly kind: 'list'; readonly filter: TaskFilter }
  | { readonly kind: 'next-delivery'; readonly except: readonly number[] }
  | { readonly kind: 'check' };

export interface AnswerTo {
  get: PackedFullTask | undefined;
  list: { readonly tasks: readonly PackedFullTask[]; readonly total: number; readonly cursor: number | undefined };
  'next-delivery': { readonly task: PackedFullTask; readonly failures: number; readonly dueAtMs: number } | undefined;
  /** What is wrong, undefined where nothing is. */
  check: string | undefined;
}

export type Answer = AnswerTo[Question['kind']];
