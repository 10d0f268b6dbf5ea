/** What commands and programs call: a gollama server, somewhere. Its methods reject with GollamaError. */
import { type Clock, systemClock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import { type Random, systemRandom } from '../base/random.js';
import type { ServerStatus } from '../protocol/status.js';
import type { TaskReport } from '../protocol/task.js';
import { Deadline } from './deadline.js';
import { type NewTask, queryText, type TaskQuery } from './new-task.js';
import { Patience, wakefulPause } from './patience.js';
import { parseServerUrl } from './server-url.js';
import type { StreamPlace, TaskStreamEvent } from './task-stream.js';
import { Transport, type TransportOptions } from './transport.js';

export interface ClientOptions extends Omit<TransportOptions, 'baseUrl'> {
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface TaskPage {
  readonly tasks: readonly TaskReport[];
  /** How many there are on all pages. */
  readonly total: number;
  /** Where the next page begins; undefined on the last. */
  readonly cursor: string | undefined;
}

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Without it, as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

/** Between two looks at a task whose answer is all there, but which has not been put away yet. */
const LOOK_MS = 100;
const LOOK_MS_MAX = 2_000;

export class Client {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #random: Random;

  /** `server` is `http://host:port`, `host:port` or `:port`, or options that name it. Throws `usage` for any other text. */
  constructor(server: string | (ClientOptions & { readonly baseUrl: string }), options: ClientOptions = {}) {
    const all =
      typeof server === 'string' ? { ...options, baseUrl: parseServerUrl(server) } : { ...options, ...server };
    this.#transport = new Transport(all);
    this.#clock = all.clock ?? systemClock;
    this.#random = all.random ?? systemRandom;
  }

  async status(signal?: AbortSignal): Promise<ServerStatus> {
    return (await this.#transport.json<ServerStatus>({ path: '/api/status', signal })).body;
  }

  getQueueStats(): Promise<ServerStatus> {
    return this.status();
  }

  /** The task's id. With an idempotency key, a broken connection is not the end: it is sent again. */
  async submitTask(task: NewTask, signal?: AbortSignal): Promise<string> {
    const call = { path: '/api/tasks', method: 'POST', body: task, signal } as const;
    const send = () => this.#transport.json<{ task_id?: unknown }>(call);
    const { body } = await (task.idempotency_key === undefined ? send() : this.#patience(signal).until(send));
    if (typeof body.task_id === 'string' && body.task_id !== '') return body.task_id;
    throw new GollamaError('unreachable', `${this.#transport.baseUrl} took the task, but told no id`);
  }

  /**
   * Their ids, in order; all are taken, or none. Each is a `NewTask`, or an item of a batch file. Where all of them have an
   * idempotency key, a broken connection is not the end: they are sent again.
   */
  async submitBatch(tasks: readonly object[], signal?: AbortSignal): Promise<readonly string[]> {
    const call = { path: '/api/tasks/batch', method: 'POST', body: { tasks }, signal, timeoutMs: 60_000 } as const;
    const send = () => this.#transport.json<{ task_ids?: unknown }>(call);
    const isKeyed = tasks.every((task) => 'idempotency_key' in task && task.idempotency_key !== undefined);
    const { body } = await (isKeyed ? this.#patience(signal).until(send) : send());
    if (Array.isArray(body.task_ids)) return body.task_ids.map(String);
    throw new GollamaError('unreachable', `${this.#transport.baseUrl} took the tasks, but told no ids`);
  }

  async getTask(id: string, signal?: AbortSignal): Promise<TaskReport> {
    return (await this.#transport.json<TaskReport>({ path: taskPath(id), signal })).body;
  }

  async listTasks(query: TaskQuery = {}): Promise<TaskPage> {
    const { body, headers } = await this.#transport.json<readonly TaskReport[] | null>({
      path: `/api/tasks${queryText(query)}`,
    });
    const tasks = body ?? [];
    const cursor = headers['x-next-cursor'];
    return {
      tasks,
      total: Number(headers['x-total-count'] ?? tasks.length),
      cursor: typeof cursor === 'string' && cursor !== '' ? cursor : undefined,
    };
  }

  /** A task that has ended stays as it is. */
  async cancelTask(id: string, signal?: AbortSignal): Promise<void> {
    await this.#transport.json({ path: `${taskPath(id)}/cancel`, method: 'POST', signal });
  }

  /** A task that has ended stays as it is. */
  async updateTaskPriority(id: string, priority: number): Promise<void> {
    await this.#transport.json({ path: `${taskPath(id)}/priority`, method: 'POST', body: { priority } });
  }

  /** A failed or cancelled task waits again, under its id; `conflict` where it is neither. */
  async retryTask(id: string): Promise<void> {
    await this.#transport.json({ path: `${taskPath(id)}/retry`, method: 'POST' });
  }

  /**
   * Every event of the task's answer, once and in order; goes on across broken connections and restarts of the server. Ends
   * behind `done` or `error`, and when `signal` aborts.
   */
  async *streamTask(id: string, place: StreamPlace = {}): AsyncGenerator<TaskStreamEvent, void> {
    const { followTask } = await import('./task-stream.js');
    yield* followTask(this.#transport, id, place, { clock: this.#clock, random: this.#random });
  }

  /** The task when it has ended, however. Rejects with `wait_timeout`, `cancelled` (by `signal`), `not_found`. */
  async waitForTask(id: string, { signal, timeoutMs }: Waiting = {}): Promise<TaskReport> {
    const deadline = new Deadline(this.#clock, timeoutMs, signal);
    try {
      return await this.#ended(id, deadline.signal);
    } catch (thrown) {
      if (!deadline.isOver || signal?.aborted) throw thrown;
      throw new GollamaError('wait_timeout', `task ${id} has not ended in time`, { hint: `gollama status ${id}` });
    } finally {
      deadline.dispose();
    }
  }

  /** Its stream tells when it may have ended; only the task itself tells that it has. */
  async #ended(id: string, signal: AbortSignal): Promise<TaskReport> {
    for (let looks = 0; ; looks++) {
      const task = await this.#patience(signal).until(() => this.getTask(id, signal));
      if (task.status !== 'pending' && task.status !== 'running') return task;
      if (looks > 0) await wakefulPause(this.#clock, Math.min(LOOK_MS * 2 ** (looks - 1), LOOK_MS_MAX), signal);
      await this.#streamed(id, signal);
    }
  }

  async #streamed(id: string, signal: AbortSignal): Promise<void> {
    const events = this.streamTask(id, { signal });
    try {
      for (let next = await events.next(); !next.done; ) next = await events.next();
    } catch (thrown) {
      // An answer that is not kept any more.
      if (!(thrown instanceof GollamaError && thrown.code === 'gone')) throw thrown;
    }
  }

  #patience(signal: AbortSignal | undefined): Patience {
    const wasFound = () => this.#transport.wasFound;
    return new Patience({ clock: this.#clock, random: this.#random, signal, wasFound });
  }
}

function taskPath(id: string): string {
  return `/api/tasks/${encodeURIComponent(id)}`;
}
