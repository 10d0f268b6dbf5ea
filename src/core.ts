/**
 * Engines, the queue in front of them, and the durable tasks: gollama without HTTP. The server puts a gateway before it,
 * programs embed it.
 */
import { type Clock, systemClock } from './base/clock.js';
import type { Logger } from './base/logger.js';
import { systemRandom } from './base/random.js';
import type { Service } from './base/service.js';
import type { Config, EngineConfig } from './config/config.js';
import { createEngine } from './engine/create-engine.js';
import { Pool } from './pool/pool.js';
import { Arrivals } from './queue/arrivals.js';
import { Dispatcher } from './queue/dispatcher.js';
import { createLogBook } from './stream/create-log-book.js';
import type { LogBook } from './stream/log.js';
import { createTaskStore, taskFolder } from './tasks/create-task-store.js';
import { Retention } from './tasks/retention.js';
import { TaskRunner } from './tasks/runner.js';
import { TaskQueue } from './tasks/task-queue.js';
import type { TaskStore } from './tasks/task-store.js';
import { WebhookCourier } from './tasks/webhook/courier.js';

export interface CoreOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly cwd: string;
  /** The environment that engines inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/** What answers where no engine is configured. */
const STAND_IN: EngineConfig = {
  kind: 'simulated',
  name: 'simulated',
  models: ['sim'],
  aliases: [],
  slots: 4,
  ttftMs: 700,
  tokenMs: 60,
  seed: 1,
  weight: 1,
};

export class Core implements Service {
  readonly pool: Pool;
  readonly dispatcher: Dispatcher;
  readonly tasks: TaskQueue;
  /** What the tasks answer, piece by piece. */
  readonly logs: LogBook;
  /** True where the simulated engine stands in for want of another. */
  readonly simulated: boolean;
  readonly #options: CoreOptions;
  readonly #clock: Clock;
  readonly #arrivals = new Arrivals();
  readonly #store: TaskStore;
  readonly #retention: Retention;
  readonly #courier: WebhookCourier;

  constructor(options: CoreOptions) {
    const { config, cwd, logger } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.simulated = config.engines.length === 0 && config.fallback === 'simulated';
    this.pool = this.#createPool();
    this.dispatcher = this.#createDispatcher();
    const folder = taskFolder(config.queue.storagePath, cwd);
    const parts = { clock: this.#clock, random: systemRandom, logger };
    this.#store = createTaskStore(folder, { arrivals: this.#arrivals, ...parts });
    this.logs = createLogBook(folder, { ...config.streams, clock: this.#clock, logger });
    this.tasks = this.#createTaskQueue();
    const { cleanupIntervalMs, maxCompletedTasks } = config.queue;
    this.#retention = new Retention({ store: this.#store, cleanupIntervalMs, keepMax: maxCompletedTasks, ...parts });
    this.#courier = new WebhookCourier({ store: this.#store, ...config.webhooks, ...parts });
  }

  /** Opens the store and lets the tasks run; they wait for engines, which are started apart. Rejects with `configuration`. */
  async start(): Promise<void> {
    await this.tasks.start();
    this.#tellRecovery();
    await this.#courier.start();
    await this.#retention.start();
  }

  startEngines(): Promise<void> {
    return this.pool.start();
  }

  /** Grants no slot any more; resolves when the last one is back, or when `signal` aborts. */
  drain(signal: AbortSignal): Promise<void> {
    this.tasks.close();
    return this.dispatcher.drain(signal);
  }

  async stop(): Promise<void> {
    await this.#retention.stop();
    await this.#courier.stop();
    await this.tasks.stop();
    await this.pool.stop();
  }

  #tellRecovery(): void {
    const { returned, poisoned } = this.#store.recovery;
    const { states } = this.tasks.counts();
    const { logger } = this.#options;
    if (states.ready + states.delayed > 0)
      logger.info({ tasks: states.ready + states.delayed }, 'tasks from before wait');
    if (returned > 0) logger.info({ tasks: returned }, 'tasks that ran when the server ended run again');
    if (poisoned > 0)
      logger.warn({ tasks: poisoned }, 'tasks have failed, as the server died too often while they ran');
  }

  #createPool(): Pool {
    const { config, logger, cwd, env } = this.#options;
    const parts = { clock: this.#clock, random: systemRandom, logger, dataDir: config.dataDir, cwd, env };
    const engines = this.simulated ? [STAND_IN] : config.engines;
    const members = engines.map((engine) => ({
      engine: createEngine(engine, parts),
      // A stand-in answers to every name.
      models: this.simulated ? [] : engine.models,
      aliases: engine.aliases,
      weight: engine.weight,
    }));
    return new Pool(members, logger);
  }

  #createDispatcher(): Dispatcher {
    const { queue } = this.#options.config;
    const limits = {
      inFlightMax: queue.maxConcurrency ?? Number.POSITIVE_INFINITY,
      waitingMax: queue.maxWaiting,
      waitingBytesMax: queue.maxWaitingBytes,
      waitMaxMs: queue.waitTimeoutMs,
      startWaitMaxMs: queue.startWaitTimeoutMs,
    };
    return new Dispatcher({ clock: this.#clock, pool: this.pool, limits, arrivals: this.#arrivals });
  }

  #createTaskQueue(): TaskQueue {
    const { queue, retry } = this.#options.config;
    const { logs } = this;
    const clock = this.#clock;
    const runner = new TaskRunner({
      store: this.#store,
      dispatcher: this.dispatcher,
      pool: this.pool,
      logs,
      clock,
      random: systemRandom,
      logger: this.#options.logger,
      retry: {
        initialMs: retry.initialDelayMs,
        maxMs: retry.maxDelayMs,
        factor: retry.backoffFactor,
        jitter: retry.jitter,
      },
      workersMax: queue.maxWorkers,
    });
    return new TaskQueue({
      store: this.#store,
      runner,
      logs,
      clock,
      pendingMax: queue.maxPending,
      retriesMax: retry.maxRetries,
      workersMax: queue.maxWorkers,
    });
  }
}
