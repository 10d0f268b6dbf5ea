/**
 * The queue inside a program: engines, priorities, durable tasks, without HTTP. Methods reject with GollamaError; those that
 * take an id with `not_found`.
 */
import { type Clock, systemClock } from '../base/clock.js';
import { GollamaError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Service } from '../base/service.js';
import type { NewTask, TaskQuery } from '../client/new-task.js';
import { queryText } from '../client/new-task.js';
import { realSurroundings } from '../config/load.js';
import type { Surroundings } from '../config/resolve.js';
import { taskFilter } from '../gateway/task-query.js';
import type { QueueStats } from '../protocol/status.js';
import type { TaskEventName, TaskEventReport, TaskReport, TaskStatus, TaskSubmission } from '../protocol/task.js';
import { parsePriorityValue, parseSubmission, parseSubmissions } from '../protocol/task-submission.js';
import { queueStats } from '../tasks/queue-stats.js';
import type { TaskQueue } from '../tasks/task-queue.js';
import { checkWebhookUrl } from '../tasks/webhook/webhook-url.js';
import { EMBEDDER } from './embedder.js';
import { assertOptions, type EmbeddingOptions } from './options.js';
import { QueueLife } from './queue-life.js';
import { Subscription } from './subscription.js';
import { chunksOf, type StreamChunk, TaskAnswer } from './task-answer.js';
import type { Submitted, TaskResult } from './task-endings.js';

/** Of which there are others in tests. */
export interface QueueManagerParts {
  readonly clock?: Clock;
  /** In place of lines on the standard error stream. */
  readonly logger?: Logger;
  readonly surroundings?: Surroundings;
}

export class QueueManager implements Service {
  readonly #options: EmbeddingOptions;
  readonly #clock: Clock;
  readonly #parts: QueueManagerParts;
  readonly #subscriptions = new Set<Subscription>();
  #life: QueueLife | undefined;
  #opening: Promise<QueueLife> | undefined;
  #stopping: Promise<void> | undefined;

  /** Throws `usage` for an option that there is not. */
  constructor(options: EmbeddingOptions = {}, parts: QueueManagerParts = {}) {
    assertOptions(options);
    this.#options = options;
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
  }

