/** A started task store with its ears on, and short words for what the tests of the contract do with it. */
import { expect } from 'vitest';
import { Arrivals } from '../../../src/queue/arrivals.js';
import type { Task, TaskState } from '../../../src/tasks/task.js';
import {
  type Claim,
  type FullTask,
  type Head,
  type NewTask,
  PAGE_MAX,
  type Settlement,
  type Submitted,
  type TaskChange,
  type TaskStore,
} from '../../../src/tasks/task-store.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

export interface StoreUnderTest {
  /** Not started. */
  readonly store: TaskStore;
  /**
   * Not started either: the same data again, as after a kill -9 of the process that had `store`, with the arrivals of the
   * new process. Undefined where the store cannot.
   */
  readonly reopen?: (arrivals: Arrivals) => Promise<TaskStore>;
  /** Ends everything, also the stores that `reopen` gave. */
  dispose(): Promise<void>;
}

export type MakeStore = (options: { clock: ManualClock; arrivals: Arrivals }) => Promise<StoreUnderTest>;

/** Two models, so that a mistake between them shows. */
export const MODEL = 'llama3.2:1b';
export const OTHER_MODEL = 'mod\u00e9l/"two"';
export const ENGINE = 'one';
export const HOUR_MS = 3_600_000;

/** More round trips than any store needs to see what it was told. */
const ROUNDS_MAX = 2_000;

export class Harness {
  readonly clock: ManualClock;
  store: TaskStore;
  /** Everything told since the store was opened or `forgetChanges`. */
  changes: TaskChange[] = [];
  /** What somebody knows of the heads who looks whenever told to. */
  readonly headsHeard = new Map<string, Head | undefined>();
  readonly #subject: StoreUnderTest;

  static async open(make: MakeStore): Promise<Harness> {
    const clock = new ManualClock();
    const subject = await make({ clock, arrivals: new Arrivals() });
    const harness = new Harness(clock, subject);
    await harness.store.start();
    return harness;
  }

  private constructor(clock: ManualClock, subject: StoreUnderTest) {
    this.clock = clock;
    this.#subject = subject;
    this.store = subject.store;
    this.#listen();
  }

  get canReopen(): boolean {
    return this.#subject.reopen !== undefined;
  }

  /** As after kill -9. What was told before is forgotten. */
  async reopen(): Promise<TaskStore> {
    if (!this.#subject.reopen) throw new Error('this store cannot be opened again');
    this.store = await this.#subject.reopen(new Arrivals());
    this.#listen();
    await this.store.start();
    await this.quiet();
    this.changes = [];
    for (const model of this.store.models()) this.headsHeard.set(model, this.store.head(model));
    return this.store;
  }

  async close(): Promise<void> {
    await this.store.stop();
    await this.#subject.dispose();
  }

  get nowMs(): number {
    return this.clock.epoch();
  }

  async submit(...wishes: readonly Partial<NewTask>[]): Promise<readonly Task[]> {
    return (await this.store.submit(wishes.map(newTask))).map(({ task }) => task);
  }

  async submitOne(wishes: Partial<NewTask> = {}): Promise<Task> {
    const [task] = await this.submit(wishes);
    return task!;
  }

  async submitted(wishes: Partial<NewTask>): Promise<Submitted> {
    const [submitted] = await this.store.submit([newTask(wishes)]);
    return submitted!;
  }

  /** There must be one. */
  async claim(model = MODEL): Promise<Claim> {
    const claim = await this.store.claim(model, ENGINE);
    if (!claim) throw new Error(`nothing to claim of ${model}`);
    return claim;
  }

  /** Claims until nothing is left: the numbers in the order of the claims. */
  async claimAll(model = MODEL): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (;;) {
      const claims = await Promise.all(Array.from({ length: 64 }, () => this.store.claim(model, ENGINE)));
      const taken = claims.flatMap((claim) => (claim ? [claim.task.number] : []));
      numbers.push(...taken);
      if (taken.length > 0) continue;
      const waiting = await this.store.list({ states: ['ready'], models: [model], limit: 1 });
      if (waiting.total === 0) return numbers;
      // Of a long backlog the store may know more than is known here.
      await this.until(`${model} has a head`, () => this.store.head(model) !== undefined);
    }
  }

