/** The routes of chats and of Ollama's API: over a queue in memory that the test drives, or over everything but the app. */

import { systemClock } from '../../src/base/clock.js';
import { parseConfig } from '../../src/config/parse.js';
import { Core } from '../../src/core.js';
import { cancelAbandonedCalls } from '../../src/gateway/abandoned-calls.js';
import { ActiveRequests } from '../../src/gateway/active-requests.js';
import { chatRoutes } from '../../src/gateway/routes/chat.js';
import { ollamaRoutes } from '../../src/gateway/routes/ollama.js';
import { taskRoutes } from '../../src/gateway/routes/tasks.js';
import { Gateway, type GatewayOptions } from '../../src/gateway/server.js';
import { Pool } from '../../src/pool/pool.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { MemoryTaskStore } from '../../src/tasks/memory-store.js';
import type { TaskRunner } from '../../src/tasks/runner.js';
import { TaskQueue } from '../../src/tasks/task-queue.js';
import type { Claim, Settlement } from '../../src/tasks/task-store.js';
import { atEnd } from './ending.js';
import { ManualClock } from './manual-clock.js';
import { ManualEngine } from './manual-engine.js';
import { makePlace, type Place } from './place.js';
import { recordingLogger } from './recording-logger.js';

const GATEWAY: GatewayOptions = {
  clock: systemClock,
  address: { host: '127.0.0.1', port: 0, loopback: true },
  apiKeys: [],
  corsOrigins: [],
  maxBodyBytes: 64 * 1024 * 1024,
  headerTimeoutMs: 10_000,
  uploadTimeoutMs: 10_000,
};

export interface ChatGatewaySetup {
  readonly options?: Partial<GatewayOptions>;
  readonly pendingMax?: number;
  readonly models?: readonly string[];
  /** A store that was there before. */
  readonly store?: MemoryTaskStore;
  readonly clock?: ManualClock;
  readonly waitMaxMs?: number;
}

/** Nothing runs unless the test claims it; what it answers the test writes into its log. */
export async function startChatGateway(setup: ChatGatewaySetup = {}) {
  const clock = setup.clock ?? new ManualClock();
  const store = setup.store ?? new MemoryTaskStore({ clock, arrivals: new Arrivals() });
  const logs = new MemoryLogBook({ clock, retentionMs: 60_000 });
  const { logger, lines } = recordingLogger();
  const { pendingMax = 1_000, models = ['m', 'llama3:latest'], waitMaxMs = 0 } = setup;
  const runner = idleRunner();
  const tasks = new TaskQueue({ store, runner, logs, clock, pendingMax, retriesMax: 3, workersMax: 4 });
  await tasks.start();
  const engine = new ManualEngine('e', { models });
  const pool = new Pool([{ engine, models, aliases: [], weight: 1 }], logger);
  await pool.start();
  const active = new ActiveRequests();
  const parts = { tasks, pool, clock, logger, active, heartbeatMs: 15_000, defaultPriority: 10 };
  const patience = { waitMaxMs, startWaitMaxMs: 60_000 };
  const routes = [
    chatRoutes({ ...parts, ...patience }),
    ollamaRoutes({ ...parts, ...patience, startedAtMs: clock.epoch() }),
    taskRoutes({ ...parts, webhookHosts: [] }),
  ];
  const gateway = new Gateway({ ...GATEWAY, ...setup.options }, routes, logger);
  await gateway.start();
  atEnd(() => gateway.stop());

  const claim = async (model = 'm'): Promise<Claim> => {
    const claimed = await store.claim(model, 'e');
    if (!claimed) throw new Error(`no task of ${model} is ready`);
    return claimed;
  };
  /** Resolves with the task submitted next, as it is in the store. */
  const submitted = () =>
    new Promise<string>((resolve) => {
      const stop = store.onChange(({ move, task }) => {
        if (move !== 'submitted') return;
        stop();
        resolve(task.id);
      });
    });
  /** Resolves when the task has been cancelled. */
  const cancelled = (id: string) =>
    new Promise<void>((resolve) => {
      const stop = store.onChange(({ move, task }) => {
        if (move !== 'cancelled' || task.id !== id) return;
        stop();
        resolve();
      });
    });
  /** Ends the first task of the model as its runner would. */
  const settle = async (settlement: Settlement, model = 'm'): Promise<void> => {
    const claimed = await claim(model);
    await store.settle(claimed, settlement);
    const { id } = claimed.task;
    if (settlement.kind === 'completed') logs.append(id, { kind: 'done', status: 'completed', usage: undefined });
    if (settlement.kind === 'failed')
      logs.append(id, { kind: 'error', message: settlement.error, code: 'engine_error' });
  };
  return {
    clock,
    store,
    logs,
    tasks,
    engine,
    pool,
    gateway,
    active,
    lines,
    url: gateway.url,
    claim,
    submitted,
    cancelled,
    settle,
  };
}

export interface ChatServerSetup {
  readonly place?: Place;
}

/** Engines, queue, tasks and routes as in the app. `yaml`: a configuration file. */
export async function startChatServer(yaml: string, { place = makePlace() }: ChatServerSetup = {}) {
  const env = { PATH: process.env.PATH ?? '' };
  const { config } = await parseConfig({
    file: { name: 'gollama.yaml', text: yaml },
    env,
    flags: { port: 0, dataDir: place.dataDir },
    cwd: place.cwd,
    home: place.home,
    readText: () => Promise.reject(new Error('no other file is read')),
  });
  const { logger, lines } = recordingLogger();
  const core = new Core({ config, logger, cwd: place.cwd, env });
  const active = new ActiveRequests();
  const parts = {
    tasks: core.tasks,
    pool: core.pool,
    clock: systemClock,
    logger,
    active,
    heartbeatMs: config.server.heartbeatMs,
    defaultPriority: config.queue.interactivePriority,
    waitMaxMs: config.queue.waitTimeoutMs,
    startWaitMaxMs: config.queue.startWaitTimeoutMs,
  };
  const routes = [
    chatRoutes(parts),
    ollamaRoutes({ ...parts, startedAtMs: systemClock.epoch() }),
    taskRoutes({ ...parts, webhookHosts: [] }),
  ];
  const gateway = new Gateway({ ...GATEWAY, ...config.server, address: GATEWAY.address }, routes, logger);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await gateway.stop();
      await core.stop();
    })();
    return stopped;
  };
  atEnd(stop);
  await core.start();
  await cancelAbandonedCalls(core.tasks);
  await gateway.start();
  await core.startEngines();
  return { core, tasks: core.tasks, active, lines, url: gateway.url, place, stop };
}

function idleRunner(): TaskRunner {
  const nothing = () => Promise.resolve();
  const runner = { start: nothing, stop: nothing, close: () => {}, abort: () => {}, running: 0, retryAfterS: () => 7 };
  return runner as unknown as TaskRunner;
}
