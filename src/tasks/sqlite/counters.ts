/** The numbers that are kept beside the tasks. Changes are collected and written once a transaction. */
import type { TaskState } from '../task.js';
import { isPending } from '../task-counts.js';
import type { Row } from './driver.js';
import type { StateCount } from './messages.js';
import { STATE_CODES } from './schema.js';
import type { Statements } from './statements.js';

interface Change {
  readonly state: TaskState;
  readonly model: string;
  readonly priority: number;
  by: number;
}

/** How far ahead of the orders in use the number is that is written: it need not be written for each. */
const ORDER_STRIDE = 65_536;

export class Counters {
  readonly #statements: Statements;
  readonly #changes = new Map<string, Change>();
  #orderHigh: number;
  #commits: number;
  /** Of this transaction. */
  #highestOrder = 0;
  #removedMax = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#orderHigh = this.#read('order_high');
    this.#commits = this.#read('commits');
  }

  /** Every order in the tables is lower. */
  get orderHigh(): number {
    return this.#orderHigh;
  }

  /** Transactions that changed something, ever. */
  get commits(): number {
    return this.#commits;
  }

  /** No task has or had a higher number. */
  get lastNumber(): number {
    return Math.max(Number(this.#statements.lastNumber.get()?.seq ?? 0), this.#read('removed_max'));
  }

  /** As they are in the tables. */
  states(): StateCount[] {
    return this.#statements.counters.all().flatMap((row) => stateCount(row) ?? []);
  }

  /** Tasks in a final state. */
  ended(state: TaskState): number {
    return this.#read(state);
  }

  add(state: TaskState, model: string, priority: number, by: number): void {
    const waits = isPending(state);
    const key = waits ? `${state} ${priority} ${model}` : state;
    const change = this.#changes.get(key);
    if (change) change.by += by;
    else this.#changes.set(key, { state, model: waits ? model : '', priority: waits ? priority : 0, by });
  }

  orderUsed(order: number): void {
    this.#highestOrder = Math.max(this.#highestOrder, order);
  }

  removed(number: number): void {
    this.#removedMax = Math.max(this.#removedMax, number);
  }

  /** Before the commit of a transaction that changed something. */
  write(): void {
    const { addToCounter, dropCounter, setCounter } = this.#statements;
    for (const { state, model, priority, by } of this.#changes.values()) {
      if (by === 0) continue;
      addToCounter.run(state, model, priority, by);
      if (by < 0) dropCounter.run(state, model, priority);
    }
    if (this.#highestOrder >= this.#orderHigh) setCounter.run('order_high', '', 0, this.#highestOrder + ORDER_STRIDE);
    if (this.#removedMax > 0 && this.#removedMax > this.#read('removed_max'))
      setCounter.run('removed_max', '', 0, this.#removedMax);
    setCounter.run('commits', '', 0, this.#commits + 1);
  }

  committed(): void {
    this.#commits += 1;
    if (this.#highestOrder >= this.#orderHigh) this.#orderHigh = this.#highestOrder + ORDER_STRIDE;
    this.rolledBack();
  }

  rolledBack(): void {
    this.#changes.clear();
    this.#highestOrder = 0;
    this.#removedMax = 0;
  }

  #read(name: string): number {
    return Number(this.#statements.readCounter.get(name, '', 0)?.value ?? 0);
  }
}

function stateCount({ name, model, prio, value }: Row): StateCount | undefined {
  if (typeof name !== 'string' || !(name in STATE_CODES)) return undefined;
  return { state: name as TaskState, model: String(model), priority: Number(prio), count: Number(value) };
}
