/** Tasks in their tables: the one place that writes them, with the counts and the deliveries that follow from it. */
import { GollamaError } from '../../base/errors.js';
import type { Statement, Value } from '../../base/sqlite/driver.js';
import { isFinal, type Task } from '../task.js';
import { parseTaskId } from '../task-id.js';
import type { Counters } from './counters.js';
import { RecentTasks } from './recent-tasks.js';
import { stateOf } from './schema.js';
import { ROWS_AT_LEAST, ROWS_AT_ONCE, type Statements } from './statements.js';
import {
  addPlainValues,
  isPlain,
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
  readonly counters: Counters;
  readonly #statements: Statements;
  readonly #recent = new RecentTasks();
  /** Inserted, but not in the tables yet. */
  #unborn: NewRow[] = [];
  /** Whether this transaction wrote anything. */
  written = false;

  constructor(statements: Statements, counters: Counters) {
    this.#statements = statements;
    this.counters = counters;
  }

  /** What was inserted is in the tables before anything else is done to them. */
  get statements(): Statements {
    this.flush();
    return this.#statements;
  }

  read(number: number): StoredTask | undefined {
    const recent = this.#recent.get(number);
    if (recent) return recent.stored;
    const row = this.statements.readTask.get(number);
    return row && storedTask(row);
  }

  bodyOf(number: number): string {
    return this.#recent.get(number)?.body ?? String(this.statements.readBody.get(number)?.payload);
  }

  /** What was written in this transaction was not. */
  rolledBack(): void {
    this.#unborn = [];
    this.#recent.clear();
    this.counters.rolledBack();
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
    if (rows.every(isNameless)) return;
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

  /** In the tables before another statement is run, at the latest at `flush`. */
  insert(row: NewRow): void {
    const { values } = row;
    this.written = true;
    this.#recent.born(row);
    this.#unborn.push(row);
    if (this.#unborn.length === ROWS_AT_ONCE) this.flush();
    const state = stateOf(Number(values[NEW_STATE]));
    this.counters.add(state, String(values[NEW_MODEL]), Number(values[NEW_PRIORITY]), 1);
    this.counters.orderUsed(Number(values[NEW_ORDER]));
  }

  /** Before the commit. */
  flush(): void {
    if (this.#unborn.length === 0) return;
    const rows = this.#unborn;
    this.#unborn = [];
    const { insertTask, insertBody, insertSome, insertSomeBodies, insertMany, insertManyBodies } = this.#statements;
    const plain = rows.filter(isPlain);
    const at = insertPlain(insertMany, insertManyBodies, plain, 0, ROWS_AT_ONCE);
    const rest = insertPlain(insertSome, insertSomeBodies, plain, at, ROWS_AT_LEAST);
    for (const row of [...plain.slice(rest), ...rows.filter((one) => !isPlain(one))]) {
      insertTask.run(...row.values);
      insertBody.run(row.values[NEW_NUMBER] ?? null, row.body);
    }
  }

  /** The task becomes another. */
  replace(before: StoredTask, task: Task, change: { turn?: number; atMs: number }): void {
    this.written = true;
    const after = { ...before, task, turn: change.turn ?? before.turn };
    this.#update(before, after);
    if (isFinal(task.state)) this.#recent.delete(task.number);
    else this.#recent.moved(after);
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
    this.#recent.delete(task.number);
    const { deleteTask, deleteBody, deleteResult, deleteDelivery } = this.statements;
    for (const statement of [deleteTask, deleteBody, deleteResult]) statement.run(task.number);
    if (notify) deleteDelivery.run(task.number);
    this.counters.add(task.state, task.model, task.priority, -1);
    this.counters.removed(task.number);
  }

  #update({ task: { state: from } }: StoredTask, after: StoredTask): void {
    const { startTask, completeTask, updateTask } = this.statements;
    const { number, state, startedAtMs = null, finishedAtMs = null, engine = null } = after.task;
    if (from === 'ready' && state === 'running') startTask.run(after.turn, startedAtMs, engine, number);
    else if (from === 'running' && state === 'completed') completeTask.run(finishedAtMs, number);
    else updateTask.run(...updateValues(after));
  }
}

/** So many at once, as often as there are enough; returns where it stopped. */
function insertPlain(
  tasks: Statement,
  bodies: Statement,
  rows: readonly NewRow[],
  from: number,
  count: number,
): number {
  let at = from;
  for (; at + count <= rows.length; at += count) {
    const taskValues: Value[] = [];
    const bodyValues: Value[] = [];
    for (const row of rows.slice(at, at + count)) {
      addPlainValues(taskValues, row);
      bodyValues.push(row.values[NEW_NUMBER] ?? null, row.body);
    }
    tasks.run(...taskValues);
    bodies.run(...bodyValues);
  }
  return at;
}

/** Nothing about it can be taken. */
function isNameless({ values }: NewRow): boolean {
  return values[NEW_KEY] === null && values[NEW_GIVEN_ID] === null;
}

function keyOf({ values }: NewRow): string | undefined {
  const key = values[NEW_KEY] ?? null;
  return key === null ? undefined : JSON.stringify([values[NEW_OWNER], key]);
}
