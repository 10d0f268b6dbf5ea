/** The Centrifuge face on a real server, over logs in memory that the test writes. */
import { WebSocket } from 'ws';
import { systemClock } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';
import type { Credentials } from '../../src/gateway/centrifuge/face.js';
import type { FoundChannel } from '../../src/gateway/centrifuge/look-up.js';
import { centrifugeRoutes } from '../../src/gateway/centrifuge/routes.js';
import { Gateway } from '../../src/gateway/server.js';
import { WebSockets } from '../../src/gateway/web-sockets.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import type { LogRecord } from '../../src/stream/record.js';
import type { Visitor } from '../../src/tasks/task-queue.js';
import { atEnd } from './ending.js';
import { ManualClock } from './manual-clock.js';
import { recordingLogger } from './recording-logger.js';

export const VISITOR: Visitor = { name: 'me', admin: false, maxPriority: undefined };

export interface CentrifugeSetup {
  readonly logs?: MemoryLogBook;
  readonly identify?: (credentials: Credentials) => Visitor | undefined;
  readonly corsOrigins?: readonly string[];
  readonly port?: number;
  /** Default: one that only the test moves. */
  readonly clock?: 'manual' | 'system';
}

export async function startCentrifugeGateway(setup: CentrifugeSetup = {}) {
  const clock = new ManualClock();
  const used = setup.clock === 'system' ? systemClock : clock;
  const logs = setup.logs ?? new MemoryLogBook({ clock, retentionMs: 60_000 });
  const watch = logs.watch.bind(logs);
  let watching = 0;
  logs.watch = (id, listener) => {
    const unwatch = watch(id, listener);
    watching += 1;
    return () => {
      watching -= 1;
      unwatch();
    };
  };
  /** Channels that are there, beside those whose log is. */
  const channels = new Map<string, FoundChannel | Error>();
  const webSockets = new WebSockets(used);
  const { logger, lines } = recordingLogger();
  const gateway = new Gateway(
    {
      clock: systemClock,
      address: { host: '127.0.0.1', port: setup.port ?? 0, loopback: true },
      apiKeys: [],
      corsOrigins: setup.corsOrigins ?? [],
      maxBodyBytes: 1024 * 1024,
      headerTimeoutMs: 10_000,
      uploadTimeoutMs: 10_000,
    },
    [
      centrifugeRoutes({
        logs,
        logger,
        webSockets,
        clock: used,
        random: seededRandom(1),
        heartbeatMs: 15_000,
        identify: setup.identify ?? (() => VISITOR),
        channels: {
          find: (channel) => {
            const found = channels.get(channel) ?? (logs.last(channel) === undefined ? undefined : { logId: channel });
            return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
          },
        },
      }),
      webSockets.routes,
    ],
    logger,
  );
  await gateway.start();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= gateway.stop();
    return stopped;
  };
  atEnd(stop);
  const append = (channel: string, ...records: LogRecord[]) => {
    for (const record of records) logs.append(channel, record);
  };
  return {
    clock,
    logs,
    channels,
    lines,
    append,
    stop,
    /** Channels that are followed now, by all clients. */
    watching: () => watching,
    url: gateway.url,
    socketUrl: `${gateway.url.replace('http', 'ws')}/connection/websocket`,
    uniSocketUrl: `${gateway.url.replace('http', 'ws')}/connection/uni_websocket`,
  };
}

export const RUNNING: LogRecord = { kind: 'state', status: 'running' };
export const DONE: LogRecord = { kind: 'done', status: 'completed', usage: undefined };
export const textRecord = (text: string): LogRecord => ({ kind: 'text', text });

export interface Frame {
  readonly id?: number;
  readonly error?: { code: number; message: string; temporary?: boolean };
  readonly push?: Push;
  // biome-ignore lint/suspicious/noExplicitAny: a frame is what the server says
  readonly [method: string]: any;
}

interface Push {
  readonly channel?: string;
  readonly pub?: { readonly data: { type: string; message?: string }; readonly offset?: number };
  readonly unsubscribe?: { code: number; reason: string };
  readonly disconnect?: { code: number; reason: string };
}

/** A client that speaks in raw frames and keeps all that comes, one message after the other. */
export class RawClient {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  readonly messages: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting = new Set<() => void>();
  #close: { code: number; reason: string } | undefined;

  constructor(url: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
    atEnd(() => this.socket.terminate());
    this.socket.on('message', (data) => {
      this.texts.push(String(data));
      for (const line of String(data).split('\n')) this.messages.push(JSON.parse(line) as Frame);
      this.#tell();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        this.#close = { code, reason: String(reason) };
        resolve(this.#close);
        this.#tell();
      });
    });
  }

  /** Resolves when it is open; rejects with the status where it is refused. */
  opened(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('unexpected-response', (_request, response) => {
        response.resume();
        reject(new Error(String(response.statusCode)));
      });
    });
  }

  say(...commands: unknown[]): void {
    this.socket.send(commands.map((command) => JSON.stringify(command)).join('\n'));
  }

  /** The first message that is so, now or later. Rejects where the connection ends without it. */
  async until(isIt: (message: Frame) => unknown): Promise<Frame> {
    for (;;) {
      const found = this.messages.find((message) => isIt(message));
      if (found) return found;
      if (this.#close) throw new Error(`closed with ${this.#close.code}: ${JSON.stringify(this.messages)}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  reply(id: number): Promise<Frame> {
    return this.until((message) => message.id === id);
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** What a reader of a channel was told: of replies with publications and of pushes, in order. */
export function publicationsIn(
  messages: readonly Frame[],
): { data: { type: string; message?: string }; offset?: number }[] {
  return messages.flatMap((message) => [
    ...(message.subscribe?.publications ?? []),
    ...(message.push?.pub ? [message.push.pub] : []),
    ...(message.pub ? [message.pub] : []),
  ]);
}
