/** What a store told of its tasks, kept beside it and checked: the moves that are legal, one end to a life, no early start. */
import type { Clock } from '../../../src/base/clock.js';
import type { Task, TaskState } from '../../../src/tasks/task.js';
import type { TaskChange } from '../../../src/tasks/task-store.js';
import { demand, same } from './demand.js';

/** Said again here, so that a mistake in the table of the source is no mistake of the model. */
const MOVES = new Set([
  'ready running',
  'ready cancelled',
  'delayed ready',
  'delayed cancelled',
  'running completed',
  'running failed',
  'running cancelled',
  'running delayed',
  'running ready',
]);
const BY_HAND = new Set(['failed ready', 'cancelled ready']);
const FINAL: ReadonlySet<TaskState> = new Set<TaskState>(['completed', 'failed', 'cancelled']);
const CRASHES_MAX = 3;
/** The store looks at the wall clock at least so often. */
const LOOK_MS = 60_000;

/** How a running task must go on: from what its engine did. */
export interface Expected {
  readonly state: 'completed' | 'failed' | 'delayed' | 'ready';
  readonly dueAtMs?: number;
  readonly crashed?: boolean;
}

export interface Watched {
  task: Task;
  /** It may end `completed`, `failed` or `cancelled` once in each. Begins anew when it is retried by hand. */
  life: number;
  /** In this life: ends of attempts that count, and those that do not but are limited. */
  counted: number;
  crashed: number;
  expected: Expected | undefined;
  /** An attempt was broken off by the stop of its server, or a claim found the task cancelled. */
  mayReturn: boolean;
  /** Somebody asked for it to be tried again. */
  byHand: boolean;
  overdueSinceMs: number | undefined;
}

export class TaskWatch {
  readonly tasks = new Map<number, Watched>();
  /** Of the changes so far. */
  readonly moves = new Map<string, number>();
  readonly #clock: Clock;
  #lastPlace = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  byId(id: string): Watched {
    for (const watched of this.tasks.values()) if (watched.task.id === id) return watched;
    throw new Error(`nobody told of ${id}`);
  }

  in(...states: TaskState[]): Watched[] {
    const found: Watched[] = [];
    for (const watched of this.tasks.values()) if (states.includes(watched.task.state)) found.push(watched);
    return found;
  }

  get open(): Watched[] {
    return this.in('ready', 'delayed', 'running');
  }

  onChange({ move, task }: TaskChange): void {
    this.moves.set(move, (this.moves.get(move) ?? 0) + 1);
    const known = this.tasks.get(task.number);
    this.#checkPlace(known?.task, task);
    if (known === undefined) this.#submitted(move, task);
    else if (known.task.state === task.state) this.#reprioritised(move, known, task);
    else this.#moved(known, task);
    demand(task.crashes < CRASHES_MAX, `${task.id} crashes less than ${CRASHES_MAX} times`);
    demand(task.retryCount <= task.retriesMax, `${task.id} has no more tries than it may`);
  }

  /** A task whose time has come does not wait for longer than it takes to notice. */
  checkDelays(): void {
    for (const watched of this.tasks.values()) {
      const { dueAtMs, state, id } = watched.task;
      const isOverdue = state === 'delayed' && dueAtMs !== undefined && dueAtMs <= this.#clock.epoch();
      if (!isOverdue) watched.overdueSinceMs = undefined;
      else {
        watched.overdueSinceMs ??= this.#clock.now();
        demand(this.#clock.now() - watched.overdueSinceMs <= LOOK_MS, `the delay of ${id} ends`);
      }
    }
  }

  recount(): Record<TaskState, number> {
    const counts = { ready: 0, delayed: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
    for (const { task } of this.tasks.values()) counts[task.state] += 1;
    return counts;
  }

  /** Who comes to wait is behind all that came before; who was there already keeps its place, also when it is returned. */
  #checkPlace(before: Task | undefined, task: Task): void {
    const comes = task.state === 'ready' && before?.state !== 'ready' && before?.state !== 'running';
    if (comes) demand(task.order > this.#lastPlace, `${task.id} is behind those that were there before`);
    else if (before !== undefined) same(task.order, before.order, `place of ${task.id}`);
    this.#lastPlace = Math.max(this.#lastPlace, task.order);
  }

  #submitted(move: string, task: Task): void {
    same(move, 'submitted', `the first change of ${task.id}`);
    demand(task.state === 'ready' || task.state === 'delayed', `${task.id} waits when it is submitted`);
    this.tasks.set(task.number, {
      task,
      life: 1,
      counted: 0,
      crashed: 0,
      expected: undefined,
      mayReturn: false,
      byHand: false,
      overdueSinceMs: undefined,
    });
  }

  #reprioritised(move: string, watched: Watched, task: Task): void {
    same(move, 'reprioritised', `a change of ${task.id} that leaves it ${task.state}`);
    demand(!FINAL.has(task.state), `${task.id} stays as it ended`);
    watched.task = task;
  }

  #moved(watched: Watched, task: Task): void {
    const { task: before } = watched;
    const step = `${before.state} ${task.state}`;
    demand(MOVES.has(step) || BY_HAND.has(step), `${task.id} makes no illegal move: ${step}`);
    if (BY_HAND.has(step)) this.#revived(watched, task);
    if (before.state === 'delayed' && task.state === 'ready')
      demand((before.dueAtMs ?? 0) <= this.#clock.epoch(), `${task.id} does not wait less than it should`);
    if (before.state === 'running') this.#left(watched, task);
    else same(task.retryCount, BY_HAND.has(step) ? 0 : before.retryCount, `retries of ${task.id}`);
    watched.task = task;
  }

  #revived(watched: Watched, task: Task): void {
    demand(watched.byHand, `${task.id} is not revived but by hand`);
    same(task.crashes, 0, `crashes of ${task.id} that was retried by hand`);
    watched.byHand = false;
    watched.life += 1;
    watched.counted = 0;
    watched.crashed = 0;
  }

  /** Its attempt is over. */
  #left(watched: Watched, task: Task): void {
    const { expected, task: before } = watched;
    watched.expected = undefined;
    const { mayReturn } = watched;
    watched.mayReturn = false;
    if (task.state === 'cancelled') return;
    if (before.engine === undefined && before.model === 'nowhere') {
      same(task.state, 'failed', `${task.id}, which nobody serves,`);
      return;
    }
    if (expected === undefined) {
      demand(mayReturn, `${task.id} goes on by itself`);
      same(`${task.state} ${task.crashes} ${task.retryCount}`, `ready ${before.crashes} ${before.retryCount}`, task.id);
      return;
    }
    same(task.state, expected.state, `what becomes of ${task.id}`);
    if (expected.state === 'delayed') {
      same(task.dueAtMs, expected.dueAtMs, `when ${task.id} is tried again`);
      same(task.retryCount, before.retryCount + 1, `retries of ${task.id}`);
    } else same(task.retryCount, before.retryCount, `retries of ${task.id}`);
    same(task.crashes, before.crashes + (expected.crashed ? 1 : 0), `crashes of ${task.id}`);
    if (expected.crashed) watched.crashed += 1;
    else watched.counted += 1;
    demand(watched.counted <= 1 + task.retriesMax, `${task.id} has as many attempts as it may`);
    demand(watched.crashed < CRASHES_MAX, `${task.id} has killed as many engines as it may`);
  }
}
