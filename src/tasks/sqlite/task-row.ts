/** A task as a row of its table, and as a list of values on its way between threads, where lists are cheaper than objects. */
import type { TaskType } from '../../protocol/task.js';
import type { Task } from '../task.js';
import { taskId } from '../task-id.js';
import type { FullTask, NewTask } from '../task-store.js';
import type { Row, Value } from './driver.js';
import { STATE_CODES, stateOf } from './schema.js';

export const TASK_COLUMNS = `task.seq AS seq, tag, given_id, owner, type, model, state, prio, ord, turn, retry_count,
  retries_max, crashes, notify, created_at, started_at, finished_at, task.due_at AS due_at, error, engine`;

/** A task and what only the store knows of it. */
export interface StoredTask {
  readonly task: Task;
  /** Of its last claim; 0 before the first. */
  readonly turn: number;
  readonly notify: boolean;
}

export function storedTask(row: Row): StoredTask {
  const number = Number(row.seq);
  const task: Task = {
    number,
    id: textOf(row.given_id) ?? taskId(number, String(row.tag)),
    owner: String(row.owner),
    type: row.type as TaskType,
    model: String(row.model),
    state: stateOf(Number(row.state)),
    priority: Number(row.prio),
    order: Number(row.ord),
    retryCount: Number(row.retry_count),
    retriesMax: Number(row.retries_max),
    crashes: Number(row.crashes),
    createdAtMs: Number(row.created_at),
    startedAtMs: numberOf(row.started_at),
    finishedAtMs: numberOf(row.finished_at),
    dueAtMs: numberOf(row.due_at),
    error: textOf(row.error),
    engine: textOf(row.engine),
  };
  return { task, turn: Number(row.turn), notify: row.notify === 1 };
}

/** The values of `UPDATE_TASK`, in its order. */
export function updateValues({ task, turn }: StoredTask): Value[] {
  return [
    STATE_CODES[task.state],
    task.priority,
    task.order,
    turn,
    task.retryCount,
    task.crashes,
    task.startedAtMs ?? null,
    task.finishedAtMs ?? null,
    task.dueAtMs ?? null,
    task.error ?? null,
    task.engine ?? null,
    task.number,
  ];
}

/** A new task as it is to be inserted: the values of `INSERT_TASK` in its order, and its body. */
export interface NewRow {
  readonly values: readonly Value[];
  readonly body: string;
}

/** Places in `NewRow.values` that the store thread looks at. */
export const NEW_NUMBER = 0;
export const NEW_GIVEN_ID = 2;
export const NEW_KEY = 3;
export const NEW_OWNER = 4;
export const NEW_MODEL = 6;
export const NEW_STATE = 7;
export const NEW_PRIORITY = 8;
export const NEW_ORDER = 9;

export function newRow(asked: NewTask, task: Task, tag: string): NewRow {
  const values = [
    task.number,
    tag,
    asked.givenId ?? null,
    asked.idempotencyKey ?? null,
    task.owner,
    task.type,
    task.model,
    STATE_CODES[task.state],
    task.priority,
    task.order,
    task.retriesMax,
    asked.notify ? 1 : 0,
    task.createdAtMs,
    task.dueAtMs ?? null,
  ];
  return { values, body: asked.body };
}

export type PackedTask = readonly (string | number | undefined)[];

export function packTask(task: Task): PackedTask {
  return [
    task.number,
    task.id,
    task.owner,
    task.type,
    task.model,
    task.state,
    task.priority,
    task.order,
    task.retryCount,
    task.retriesMax,
    task.crashes,
    task.createdAtMs,
    task.startedAtMs,
    task.finishedAtMs,
    task.dueAtMs,
    task.error,
    task.engine,
  ];
}

export function unpackTask(packed: PackedTask): Task {
  const [number, id, owner, type, model, state, priority, order, retryCount, retriesMax, ...rest] = packed;
  const [crashes, createdAtMs, startedAtMs, finishedAtMs, dueAtMs, error, engine] = rest;
  // The values of `packTask`, in its order.
  return {
    ...{ number, id, owner, type, model, state, priority, order, retryCount, retriesMax },
    ...{ crashes, createdAtMs, startedAtMs, finishedAtMs, dueAtMs, error, engine },
  } as Task;
}

export interface PackedFullTask {
  readonly task: PackedTask;
  readonly body: string;
  readonly result: string | undefined;
}

export function unpackFullTask({ task, body, result }: PackedFullTask): FullTask {
  return { ...unpackTask(task), body, result };
}

function numberOf(value: Value | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function textOf(value: Value | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}
