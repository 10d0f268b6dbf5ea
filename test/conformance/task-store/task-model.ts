/** What the contract says, in the plainest way there is: a list of tasks, looked through for everything. */
import { CRASHES_MAX, type TaskState } from '../../../src/tasks/task.js';
import type { Claim, FullTask, NewTask, RetentionRule, Settlement } from '../../../src/tasks/task-store.js';

export interface ModelTask {
  readonly number: number;
  readonly id: string;
  readonly asked: NewTask;
  state: TaskState;
  priority: number;
  /** Place inside its priority; not the store's number for it, only its rank. */
  rank: number;
  turn: number;
  retryCount: number;
  crashes: number;
  createdAtMs: number;
  finishedAtMs: number | undefined;
  dueAtMs: number | undefined;
  error: string | undefined;
  result: string | undefined;
  delivery: { failures: number; dueAtMs: number } | undefined;
}

export type SubmitPlan = 'conflict' | readonly ('new' | ModelTask | { readonly sameAs: number })[];

export class TaskModel {
  tasks: ModelTask[] = [];
  /** What was to be told. */
  told: string[] = [];
  #ranks = 0;

  /** What a submission must come to: for each task a new one, one that is known, or one that is before it in the batch. */
  plan(batch: readonly NewTask[]): SubmitPlan {
    const plan: ('new' | ModelTask | { sameAs: number })[] = [];
    for (const [place, asked] of batch.entries()) {
      const isSame = (other: NewTask) =>
        asked.idempotencyKey !== undefined &&
        other.idempotencyKey === asked.idempotencyKey &&
        other.owner === asked.owner;
      const known = this.tasks.find((task) => isSame(task.asked));
      const earlier = batch.slice(0, place).findIndex(isSame);
      if (known) plan.push(known);
      else if (earlier >= 0) plan.push({ sameAs: earlier });
      else if (this.#isTaken(asked.givenId, batch.slice(0, place))) return 'conflict';
      else plan.push('new');
    }
    return plan;
  }

  submitted(number: number, id: string, asked: NewTask, nowMs: number): void {
    const isDelayed = asked.dueAtMs !== undefined && asked.dueAtMs > nowMs;
    this.tasks.push({
      number,
      id,
      asked,
      state: isDelayed ? 'delayed' : 'ready',
      priority: asked.priority,
      rank: this.#nextRank(),
      turn: 0,
      retryCount: 0,
      crashes: 0,
      createdAtMs: nowMs,
      finishedAtMs: undefined,
      dueAtMs: isDelayed ? asked.dueAtMs : undefined,
      error: undefined,
      result: undefined,
      delivery: undefined,
    });
    this.told.push(`submitted ${number}`);
  }

  ready(model: string): readonly ModelTask[] {
    return this.tasks
      .filter((task) => task.state === 'ready' && task.asked.model === model)
      .toSorted((one, other) => other.priority - one.priority || one.rank - other.rank);
  }

  claim(model: string): ModelTask | undefined {
    const [first] = this.ready(model);
    if (!first) return undefined;
    first.state = 'running';
    first.turn += 1;
    this.told.push(`started ${first.number}`);
    return first;
  }

  settle(claim: Claim, settlement: Settlement, nowMs: number): boolean {
    const task = this.tasks.find(({ number }) => number === claim.task.number);
    if (task?.state !== 'running' || task.turn !== claim.turn) return false;
    if (settlement.kind === 'returned') this.#returned(task, settlement.crashed);
    else if (settlement.kind === 'retry') this.#retrying(task, settlement.error, settlement.dueAtMs);
    else {
      task.error = settlement.kind === 'failed' ? settlement.error : undefined;
      if (settlement.kind === 'completed') task.result = settlement.result;
      this.#ended(task, settlement.kind, nowMs);
    }
    return true;
  }

  cancel(task: ModelTask, nowMs: number): boolean {
    if (!isLive(task)) return false;
    task.dueAtMs = undefined;
    this.#ended(task, 'cancelled', nowMs);
    return true;
  }

  setPriority(task: ModelTask, priority: number): boolean {
    if (!isLive(task)) return false;
    task.priority = priority;
    this.told.push(`reprioritised ${task.number}`);
    return true;
  }

  retry(task: ModelTask): boolean {
    if (task.state !== 'failed' && task.state !== 'cancelled') return false;
    task.retryCount = 0;
    task.crashes = 0;
    task.error = undefined;
    task.finishedAtMs = undefined;
    task.delivery = undefined;
    this.#readied(task, this.#nextRank());
    return true;
  }

  timePassed(nowMs: number): void {
    const due = this.tasks.filter(({ state, dueAtMs }) => state === 'delayed' && (dueAtMs ?? 0) <= nowMs);
    due.sort((one, other) => (one.dueAtMs ?? 0) - (other.dueAtMs ?? 0) || one.number - other.number);
    for (const task of due) {
      task.dueAtMs = undefined;
      this.#readied(task, this.#nextRank());
    }
  }

  reopened(nowMs: number): { returned: number; poisoned: number } {
    const running = this.tasks.filter(({ state }) => state === 'running');
    for (const task of running) {
      if (task.crashes + 1 < CRASHES_MAX) {
        this.#returned(task, true);
        continue;
      }
      task.crashes += 1;
      task.error = 'the server died 3 times while this task ran';
      this.#ended(task, 'failed', nowMs);
    }
    this.told = [];
    const poisoned = running.filter(({ state }) => state === 'failed').length;
    return { returned: running.length - poisoned, poisoned };
  }

  prune(rule: RetentionRule): number {
    const oldestFirst = this.tasks
      .filter(({ state }) => state === rule.state)
      .toSorted((one, other) => (one.finishedAtMs ?? 0) - (other.finishedAtMs ?? 0) || one.number - other.number);
    const surplus = oldestFirst.length - rule.keepMax;
    const gone = oldestFirst.filter((task, age) => age < surplus || (task.finishedAtMs ?? 0) < rule.endedBeforeMs);
    this.tasks = this.tasks.filter((task) => !gone.includes(task));
    return gone.length;
  }

  deliveries(): readonly ModelTask[] {
    return this.tasks
      .filter(({ delivery }) => delivery)
      .toSorted((one, other) => (one.delivery?.dueAtMs ?? 0) - (other.delivery?.dueAtMs ?? 0));
  }

  count(state: TaskState): number {
    return this.tasks.filter((task) => task.state === state).length;
  }

  #isTaken(id: string | undefined, before: readonly NewTask[]): boolean {
    if (id === undefined) return false;
    return this.tasks.some((task) => task.id === id) || before.some(({ givenId }) => givenId === id);
  }

