/** Tasks in their tables: the one place that writes them, with the counts and the deliveries that follow from it. */
import { GollamaError } from '../../base/errors.js';
import { isFinal, type Task } from '../task.js';
import { parseTaskId } from '../task-id.js';
import type { Counters } from './counters.js';
import type { Value } from './driver.js';
import { stateOf } from './schema.js';
import type { Statements } from './statements.js';
import {
  NEW_GIVEN_ID,
  NEW_KEY,
  NEW_MODEL,
  NEW_NUMBER,
  NEW_ORDER,
  NEW_OWNER,
  NEW_PRIORITY,
  NEW_STATE,
  type NewRow,
  type StoredTask,
  storedTask,
  updateValues,
} from './task-row.js';

export class TaskTable {
  readonly statements: Statements;
  readonly counters: Counters;
  /** Whether this transaction wrote anything. */
  written = false;

  constructor(statements: Statements, counters: Counters) {
    this.statements = statements;
    this.counters = counters;
  }

  read(number: number): StoredTask | undefined {
    const row = this.statements.readTask.get(number);
    return row && storedTask(row);
  }

  /** By what clients call it. */
  find(id: string): StoredTask | undefined {
    const parsed = parseTaskId(id);
    const numbered = parsed && this.read(parsed.number);
    if (numbered?.task.id === id) return numbered;
    const row = this.statements.findGiven.get(id);
    return row && storedTask(row);
  }

  /** The task that its idempotency key stands for. */
  known(row: NewRow): StoredTask | undefined {
    const key = row.values[NEW_KEY] ?? null;
    if (key === null) return undefined;
    const found = this.statements.findKey.get(row.values[NEW_OWNER] ?? null, key);
    return found && storedTask(found);
  }

  /** Throws `conflict` where one of them has a name that is taken; then nothing was changed. */
  assertFree(rows: readonly NewRow[]): void {
    const names = new Set<Value>();
    const keys = new Set<string>();
    for (const row of rows) {
      const key = keyOf(row);
      if (key !== undefined && (keys.has(key) || this.known(row))) continue;
      if (key !== undefined) keys.add(key);
      const name = row.values[NEW_GIVEN_ID];
      if (typeof name !== 'string') continue;
      if (names.has(name) || this.find(name))
        throw new GollamaError('conflict', `task already exists: ${name}`, { param: 'id' });
      names.add(name);
    }
  }

  insert({ values, body }: NewRow): void {
    this.written = true;
    this.statements.insertTask.run(...values);
    this.statements.insertBody.run(values[NEW_NUMBER] ?? null, body);
    const state = stateOf(Number(values[NEW_STATE]));
    this.counters.add(state, String(values[NEW_MODEL]), Number(values[NEW_PRIORITY]), 1);
    this.counters.orderUsed(Number(values[NEW_ORDER]));
  }

  /** The task becomes another. */
  replace(before: StoredTask, task: Task, change: { turn?: number; atMs: number }): void {
    this.written = true;
    this.statements.updateTask.run(...updateValues({ ...before, task, turn: change.turn ?? before.turn }));
    this.counters.add(before.task.state, before.task.model, before.task.priority, -1);
    this.counters.add(task.state, task.model, task.priority, 1);
    this.counters.orderUsed(task.order);
    if (!before.notify || isFinal(before.task.state) === isFinal(task.state)) return;
    if (isFinal(task.state)) this.statements.insertDelivery.run(task.number, change.atMs);
    else this.statements.deleteDelivery.run(task.number);
  }

  /** Of a task that has ended. */
  remove({ task, notify }: StoredTask): void {
    this.written = true;
    const { deleteTask, deleteBody, deleteResult, deleteDelivery } = this.statements;
    for (const statement of [deleteTask, deleteBody, deleteResult]) statement.run(task.number);
    if (notify) deleteDelivery.run(task.number);
    this.counters.add(task.state, task.model, task.priority, -1);
    this.counters.removed(task.number);
  }
}

function keyOf({ values }: NewRow): string | undefined {
  const key = values[NEW_KEY] ?? null;
  return key === null ? undefined : JSON.stringify([values[NEW_OWNER], key]);
}
