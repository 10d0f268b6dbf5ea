/** The server: the core behind an HTTP gateway. Builds, wires, starts and stops in order. */
import { type Clock, systemClock } from './base/clock.js';
import { GollamaError } from './base/errors.js';
import type { Logger } from './base/logger.js';
import { Metrics } from './base/metrics.js';
import { systemRandom } from './base/random.js';
import type { Service } from './base/service.js';
import { packageVersion } from './base/version.js';
import { Core, type CoreOptions } from './core.js';
import { cancelAbandonedCalls } from './gateway/abandoned-calls.js';
import { ActiveRequests } from './gateway/active-requests.js';
import { Attachments } from './gateway/attachment/attachments.js';
import { Authenticator } from './gateway/auth.js';
import { centrifugeRoutes } from './gateway/centrifuge/routes.js';
import { taskChannels } from './gateway/centrifuge/task-channels.js';
import { identify } from './gateway/identify.js';
import { listenAddressOf } from './gateway/listen-address.js';
import { Relay } from './gateway/relay.js';
import { RequestBook } from './gateway/request-book.js';
import { chatRoutes } from './gateway/routes/chat.js';
import { healthRoutes } from './gateway/routes/health.js';
import { ollamaRoutes } from './gateway/routes/ollama.js';
import { openAiRoutes, relayOf } from './gateway/routes/openai.js';
import { responseRoutes } from './gateway/routes/responses.js';
import { statusRoutes } from './gateway/routes/status.js';
import { taskSocketRoutes } from './gateway/routes/task-socket.js';
import { taskRoutes } from './gateway/routes/tasks.js';
import { ticketRoutes } from './gateway/routes/tickets.js';
import { Gateway, type Routes } from './gateway/server.js';
import { WebSockets } from './gateway/web-sockets.js';
import { countsByPriority, type ServerStatus } from './protocol/status.js';
import { TASK_STATUSES } from './protocol/task.js';
import { queueStats } from './tasks/queue-stats.js';
import type { Visitor } from './tasks/task-queue.js';

export type AppOptions = CoreOptions;

