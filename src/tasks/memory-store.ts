/** A task store in memory, for embedding and for tests: it keeps the whole contract except that nothing outlives the process. */
import type { Clock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Arrivals } from '../queue/arrivals.js';
import { DueList } from './due-list.js';
import { DueTimer } from './due-timer.js';
import { MemoryDeliveries } from './memory-deliveries.js';
import { PendingModels } from './pending-models.js';
import { ReadyPlaces } from './ready-places.js';
import { isFinal, LEGAL_MOVES, type Task } from './task.js';
import { isPending, TaskCounter } from './task-counts.js';
import { TaskFeed } from './task-feed.js';
import { newTag, taskId } from './task-id.js';
import { cancelled, due, isDelayed, newTask, retried, SETTLEMENT_MOVES, settled, started } from './task-moves.js';
import { pageOf } from './task-page.js';
import type {
  Claim,
  Delivery,
  FullTask,
  Head,
  Moved,
  NewTask,
  Recovery,
  RetentionRule,
  Settlement,
  Submitted,
  TaskChange,
  TaskCounts,
  TaskFilter,
  TaskMove,
  TaskPage,
  TaskStore,
} from './task-store.js';

export interface MemoryTaskStoreOptions {
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  /** Of how many models tasks may wait; beyond it a submission is `queue_full`. */
  readonly pendingModelsMax?: number;
}

/** A task and what belongs to it. `task` is replaced, never changed. */
interface Stored {
  task: Task;
  turn: number;
  result: string | undefined;
  readonly asked: NewTask;
}

/** How many tasks one step of `prune` takes at most. */
const PRUNE_STEP = 200;

export class MemoryTaskStore implements TaskStore {
  readonly #clock: Clock;
  readonly #arrivals: Arrivals;
  #phase: 'new' | 'open' | 'stopped' = 'new';

  /** In the order of their numbers. */
  readonly #tasks = new Map<number, Stored>();
  readonly #byId = new Map<string, Stored>();
  readonly #byKey = new Map<string, Stored>();
  #numbers = 0;

  readonly #ready = new ReadyPlaces();
  readonly #delayed = new DueList();
  readonly #deliveries = new MemoryDeliveries();
  readonly #counter = new TaskCounter();
  readonly #pendingModels: PendingModels;
  readonly #timer: DueTimer;

  readonly #feed = new TaskFeed();

  constructor(options: MemoryTaskStoreOptions) {
    this.#clock = options.clock;
    this.#arrivals = options.arrivals;
    this.#pendingModels = new PendingModels(options.pendingModelsMax);
    this.#timer = new DueTimer(options.clock, () => this.#promote());
  }

