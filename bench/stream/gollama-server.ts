/** gollama with its faces, as `serve` has it; instead of engines the measurement writes to the logs. */
import { resolve } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { systemRandom } from '../../src/base/random.js';
import { parseConfig } from '../../src/config/parse.js';
import { Core } from '../../src/core.js';
import { ActiveRequests } from '../../src/gateway/active-requests.js';
import { Authenticator } from '../../src/gateway/auth.js';
import { centrifugeRoutes } from '../../src/gateway/centrifuge/routes.js';
import { taskChannels } from '../../src/gateway/centrifuge/task-channels.js';
import { identify } from '../../src/gateway/identify.js';
import { listenAddress } from '../../src/gateway/listen-address.js';
import { taskRoutes } from '../../src/gateway/routes/tasks.js';
import { Gateway } from '../../src/gateway/server.js';
import { WebSockets } from '../../src/gateway/web-sockets.js';
import type { Visitor } from '../../src/tasks/task-queue.js';
import type { StreamServer } from './stream-server.js';

const WRITER: Visitor = { name: 'bench', admin: true, maxPriority: undefined };
/** Tasks that no runner takes during the measurement. */
const LATER_MS = 24 * 3_600_000;
const NEVER = new AbortController().signal;

/** `folder`: undefined for logs in memory. */
export async function startGollamaServer(producers: number, folder: string | undefined): Promise<StreamServer> {
  const core = await startCore(folder);
  const { logs, tasks } = core.core;
  const dueAtMs = systemClock.epoch() + LATER_MS;
  const submission = {
    type: 'chat',
    model: 'm',
    payload: { prompt: '' },
    options: null,
    notBeforeMs: dueAtMs,
  } as const;
  const submitted = await tasks.submit(
    Array.from({ length: producers }, () => submission),
    WRITER,
  );
  const channels = submitted.map(({ id }) => id);
  for (const id of channels) logs.append(id, { kind: 'state', status: 'running' });
  const gateway = await startGateway(core);
  const held = logs.held.bind(logs);
  return {
    port: Number(new URL(gateway.url).port),
    channels,
    append: (at, text) => logs.append(channels[at] ?? '', { kind: 'text', text }),
    drained: () => logs.drained(NEVER),
    onRead: (listener) => {
      logs.held = (id, after, limit) => {
        listener(id);
        return held(id, after, limit);
      };
      return () => {
        logs.held = held;
      };
    },
  };
}

type Started = Awaited<ReturnType<typeof startCore>>;

async function startCore(folder: string | undefined) {
  const cwd = resolve(folder ?? '.');
  const { config } = await parseConfig({
    file: { name: 'gollama.yaml', text: `queue:\n  storage_path: ${JSON.stringify(folder ?? ':memory:')}\n` },
    env: {},
    flags: { port: 0 },
    cwd,
    home: cwd,
    readText: () => Promise.reject(new Error('no other file is read')),
  });
  const core = new Core({ config, logger: silentLogger, cwd, env: {} });
  await core.start();
  return { core, config };
}

async function startGateway({ core, config }: Started): Promise<Gateway> {
  const { server, webhooks } = config;
  const { tasks, logs } = core;
  const shared = {
    clock: systemClock,
    logger: silentLogger,
    heartbeatMs: server.heartbeatMs,
    active: new ActiveRequests(),
  };
  const webSockets = new WebSockets(systemClock);
  const channels = taskChannels(tasks);
  const known = identify(new Authenticator([]), systemClock);
  const routes = [
    centrifugeRoutes({ ...shared, webSockets, channels, logs, random: systemRandom, identify: known }),
    webSockets.routes,
    taskRoutes({ ...shared, tasks, webhookHosts: webhooks.allowHosts }),
  ];
  const address = { ...listenAddress('127.0.0.1:0', { hasKeys: false, insecure: false }), port: 0 };
  const gateway = new Gateway({ ...server, address, clock: systemClock }, routes, silentLogger);
  await gateway.start();
  return gateway;
}
