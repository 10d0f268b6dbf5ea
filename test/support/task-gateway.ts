/** The routes of tasks on a real server, over a queue in memory in which nothing runs unless the test claims it. */

import { createHash } from 'node:crypto';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/base/clock.js';
import { ActiveRequests } from '../../src/gateway/active-requests.js';
import type { ApiKey } from '../../src/gateway/auth.js';
import { taskSocketRoutes } from '../../src/gateway/routes/task-socket.js';
import { taskRoutes } from '../../src/gateway/routes/tasks.js';
import { Gateway, type GatewayOptions } from '../../src/gateway/server.js';
import { WebSockets } from '../../src/gateway/web-sockets.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { MemoryTaskStore } from '../../src/tasks/memory-store.js';
import type { TaskRunner } from '../../src/tasks/runner.js';
import { TaskQueue } from '../../src/tasks/task-queue.js';
import type { Claim, Settlement } from '../../src/tasks/task-store.js';
import { atEnd } from './ending.js';
import { ManualClock } from './manual-clock.js';
import { recordingLogger } from './recording-logger.js';

export interface TaskGatewaySetup {
  readonly options?: Partial<GatewayOptions>;
  readonly pendingMax?: number;
}

export function apiKey(name: string, admin = false): ApiKey {
  const sha256 = createHash('sha256').update(`sk-${name}`).digest('hex');
  return { name, sha256, admin, maxPriority: undefined, maxConcurrency: undefined };
}

export async function startTaskGateway({ options = {}, pendingMax = 1_000 }: TaskGatewaySetup = {}) {
  const clock = new ManualClock();
  const store = new MemoryTaskStore({ clock, arrivals: new Arrivals() });
  const logs = new MemoryLogBook({ clock, retentionMs: 60_000 });
  const { logger, lines } = recordingLogger();
  const tasks = new TaskQueue({ store, runner: idleRunner(), logs, clock, pendingMax, retriesMax: 3, workersMax: 4 });
  await tasks.start();
  atEnd(() => tasks.stop());
  const webSockets = new WebSockets(clock);
  const active = new ActiveRequests();
  const gateway = new Gateway(
    {
      clock: systemClock,
      address: { host: '127.0.0.1', port: 0, loopback: true },
      apiKeys: [],
      corsOrigins: [],
      maxBodyBytes: 64 * 1024 * 1024,
      headerTimeoutMs: 10_000,
      uploadTimeoutMs: 10_000,
      ...options,
    },
    [
      webSockets.routes,
      taskRoutes({ tasks, clock, heartbeatMs: 15_000, active, webhookHosts: ['hooks.internal'] }),
      taskSocketRoutes({ tasks, clock, logger, webSockets }),
    ],
    logger,
  );
  await gateway.start();
  atEnd(() => gateway.stop());

  /** Claims the first task of the model. */
  const claim = async (model = 'm'): Promise<Claim> => {
    const claimed = await store.claim(model, 'engine-1');
    if (!claimed) throw new Error(`no task of ${model} is ready`);
    return claimed;
  };
  return {
    clock,
    store,
    logs,
    tasks,
    gateway,
    active,
    lines,
    url: gateway.url,
    socketUrl: gateway.url.replace('http', 'ws'),
    claim,
    /** Claims the first task of the model and ends it so. */
    settle: async (settlement: Settlement, model = 'm') => store.settle(await claim(model), settlement),
  };
}

function idleRunner(): TaskRunner {
  const nothing = () => Promise.resolve();
  const ignored = () => {};
  const methods = { start: nothing, stop: nothing, close: ignored, abort: ignored, reopen: ignored };
  const runner = { ...methods, running: 0, retryAfterS: () => 7 };
  return runner as unknown as TaskRunner;
}

/** A client of `/ws` that keeps what comes. */
export class SocketWatch {
  readonly socket: WebSocket;
  readonly frames: string[] = [];
  /** Resolves with the code of the close. */
  readonly closed: Promise<number>;
  readonly #waiting = new Set<() => void>();
  #code: number | undefined;

  constructor(url: string, protocols: string[] = [], headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, protocols, { headers });
    atEnd(() => this.socket.terminate());
    this.socket.on('message', (data) => {
      this.frames.push(String(data));
      this.#tell();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code) => {
        this.#code = code;
        resolve(code);
        this.#tell();
      });
    });
  }

  /** Resolves when it is open; rejects with the status and the text of the answer where it is refused. */
  opened(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.once('end', () => reject(new Error(`${response.statusCode} ${text}`)));
      });
    });
  }

  /** Resolves with the frame of that number, from 1. */
  async frame(number: number): Promise<string> {
    while (this.frames.length < number) {
      if (this.#code !== undefined) throw new Error(`closed with ${this.#code} after ${this.frames.length} frames`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    return this.frames[number - 1] ?? '';
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
