/** Tells when submitted tasks have ended: for good, not when an attempt failed that will be followed by another. */
import { GollamaError } from '../base/errors.js';
import type { TaskSubmission } from '../protocol/task.js';
import { isFinal, type Task } from '../tasks/task.js';
import type { TaskQueue } from '../tasks/task-queue.js';
import { EMBEDDER } from './embedder.js';

export interface TaskResult {
  readonly taskId: string;
  /** False where it failed with its last try, or was cancelled. */
  readonly success: boolean;
  /** The final object that Ollama answers for its type. */
  readonly data?: unknown;
  /** Why there is no success. */
  readonly error?: string;
}

export interface Submitted {
  readonly id: string;
  /** Rejects with `shutting_down` where the queue is stopped before. */
  readonly ended: Promise<TaskResult>;
}

interface Ending {
  readonly promise: Promise<TaskResult>;
  readonly settle: (result: Promise<TaskResult>) => void;
}

export class TaskEndings {
  readonly #tasks: TaskQueue;
  readonly #endings = new Map<string, Ending>();
  /** Of each submission under way the tasks that ended meanwhile: it does not know its ids yet. */
  readonly #submissions = new Set<Map<string, Task>>();
  readonly #reading = new Set<Promise<unknown>>();
  readonly #stopListening: () => void;
  #isStopped = false;

  constructor(tasks: TaskQueue) {
    this.#tasks = tasks;
    this.#stopListening = tasks.events.subscribe(({ task }) => {
      if (isFinal(task.state)) this.#onEnd(task);
    });
  }

  /** All of them, or none. */
  async submit(submissions: readonly TaskSubmission[]): Promise<readonly Submitted[]> {
    const early = new Map<string, Task>();
    this.#submissions.add(early);
    try {
      const submitted = await this.#tasks.submit(submissions, EMBEDDER);
      return submitted.map(({ id, isNew }) => ({ id, ended: this.#ended(id, isNew, early.get(id)) }));
    } finally {
      this.#submissions.delete(early);
    }
  }

  /** Nobody waits any more; resolves when what has ended is told. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    for (const [id, { settle }] of this.#endings) settle(Promise.reject(stoppedBefore(id)));
    this.#endings.clear();
    await Promise.allSettled(this.#reading);
  }

  #ended(id: string, isNew: boolean, early: Task | undefined): Promise<TaskResult> {
    if (early) return handled(this.#result(early));
    // It was stored while the queue was being stopped: nobody will hear of its end.
    if (this.#isStopped) return handled(Promise.reject(stoppedBefore(id)));
    const known = this.#endings.get(id);
    if (known) return known.promise;
    const ending = newEnding();
    this.#endings.set(id, ending);
    // A task that was there before may have ended long ago.
    if (!isNew) void this.#lookAt(id);
    return ending.promise;
  }

  async #lookAt(id: string): Promise<void> {
    try {
      const { status, result, error } = await this.#tasks.get(id, EMBEDDER);
      if (status === 'pending' || status === 'running') return;
      this.#settle(id, Promise.resolve(resultOf(id, status, result, error)));
    } catch (thrown) {
      this.#settle(id, Promise.reject(thrown));
    }
  }

  #onEnd(task: Task): void {
    for (const early of this.#submissions) early.set(task.id, task);
    if (this.#endings.has(task.id)) this.#settle(task.id, this.#result(task));
  }

  #settle(id: string, result: Promise<TaskResult>): void {
    const ending = this.#endings.get(id);
    this.#endings.delete(id);
    if (ending) ending.settle(result);
    else handled(result);
  }

  async #result({ id, state, error }: Task): Promise<TaskResult> {
    if (state !== 'completed') return resultOf(id, state, undefined, error);
    const reading = this.#tasks.get(id, EMBEDDER);
    this.#reading.add(reading);
    try {
      return resultOf(id, state, (await reading).result, undefined);
    } finally {
      this.#reading.delete(reading);
    }
  }
}

function resultOf(taskId: string, status: string, data: unknown, error: string | undefined): TaskResult {
  if (status === 'completed') return { taskId, success: true, data };
  return { taskId, success: false, error: status === 'cancelled' ? 'the task was cancelled' : (error ?? 'failed') };
}

function newEnding(): Ending {
  let settle: Ending['settle'] = () => {};
  const promise = new Promise<TaskResult>((resolve) => {
    settle = resolve;
  });
  return { promise: handled(promise), settle };
}

/** A program that does not wait for an end is not ended by it. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function stoppedBefore(id: string): GollamaError {
  return new GollamaError('shutting_down', `the queue was stopped before task ${id} had ended`, {
    hint: 'it is kept, and goes on when the queue is started again',
  });
}