  /** Takes the task all the way into that state. */
  async taskIn(state: TaskState, wishes: Partial<NewTask> = {}): Promise<{ task: FullTask; claim: Claim }> {
    const delay = state === 'delayed' ? { dueAtMs: this.nowMs + HOUR_MS } : {};
    const task = await this.submitOne({ ...delay, ...wishes });
    let claim: Claim = { task, body: newTask(wishes).body, turn: 1 };
    if (state === 'cancelled') await this.store.cancel(task.id);
    if (state === 'running' || state === 'completed' || state === 'failed') claim = await this.claim(task.model);
    if (state === 'completed') await this.store.settle(claim, COMPLETED);
    if (state === 'failed') await this.store.settle(claim, FAILED);
    const now = await this.get(task.id);
    expect(now.state).toBe(state);
    expect(claim.task.number).toBe(task.number);
    return { task: now, claim };
  }

  async get(id: string): Promise<FullTask> {
    const task = await this.store.get(id);
    if (!task) throw new Error(`there is no task ${id}`);
    return task;
  }

  async all(): Promise<readonly FullTask[]> {
    return (await this.store.list({ limit: PAGE_MAX })).tasks;
  }

  /** Moves time, and lets the store do what falls due. */
  async advance(byMs: number): Promise<void> {
    await this.clock.advanceAsync(byMs);
    await this.quiet();
  }

  /** After it everything that was asked of the store before is done and told. */
  async quiet(): Promise<void> {
    // Twice: what a timer asks for may take the store two steps.
    for (let round = 0; round < 2; round += 1) {
      await this.store.cancel('no-such-task');
      await settled();
    }
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      if (await isSo()) return;
      await this.quiet();
    }
    throw new Error(`waited in vain: ${what}`);
  }

  async untilIn(state: TaskState, id: string): Promise<FullTask> {
    await this.until(`${id} is ${state}`, async () => (await this.get(id)).state === state);
    return this.get(id);
  }

  /** Also whoever only listened knows it. */
  async expectHead(model: string, expected: Head | undefined): Promise<void> {
    const text = headText(expected);
    await this.until(
      `the head of ${model} is ${text}, not ${headText(this.store.head(model))}`,
      () => headText(this.store.head(model)) === text,
    );
    expect(headText(this.headsHeard.get(model)), `the head of ${model} that was told`).toBe(text);
  }

  forgetChanges(): void {
    this.changes = [];
  }

  /** What was told, as `move number`. */
  async told(): Promise<readonly string[]> {
    await this.quiet();
    return this.changes.map(({ move, task }) => `${move} ${task.number}`);
  }

  #listen(): void {
    const store = this.store;
    this.headsHeard.clear();
    store.onChange((change) => {
      if (store === this.store) this.changes.push(change);
    });
    store.onHead((model) => {
      if (store === this.store) this.headsHeard.set(model, store.head(model));
    });
  }
}

export const COMPLETED: Settlement = { kind: 'completed', result: '{"done":true}' };
export const FAILED: Settlement = { kind: 'failed', error: 'it broke' };
export const RETURNED: Settlement = { kind: 'returned', crashed: false };
export const CRASHED: Settlement = { kind: 'returned', crashed: true };

export function retryAt(dueAtMs: number): Settlement {
  return { kind: 'retry', error: 'try again', dueAtMs };
}

export function newTask(wishes: Partial<NewTask> = {}): NewTask {
  return {
    owner: 'anna',
    type: 'chat',
    model: MODEL,
    priority: 5,
    retriesMax: 3,
    dueAtMs: undefined,
    body: '{"messages":[]}',
    givenId: undefined,
    idempotencyKey: undefined,
    notify: false,
    ...wishes,
  };
}

export function headOf(task: Task): Head {
  return { priority: task.priority, order: task.order };
}

export const numbersOf = (tasks: readonly Task[]) => tasks.map(({ number }) => number);

function headText(head: Head | undefined): string {
  return head ? `priority ${head.priority} order ${head.order}` : 'none';
}