  async start(): Promise<void> {
    if (this.#phase === 'stopped') throw stopped();
    this.#phase = 'open';
  }

  async stop(): Promise<void> {
    this.#phase = 'stopped';
    this.#timer.set(undefined);
  }

  get recovery(): Recovery {
    if (this.#phase === 'new') throw notStarted();
    return { returned: 0, poisoned: 0 };
  }

  async submit(tasks: readonly NewTask[]): Promise<readonly Submitted[]> {
    this.#assertOpen();
    this.#assertStorable(tasks);
    const nowMs = this.#clock.epoch();
    const submitted = tasks.map((task) => {
      const known = this.#byKey.get(keyOf(task) ?? '');
      return known ? { task: known.task, isNew: false } : { task: this.#store(task, nowMs), isNew: true };
    });
    this.#feed.tell();
    return submitted;
  }

  models(): Iterable<string> {
    return this.#ready.models();
  }

  head(model: string): Head | undefined {
    return this.#ready.head(model);
  }

  onHead(listener: (model: string) => void): () => void {
    return this.#feed.onHead(listener);
  }

  async claim(model: string, engine: string | undefined): Promise<Claim | undefined> {
    this.#assertOpen();
    const stored = this.#tasks.get(this.#ready.first(model) ?? 0);
    if (!stored) return undefined;
    stored.turn += 1;
    this.#move(stored, started(stored.task, engine, this.#clock.epoch()), 'started');
    const claim = { task: stored.task, body: stored.asked.body, turn: stored.turn };
    this.#feed.tell();
    return claim;
  }

  async settle(claim: Claim, settlement: Settlement): Promise<boolean> {
    this.#assertOpen();
    const stored = this.#tasks.get(claim.task.number);
    if (stored?.task.state !== 'running' || stored.turn !== claim.turn) return false;
    if (settlement.kind === 'completed') stored.result = settlement.result;
    const next = settled(stored.task, settlement, this.#clock.epoch());
    this.#move(stored, next, SETTLEMENT_MOVES[settlement.kind]);
    this.#feed.tell();
    return true;
  }

  async cancel(id: string): Promise<Moved | undefined> {
    return this.#moveById(id, 'cancelled', (task) =>
      LEGAL_MOVES[task.state].includes('cancelled') ? cancelled(task, this.#clock.epoch()) : undefined,
    );
  }

  async setPriority(id: string, priority: number): Promise<Moved | undefined> {
    return this.#moveById(id, 'reprioritised', (task) => (isFinal(task.state) ? undefined : { ...task, priority }));
  }

  async retry(id: string): Promise<Moved | undefined> {
    return this.#moveById(id, 'readied', (task) =>
      isFinal(task.state) && LEGAL_MOVES[task.state].includes('ready')
        ? retried(task, this.#arrivals.next())
        : undefined,
    );
  }

  async get(id: string): Promise<FullTask | undefined> {
    this.#assertOpen();
    const stored = this.#byId.get(id);
    return stored && full(stored);
  }

  async list(filter: TaskFilter): Promise<TaskPage> {
    this.#assertOpen();
    const { found, total, cursor } = pageOf(this.#tasks.values(), filter);
    return { tasks: found.map(full), total, cursor };
  }

  counts(): TaskCounts {
    return this.#counter.read();
  }

  onChange(listener: (change: TaskChange) => void): () => void {
    return this.#feed.onChange(listener);
  }

  async remove(id: string): Promise<boolean | undefined> {
    this.#assertOpen();
    const stored = this.#byId.get(id);
    if (!stored) return undefined;
    if (!isFinal(stored.task.state)) return false;
    this.#forget(stored);
    return true;
  }

  async prune(rule: RetentionRule): Promise<number> {
    this.#assertOpen();
    const oldestFirst = [...this.#tasks.values()]
      .filter(({ task }) => task.state === rule.state)
      .sort((one, other) => endedAtMs(one) - endedAtMs(other));
    const surplus = oldestFirst.length - rule.keepMax;
    const pruned = oldestFirst
      .filter((stored, place) => place < surplus || endedAtMs(stored) < rule.endedBeforeMs)
      .slice(0, PRUNE_STEP);
    for (const stored of pruned) this.#forget(stored);
    return pruned.length;
  }

  async nextDelivery(
    except: ReadonlySet<number>,
  ): Promise<{ readonly delivery: Delivery; readonly dueAtMs: number } | undefined> {
    this.#assertOpen();
    const first = this.#deliveries.firstExcept(except);
    const stored = first && this.#tasks.get(first.number);
    if (!stored) return undefined;
    return { delivery: { task: full(stored), failures: first.failures }, dueAtMs: first.dueAtMs };
  }

  async settleDelivery(taskNumber: number, retryAtMs: number | undefined): Promise<void> {
    this.#assertOpen();
    if (retryAtMs === undefined) this.#deliveries.delete(taskNumber);
    else this.#deliveries.failed(taskNumber, retryAtMs);
  }

  #assertOpen(): void {
    if (this.#phase === 'stopped') throw stopped();
    if (this.#phase === 'new') throw notStarted();
  }

  /** Throws where one of them cannot be stored: then none is. */
  #assertStorable(tasks: readonly NewTask[]): void {
    const keys = new Set<string>();
    const ids = new Set<string>();
    const pendingModels = new Set<string>();
    for (const task of tasks) {
      const key = keyOf(task);
      if (key !== undefined && (this.#byKey.has(key) || keys.has(key))) continue;
      if (key !== undefined) keys.add(key);
      if (task.givenId !== undefined && (this.#byId.has(task.givenId) || ids.has(task.givenId)))
        throw new GollamaError('conflict', `task already exists: ${task.givenId}`, { param: 'id' });
      if (task.givenId !== undefined) ids.add(task.givenId);
      pendingModels.add(task.model);
    }
    this.#pendingModels.admit(pendingModels);
  }

  #store(asked: NewTask, nowMs: number): Task {
    this.#numbers += 1;
    const number = this.#numbers;
    const id = asked.givenId ?? taskId(number, newTag());
    const order = isDelayed(asked, nowMs) ? 0 : this.#arrivals.next();
    const stored: Stored = { task: newTask(asked, { number, id, order, nowMs }), turn: 0, result: undefined, asked };
    this.#tasks.set(number, stored);
    this.#byId.set(id, stored);
    const key = keyOf(asked);
    if (key !== undefined) this.#byKey.set(key, stored);
    this.#enter(stored);
    this.#feed.changed({ move: 'submitted', task: stored.task, atMs: nowMs });
    return stored.task;
  }

  #forget(stored: Stored): void {
    this.#leave(stored);
    this.#tasks.delete(stored.task.number);
    this.#byId.delete(stored.task.id);
    const key = keyOf(stored.asked);
    if (key !== undefined) this.#byKey.delete(key);
  }

  #moveById(id: string, move: TaskMove, next: (task: Task) => Task | undefined): Moved | undefined {
    this.#assertOpen();
    const stored = this.#byId.get(id);
    if (!stored) return undefined;
    const task = next(stored.task);
    if (!task) return { task: stored.task, moved: false };
    this.#move(stored, task, move);
    this.#feed.tell();
    return { task, moved: true };
  }

  #promote(): void {
    const nowMs = this.#clock.epoch();
    for (let first = this.#delayed.first; first && first.dueAtMs <= nowMs; first = this.#delayed.first) {
      const stored = this.#tasks.get(first.number);
      if (stored) this.#move(stored, due(stored.task, this.#arrivals.next()), 'readied');
    }
    this.#feed.tell();
  }

  /** The one place where a stored task becomes another. */
  #move(stored: Stored, task: Task, move: TaskMove): void {
    this.#leave(stored);
    stored.task = task;
    this.#enter(stored);
    this.#feed.changed({ move, task, atMs: this.#clock.epoch() });
  }

  #leave({ task }: Stored): void {
    this.#counter.moved(task.state, undefined, task.priority);
    if (isPending(task.state)) this.#pendingModels.left(task.model);
    if (isFinal(task.state)) this.#deliveries.delete(task.number);
    if (task.state === 'ready') this.#ready.delete(task);
    if (task.state === 'delayed') this.#delayed.delete(task.number);
    this.#placeChanged(task);
  }

  #enter({ task, asked }: Stored): void {
    this.#counter.moved(undefined, task.state, task.priority);
    if (isPending(task.state)) this.#pendingModels.entered(task.model);
    if (isFinal(task.state) && asked.notify) this.#deliveries.add(task.number, this.#clock.epoch());
    if (task.state === 'ready') this.#ready.add(task);
    if (task.state === 'delayed') this.#delayed.set(task.number, task.dueAtMs ?? 0);
    this.#placeChanged(task);
  }

  #placeChanged({ state, model }: Task): void {
    if (state === 'ready') this.#feed.headChanged(model);
    if (state === 'delayed') this.#timer.set(this.#delayed.first?.dueAtMs);
  }
}

function keyOf({ owner, idempotencyKey }: NewTask): string | undefined {
  return idempotencyKey === undefined ? undefined : JSON.stringify([owner, idempotencyKey]);
}

function endedAtMs({ task }: Stored): number {
  return task.finishedAtMs ?? 0;
}

function full({ task, asked, result }: Stored): FullTask {
  return { ...task, body: asked.body, result };
}

function stopped(): GollamaError {
  return new GollamaError('shutting_down', 'the task store is stopped');
}

function notStarted(): GollamaError {
  return new GollamaError('storage_error', 'the task store is not started');
}
