/** The composition root: builds every part, wires them, starts and stops them in order. Nothing else knows them all. */
import { type Clock, systemClock } from './base/clock.js';
import { GollamaError } from './base/errors.js';
import type { Logger } from './base/logger.js';
import { Metrics } from './base/metrics.js';
import { systemRandom } from './base/random.js';
import type { Service } from './base/service.js';
import { packageVersion } from './base/version.js';
import type { Config, EngineConfig } from './config/config.js';
import { createEngine } from './engine/create-engine.js';
import { ActiveRequests } from './gateway/active-requests.js';
import { listenAddress } from './gateway/listen-address.js';
import { Relay } from './gateway/relay.js';
import { RequestBook } from './gateway/request-book.js';
import { healthRoutes } from './gateway/routes/health.js';
import { openAiRoutes } from './gateway/routes/openai.js';
import { statusRoutes } from './gateway/routes/status.js';
import { Gateway } from './gateway/server.js';
import { Pool } from './pool/pool.js';
import { countsByPriority, type ServerStatus } from './protocol/status.js';
import { Dispatcher } from './queue/dispatcher.js';

export interface AppOptions {
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

export class App implements Service {
  readonly #options: AppOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics = new Metrics();
  readonly #active = new ActiveRequests();
  readonly #book: RequestBook;
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;
  readonly #gateway: Gateway;
  readonly #startedAtEpochMs: number;
  readonly #drainCut = new AbortController();
  /** True where the simulated engine stands in for want of another. */
  readonly simulated: boolean;
  #stopped: Promise<void> | undefined;

  constructor(options: AppOptions) {
    const { config, logger } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = logger;
    this.#startedAtEpochMs = this.#clock.epoch();
    this.simulated = config.engines.length === 0 && config.fallback === 'simulated';
    this.#book = new RequestBook({ clock: this.#clock, logger, metrics: this.#metrics });
    this.#pool = this.#createPool();
    this.#dispatcher = this.#createDispatcher();
    this.#gateway = this.#createGateway();
    this.#observe();
  }

  get url(): string {
    return this.#gateway.url;
  }

  get inFlight(): number {
    return this.#dispatcher.inFlight;
  }

  /** Listens, then starts the engines: until they are ready, /healthz says so and requests wait. */
  async start(): Promise<void> {
    try {
      await this.listen();
      await this.startEngines();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  listen(): Promise<void> {
    return this.#gateway.start();
  }

  startEngines(): Promise<void> {
    return this.#pool.start();
  }

  onEngineChange(listener: () => void): () => void {
    return this.#pool.onChange(listener);
  }

  /** Refuses new work, lets answers under way end, ends the rest, then stops the engines. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  status(): ServerStatus {
    const waiting = this.#dispatcher.waitingByPriority();
    const engines = this.#pool.members.map((member) => {
      const { state, slots, models, restarts, problem } = member.status;
      return {
        name: member.engine.name,
        kind: member.engine.kind,
        models: member.models.length > 0 ? member.models : models,
        state,
        slots_total: slots,
        slots_busy: member.inUse,
        slots_quarantined: member.quarantined,
        waiting: this.#dispatcher.waitingFor(member),
        restarts,
        last_error: problem ?? null,
      };
    });
    const slots = engines.reduce((sum, engine) => sum + engine.slots_total, 0);
    return {
      pending_tasks: 0,
      running_tasks: 0,
      completed_tasks: 0,
      failed_tasks: 0,
      cancelled_tasks: 0,
      total_tasks: 0,
      queues_by_priority: countsByPriority(waiting),
      workers_active: this.#dispatcher.inFlight,
      workers_idle: Math.max(0, slots - this.#dispatcher.inFlight),
      version: packageVersion(),
      uptime_s: Math.round((this.#clock.epoch() - this.#startedAtEpochMs) / 1000),
      engines,
      waiting_interactive: this.#dispatcher.waiting,
      node: process.version,
    };
  }

  async #stop(): Promise<void> {
    const patience = this.#clock.after(this.#options.config.server.drainTimeoutMs, () => this.#drainCut.abort());
    await this.#dispatcher.drain(this.#drainCut.signal);
    patience.cancel();
    if (this.#active.size > 0) this.#logger.warn({ requests: this.#active.size }, 'answers under way are ended');
    this.#active.abortAll(new GollamaError('shutting_down', 'the server was stopped before the answer was complete'));
    await this.#gateway.stop();
    await this.#pool.stop();
    this.#book.close();
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
    return new Dispatcher({ clock: this.#clock, pool: this.#pool, limits });
  }

  #createGateway(): Gateway {
    const { server, queue } = this.#options.config;
    const hasKeys = server.apiKeys.length > 0;
    const relay = new Relay({
      pool: this.#pool,
      dispatcher: this.#dispatcher,
      clock: this.#clock,
      book: this.#book,
      heartbeatMs: server.heartbeatMs,
      simulated: this.simulated,
    });
    const routes = [
      openAiRoutes({
        relay,
        pool: this.#pool,
        defaultPriority: queue.interactivePriority,
        ownCredentials: hasKeys,
        startedAtS: Math.floor(this.#startedAtEpochMs / 1000),
        active: this.#active,
      }),
      healthRoutes({ pool: this.#pool, metrics: this.#metrics, stopping: () => this.#stopped !== undefined }),
      statusRoutes(() => this.status()),
    ];
    const address = listenAddress(server.addr, { hasKeys, insecure: server.insecure });
    return new Gateway({ ...server, address }, routes, this.#logger);
  }

  #observe(): void {
    const metrics = this.#metrics;
    metrics.observe('gollama_queue_depth', 'Requests that wait, by priority', ['priority'], (set) => {
      const counts = countsByPriority(this.#dispatcher.waitingByPriority());
      for (const [priority, count] of Object.entries(counts)) set({ priority }, count);
    });
    for (const [state, read] of [
      ['total', (engine: ServerStatus['engines'][number]) => engine.slots_total],
      ['busy', (engine: ServerStatus['engines'][number]) => engine.slots_busy],
      ['quarantined', (engine: ServerStatus['engines'][number]) => engine.slots_quarantined],
    ] as const) {
      metrics.observe(`gollama_slots_${state}`, `Slots of the engines: ${state}`, ['engine'], (set) => {
        for (const engine of this.status().engines) set({ engine: engine.name }, read(engine));
      });
    }
    metrics.observe('gollama_engine_restarts', 'Starts of an engine after the first', ['engine'], (set) => {
      for (const engine of this.status().engines) set({ engine: engine.name }, engine.restarts);
    });
    metrics.observe('gollama_engine_ready', '1 where the engine answers', ['engine', 'state'], (set) => {
      for (const { name, state } of this.status().engines) set({ engine: name, state }, state === 'ready' ? 1 : 0);
    });
  }
}
