/**
 * What the main thread knows of the tasks in the store, without asking: how many there are, which are first, when the next
 * delayed one is due. It follows what the store thread tells, in its order, and tells whoever listens.
 */
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { DueTimer } from '../due-timer.js';
import { PendingModels } from '../pending-models.js';
import type { Task, TaskState } from '../task.js';
import { isPending, TaskCounter } from '../task-counts.js';
import type { TaskChange, TaskCounts } from '../task-store.js';
import type { MadeMove, Opened } from './messages.js';
import { type AskForMore, ReadyIndex } from './ready-index.js';
import { unpackTask } from './task-row.js';

export interface KnownTasksOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pendingModelsMax: number | undefined;
  readonly askForMore: AskForMore;
  /** A delayed task is due. Call `nextDue` when those that are due are ready. */
  readonly onDue: () => void;
}

export class KnownTasks {
  readonly ready: ReadyIndex;
  readonly #logger: Logger;
  readonly #counter = new TaskCounter();
  readonly #pendingModels: PendingModels;
  readonly #timer: DueTimer;
  readonly #changeListeners = new Set<(change: TaskChange) => void>();
  readonly #headListeners = new Set<(model: string) => void>();
  /** When the first delayed task is due; it may have been cancelled meanwhile. */
  #dueAtMs: number | undefined;

  constructor({ clock, logger, pendingModelsMax, askForMore, onDue }: KnownTasksOptions) {
    this.#logger = logger;
    this.#pendingModels = new PendingModels(pendingModelsMax);
    this.#timer = new DueTimer(clock, () => {
      this.#dueAtMs = undefined;
      onDue();
    });
    this.ready = new ReadyIndex((model) => this.#tell(this.#headListeners, model), askForMore);
  }

  open({ counts, nextDueAtMs }: Opened): void {
    const models = new Set<string>();
    for (const { state, model, priority, count } of counts) {
      this.#counter.moved(undefined, state, priority, count);
      if (isPending(state)) this.#pendingModels.entered(model, count);
      if (state === 'ready') models.add(model);
    }
    this.ready.open([...models]);
    this.nextDue(nextDueAtMs);
  }

  close(): void {
    this.#timer.set(undefined);
  }

  onChange(listener: (change: TaskChange) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  onHead(listener: (model: string) => void): () => void {
    this.#headListeners.add(listener);
    return () => this.#headListeners.delete(listener);
  }

  counts(): TaskCounts {
    return this.#counter.read();
  }

  /** Tasks that are being submitted hold the places of their models. Throws `queue_full`; then nothing was counted. */
  admit(tasks: readonly Task[]): void {
    this.#pendingModels.admit(tasks.map(({ model }) => model));
    for (const { model } of tasks) this.#pendingModels.entered(model);
  }

  /** A task that was admitted is not stored, and never was. */
  dismissed({ model, number }: Task): void {
    this.#pendingModels.left(model);
    this.ready.drop(model, number);
  }

  /** A ready task that is being submitted is offered before it is stored. */
  offer({ model, number, priority, order }: Task): void {
    this.ready.put(model, { number, priority, order });
  }

  stored(task: Task, isOffered: boolean): void {
    this.#counter.moved(undefined, task.state, task.priority);
    if (task.state === 'delayed') this.#dueBy(task.dueAtMs);
    else if (!isOffered) this.offer(task);
    this.#tell(this.#changeListeners, { move: 'submitted', task, atMs: task.createdAtMs });
  }

  /** Returns the task as it is now. */
  moved({ move, from, fromPriority, task: packed, atMs }: MadeMove): Task {
    const task = unpackTask(packed);
    this.#counter.moved(from, undefined, fromPriority);
    this.#counter.moved(undefined, task.state, task.priority);
    if (isPending(from)) this.#pendingModels.left(task.model);
    if (isPending(task.state)) this.#pendingModels.entered(task.model);
    if (task.state === 'ready') this.offer(task);
    else if (from === 'ready') this.ready.drop(task.model, task.number);
    if (task.state === 'delayed') this.#dueBy(task.dueAtMs);
    this.#tell(this.#changeListeners, { move, task, atMs });
    return task;
  }

  removed(state: TaskState, count: number): void {
    this.#counter.moved(state, undefined, 0, count);
  }

  /** When the first delayed task is due, where all of them are known. */
  nextDue(atMs: number | undefined): void {
    this.#dueAtMs = atMs;
    this.#timer.set(atMs);
  }

  #dueBy(atMs: number | undefined): void {
    if (atMs !== undefined && (this.#dueAtMs === undefined || atMs < this.#dueAtMs)) this.nextDue(atMs);
  }

  /** One that throws does no harm to the others, or to the store. */
  #tell<T>(listeners: ReadonlySet<(told: T) => void>, told: NoInfer<T>): void {
    for (const listener of listeners) {
      try {
        listener(told);
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener of the task store failed');
      }
    }
  }
}
