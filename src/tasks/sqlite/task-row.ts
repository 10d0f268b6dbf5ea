/** A task as a row of its table, and as a list of values on its way between threads, where lists are cheaper than objects. */

import type { Row, Value } from '../../base/sqlite/driver.js';
import type { TaskType } from '../../protocol/task.js';
import type { Task } from '../task.js';
import { taskId } from '../task-id.js';
import type { FullTask, NewTask } from '../task-store.js';
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
const NEW_NOTIFY = 11;
const NEW_DUE = 13;
/** The values of a plain row, in the order of its statement. */
const PLAIN = [0, 1, 4, 5, 6, 7, 8, 9, 10, 12] as const;

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

/** True where it has no more than every task has: it can be inserted with fewer values. */
export function isPlain({ values }: NewRow): boolean {
  return (
    values[NEW_GIVEN_ID] === null && values[NEW_KEY] === null && values[NEW_NOTIFY] === 0 && values[NEW_DUE] === null
  );
}

export function addPlainValues(into: Value[], { values }: NewRow): void {
  for (const place of PLAIN) into.push(values[place] ?? null);
}

/** The task as it will be read when the row is inserted. */
export function bornTask({ values }: NewRow): StoredTask {
  const [number, tag, givenId, , owner, type, model, state, priority, order, retriesMax, notify, createdAtMs, dueAtMs] =
    values;
  const task = {
    number,
    id: givenId ?? taskId(Number(number), String(tag)),
    owner,
    type,
    model,
    state: stateOf(Number(state)),
    priority,
    order,
    retryCount: 0,
    retriesMax,
    crashes: 0,
    createdAtMs,
    startedAtMs: undefined,
    finishedAtMs: undefined,
    dueAtMs: dueAtMs ?? undefined,
    error: undefined,
    engine: undefined,
  } as Task;
  return { task, turn: 0, notify: notify === 1 };
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
  const [number, id, owner, type, model, state, priority, order, retryCount, retriesMax, crashes, createdAtMs] = packed;
  const [startedAtMs, finishedAtMs, dueAtMs, error, engine] = [
    packed[12],
    packed[13],
    packed[14],
    packed[15],
    packed[16],
  ];
  // The values of `packTask`, in its order. One literal: this runs for every move.
  return {
    number,
    id,
    owner,
    type,
    model,
    state,
    priority,
    order,
    retryCount,
    retriesMax,
    crashes,
    createdAtMs,
    startedAtMs,
    finishedAtMs,
    dueAtMs,
    error,
    engine,
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