  #nextRank(): number {
    this.#ranks += 1;
    return this.#ranks;
  }

  #readied(task: ModelTask, rank: number): void {
    task.state = 'ready';
    task.rank = rank;
    this.told.push(`readied ${task.number}`);
  }

  #returned(task: ModelTask, crashed: boolean): void {
    if (crashed) task.crashes += 1;
    this.#readied(task, task.rank);
  }

  #retrying(task: ModelTask, error: string, dueAtMs: number): void {
    task.state = 'delayed';
    task.retryCount += 1;
    task.error = error;
    task.dueAtMs = dueAtMs;
    this.told.push(`retrying ${task.number}`);
  }

  #ended(task: ModelTask, state: 'completed' | 'failed' | 'cancelled', nowMs: number): void {
    task.state = state;
    task.finishedAtMs = nowMs;
    if (task.asked.notify) task.delivery = { failures: 0, dueAtMs: nowMs };
    this.told.push(`${state} ${task.number}`);
  }
}

/** What a stored task must have in common with its model. */
export function fromModel(task: ModelTask): object {
  const { number, id, state, priority, retryCount, crashes, createdAtMs, finishedAtMs, dueAtMs, error, result } = task;
  const { owner, type, model, retriesMax, body } = task.asked;
  const known = { number, id, owner, type, model, state, priority, retryCount, retriesMax, crashes };
  return { ...known, createdAtMs, finishedAtMs, dueAtMs, error, body, result };
}

/** The same of a stored task. */
export function fromStore(task: FullTask): object {
  const { order: _order, startedAtMs: _startedAtMs, engine: _engine, ...known } = task;
  return known;
}

function isLive({ state }: ModelTask): boolean {
  return state === 'ready' || state === 'delayed' || state === 'running';
}