export class App implements Service {
  readonly #options: AppOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics = new Metrics();
  readonly #active = new ActiveRequests();
  readonly #book: RequestBook;
  readonly #core: Core;
  readonly #gateway: Gateway;
  readonly #startedAtEpochMs: number;
  readonly #drainCut = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger;
    this.#startedAtEpochMs = this.#clock.epoch();
    this.#book = new RequestBook({ clock: this.#clock, logger: options.logger, metrics: this.#metrics });
    this.#core = new Core(options);
    this.#gateway = this.#createGateway();
    this.#observe();
  }

  /** True where the simulated engine stands in for want of another. */
  get simulated(): boolean {
    return this.#core.simulated;
  }

  get url(): string {
    return this.#gateway.url;
  }

  get inFlight(): number {
    return this.#core.dispatcher.inFlight;
  }

  /** Opens the store of tasks, listens, then starts the engines: until they are ready, /healthz says so and requests wait. */
  async start(): Promise<void> {
    try {
      await this.listen();
      await this.startEngines();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async listen(): Promise<void> {
    await this.#core.start();
    await cancelAbandonedCalls(this.#core.tasks);
    await this.#gateway.start();
  }

  startEngines(): Promise<void> {
    return this.#core.startEngines();
  }

  onEngineChange(listener: () => void): () => void {
    return this.#core.pool.onChange(listener);
  }

  /** Refuses new work, lets answers under way end, ends the rest, then stops the engines. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  status(): ServerStatus {
    const { dispatcher, pool, tasks } = this.#core;
    const engines = pool.members.map((member) => {
      const { state, slots, contextTokens, models, restarts, problem } = member.status;
      return {
        name: member.engine.name,
        kind: member.engine.kind,
        models: member.models.length > 0 ? member.models : models,
        state,
        slots_total: slots,
        slots_busy: member.inUse,
        slots_quarantined: member.quarantined,
        waiting: dispatcher.waitingFor(member),
        restarts,
        last_error: problem ?? null,
        context_length: contextTokens ?? null,
      };
    });
    return {
      ...queueStats(tasks),
      version: packageVersion(),
      uptime_s: Math.round((this.#clock.epoch() - this.#startedAtEpochMs) / 1000),
      engines,
      waiting_interactive: dispatcher.waiting,
      node: process.version,
      pid: process.pid,
    };
  }

  async #stop(): Promise<void> {
    const patience = this.#clock.after(this.#options.config.server.drainTimeoutMs, () => this.#drainCut.abort());
    await this.#core.drain(this.#drainCut.signal);
    patience.cancel();
    if (this.#active.size > 0) this.#logger.warn({ requests: this.#active.size }, 'answers under way are ended');
    this.#active.abortAll(new GollamaError('shutting_down', 'the server was stopped before the answer was complete'));
    await this.#gateway.stop();
    await this.#core.stop();
    this.#book.close();
  }

  #createGateway(): Gateway {
    const { server } = this.#options.config;
    const address = listenAddressOf(server);
    return new Gateway(
      { ...server, address, clock: this.#clock },
      this.#routes(server.apiKeys.length > 0),
      this.#logger,
    );
  }

  /** Every face of the server. What they have in common is the core; none knows another. */
  #routes(hasKeys: boolean): Routes[] {
    const { server, queue, webhooks } = this.#options.config;
    const { pool, dispatcher, tasks } = this.#core;
    const startedAtMs = this.#startedAtEpochMs;
    const defaultPriority = queue.interactivePriority;
    const patience = { waitMaxMs: queue.waitTimeoutMs, startWaitMaxMs: queue.startWaitTimeoutMs };
    const shared = { clock: this.#clock, logger: this.#logger, heartbeatMs: server.heartbeatMs, active: this.#active };
    const told = { ...shared, ...patience, tasks, pool, defaultPriority };
    const relay = new Relay({ ...shared, pool, dispatcher, book: this.#book, simulated: this.simulated });
    const webSockets = new WebSockets(this.#clock);
    const auth = new Authenticator(server.apiKeys);
    const attachments = new Attachments({ ...shared, handle: (request, answer) => relay.handle(request, answer) });
    const startedAtS = Math.floor(startedAtMs / 1000);
    const openAi = { ...shared, relay, attachments, pool, defaultPriority, ownCredentials: hasKeys, startedAtS };
    const forget = (id: string, visitor: Visitor) => tasks.forget(id, visitor);
    return [
      openAiRoutes(openAi),
      responseRoutes({ ...shared, tasks, pool, defaultPriority, relay: relayOf(openAi), forget }),
      healthRoutes({ pool, metrics: this.#metrics, stopping: () => this.#stopped !== undefined }),
      statusRoutes(() => this.status()),
      ticketRoutes({ ...shared, auth }),
      centrifugeRoutes({
        ...shared,
        webSockets,
        channels: taskChannels(tasks),
        logs: this.#core.logs,
        random: systemRandom,
        identify: identify(auth, this.#clock),
      }),
      webSockets.routes,
      taskRoutes({ ...shared, tasks, webhookHosts: webhooks.allowHosts }),
      taskSocketRoutes({ ...shared, tasks, webSockets }),
      chatRoutes(told),
      ollamaRoutes({ ...told, startedAtMs }),
    ];
  }

  #observe(): void {
    const metrics = this.#metrics;
    metrics.observe('gollama_queue_depth', 'Requests that wait, by priority', ['priority'], (set) => {
      const counts = countsByPriority(this.#core.dispatcher.waitingByPriority());
      for (const [priority, count] of Object.entries(counts)) set({ priority }, count);
    });
    metrics.observe('gollama_tasks', 'Durable tasks, by status', ['status'], (set) => {
      const { queues_by_priority, ...counts } = queueStats(this.#core.tasks);
      for (const status of TASK_STATUSES) set({ status }, counts[`${status}_tasks`]);
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