  /**
   * Opens the store and starts the engines; tasks of before go on. Until `stop`, the process stays alive. Idempotent. Rejects
   * with `configuration`, which names every problem.
   */
  async start(): Promise<void> {
    await this.#stopping;
    this.#opening ??= this.#open();
    try {
      await (await this.#opening).startEngines();
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /**
   * Takes no task any more and lets those that run end, for as long as `server.drain_timeout` (10 s) says; what runs then is
   * broken off and runs again after the next start. With nothing running it takes no time. Idempotent.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** As `stop`. */
  close(): Promise<void> {
    return this.stop();
  }

  /** The task's id; it is durable then. */
  async submitTask(task: NewTask): Promise<string> {
    return (await this.#submitOne(task)).id;
  }

  /** `callback` is called once, when the task has ended; never where the queue is stopped before. */
  async submitTaskWithCallback(task: NewTask, callback: (result: TaskResult) => unknown): Promise<string> {
    const { id, ended } = await this.#submitOne(task);
    this.#callBack(ended, callback);
    return id;
  }

  /** The one result of the task, when it has ended. */
  submitTaskWithChannel(task: NewTask): TaskAnswer<TaskResult> {
    const submitted = this.#submitOne(task);
    return new TaskAnswer(
      submitted.then(({ id }) => id),
      async function* () {
        yield await (await submitted).ended;
      },
    );
  }

  /** The answer of a chat or generate task, piece by piece; it waits for its turn as every task does. */
  submitStreamingTask(task: NewTask): TaskAnswer<StreamChunk> {
    const submitted = this.#submitStreaming(task);
    return new TaskAnswer(
      submitted.then(({ id }) => id),
      async function* () {
        const { id, life } = await submitted;
        yield* chunksOf(life.core.tasks, id, life.signal);
      },
    );
  }

  /** The results in the order of the tasks, when all of them have ended. All are taken, or none. */
  async submitBatchTasks(tasks: readonly NewTask[]): Promise<TaskResult[]> {
    return Promise.all((await this.#submit(tasks)).map(({ ended }) => ended));
  }

  /** The ids in the order of the tasks; `callback` is called once with the results, in the same order. */
  async submitBatchTasksAsync(
    tasks: readonly NewTask[],
    callback?: (results: TaskResult[]) => unknown,
  ): Promise<string[]> {
    const submitted = await this.#submit(tasks);
    if (callback) this.#callBack(Promise.all(submitted.map(({ ended }) => ended)), callback);
    return submitted.map(({ id }) => id);
  }

  async getTask(id: string): Promise<TaskReport> {
    return this.#tasks().get(id, EMBEDDER);
  }

  async getTaskStatus(id: string): Promise<TaskStatus> {
    return (await this.getTask(id)).status;
  }

  /** False where it had ended before. */
  async cancelTask(id: string): Promise<boolean> {
    return this.#tasks().cancel(id, EMBEDDER);
  }

  /** False where it had ended before. */
  async updateTaskPriority(id: string, priority: number | string): Promise<boolean> {
    return this.#tasks().setPriority(id, parsePriorityValue(priority, 'priority'), EMBEDDER);
  }

  /** The oldest first, 10,000 at most. */
  async listTasks(query: TaskQuery = {}): Promise<readonly TaskReport[]> {
    const filter = taskFilter(new URLSearchParams(queryText(query)), this.#clock.epoch());
    return (await this.#tasks().list(filter, EMBEDDER)).tasks;
  }

  async getQueueStats(): Promise<QueueStats> {
    return queueStats(this.#tasks());
  }

  /** Also before the start. Without types, all events. */
  subscribe(types: readonly TaskEventName[] = []): Subscription {
    const subscription = new Subscription(types, (left) => this.#subscriptions.delete(left));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  unsubscribe(subscription: Subscription): void {
    this.#subscriptions.delete(subscription);
    subscription.end('dropped');
  }

  async #open(): Promise<QueueLife> {
    const { logger, surroundings = realSurroundings() } = this.#parts;
    const onEvent = (report: TaskEventReport) => {
      for (const subscription of this.#subscriptions) subscription.tell(report);
    };
    this.#life = await QueueLife.open(this.#options, { clock: this.#clock, logger, surroundings, onEvent });
    return this.#life;
  }

  async #stop(): Promise<void> {
    const life = await this.#opening?.catch(() => undefined);
    await life?.close();
    for (const subscription of this.#subscriptions) subscription.end('kept');
    this.#subscriptions.clear();
    this.#life = undefined;
    this.#opening = undefined;
  }

  #running(): QueueLife {
    if (this.#life) return this.#life;
    throw new GollamaError('usage', 'the queue manager is not started', { hint: 'await manager.start() before' });
  }

  #tasks(): TaskQueue {
    return this.#running().core.tasks;
  }

  async #submit(tasks: readonly NewTask[]): Promise<readonly Submitted[]> {
    return this.#take(parseSubmissions(tasks, { nowMs: this.#clock.epoch() }));
  }

  async #submitOne(task: NewTask): Promise<Submitted> {
    const [submitted] = await this.#take([parseSubmission(task, { nowMs: this.#clock.epoch() })]);
    if (!submitted) throw new GollamaError('internal', 'the task was taken, but has no id');
    return submitted;
  }

  async #take(submissions: readonly TaskSubmission[]): Promise<readonly Submitted[]> {
    const { endings, config } = this.#running();
    if (this.#stopping) throw new GollamaError('shutting_down', 'the queue manager is being stopped');
    for (const submission of submissions) assertWebhook(submission, config.webhooks.allowHosts);
    return endings.submit(submissions);
  }

  async #submitStreaming(task: NewTask): Promise<{ id: string; life: QueueLife }> {
    if (task?.type === 'embed') {
      throw new GollamaError('invalid_request', 'an embed task has no stream', { param: 'type' });
    }
    const life = this.#running();
    return { id: (await this.#submitOne(task)).id, life };
  }

  /** What a callback throws is said, and harms nothing else. */
  #callBack<T>(ended: Promise<T>, callback: (value: T) => unknown): void {
    const { logger } = this.#running();
    const called = ended.then(
      async (value) => {
        await callback(value);
      },
      (thrown) => logger.debug({ problem: messageOf(thrown) }, 'a callback is not called'),
    );
    called.catch((thrown) => logger.error({ err: thrown }, 'a callback threw'));
  }
}

function assertWebhook({ webhook }: TaskSubmission, allowHosts: readonly string[]): void {
  const problem = webhook === undefined ? undefined : checkWebhookUrl(webhook, allowHosts);
  if (problem !== undefined)
    throw new GollamaError('invalid_request', `webhook: the URL ${problem}`, { param: 'webhook' });
}
