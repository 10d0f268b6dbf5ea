/** The task routes of a server, with every task in the hands of the test: it ends when the test says so. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TaskReport, TaskStatus } from '../../src/protocol/task.js';
import { atEnd } from './ending.js';
import { waitUntil } from './wait-until.js';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

type Json = Record<string, unknown>;

export class FakeTaskServer {
  readonly requests: Received[] = [];
  readonly tasks = new Map<string, TaskReport>();
  /** Asked before everything else; true: it has answered. */
  intercept: (request: Received, response: ServerResponse) => boolean = () => false;
  status: Json = {};
  epoch = 'a';
  readonly #keys = new Map<string, string>();
  readonly #logs = new Map<string, string[]>();
  readonly #streams = new Map<string, Set<ServerResponse>>();
  readonly #listeners = new Set<() => void>();
  #server: Server | undefined;
  #port = 0;
  #count = 0;

  static async start(): Promise<FakeTaskServer> {
    const server = new FakeTaskServer();
    await server.listen();
    atEnd(() => server.die());
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the port of before. */
  async listen(): Promise<void> {
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection and listens no more. Idempotent. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves as soon as there is such a request. */
  async received(isIt: (request: Received) => boolean): Promise<void> {
    const subscribe = (listener: () => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    };
    await waitUntil(subscribe, () => this.requests.some(isIt));
  }

  /** Resolves when that many streams of the task were asked for, since the start. */
  async streamed(id: string, count = 1): Promise<void> {
    const subscribe = (listener: () => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    };
    await waitUntil(
      subscribe,
      () => this.requests.filter(({ url }) => url === `/api/tasks/${id}/stream`).length >= count,
    );
  }

  add(task: Partial<TaskReport>): TaskReport {
    this.#count += 1;
    const whole: TaskReport = {
      id: `task-${this.#count}`,
      type: 'chat',
      priority: 5,
      status: 'pending',
      model: 'm1',
      payload: { messages: [] },
      options: null,
      created_at: `2026-11-20T15:12:${String(this.#count % 60).padStart(2, '0')}.123Z`,
      retry_count: 0,
      max_retries: 3,
      ...task,
    };
    this.tasks.set(whole.id, whole);
    return whole;
  }

  set(id: string, members: Partial<TaskReport>): void {
    const task = this.tasks.get(id);
    if (task) this.tasks.set(id, { ...task, ...members });
  }

  emit(id: string, event: string, data: unknown): void {
    const log = this.#log(id);
    const text = `id: ${this.epoch}:${log.length + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    log.push(text);
    for (const stream of this.#streams.get(id) ?? []) {
      stream.write(text);
      if (event === 'done' || event === 'error') stream.end();
    }
  }

  /** With what it answers; its stream gets its last event. */
  end(id: string, status: TaskStatus, outcome: { result?: unknown; error?: string } = {}): void {
    this.set(id, { status, completed_at: '2026-11-20T15:13:00Z', ...outcome });
    if (status === 'failed') this.emit(id, 'error', { message: outcome.error, code: 'engine_error' });
    else this.emit(id, 'done', { status, usage: null });
  }

  /** Every connection breaks; the server goes on. */
  cut(): void {
    this.#server?.closeAllConnections();
  }

  /** What a server without durable logs does when it starts again. */
  forgetLogs(): void {
    this.epoch += 'a';
    this.#logs.clear();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const received = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    this.requests.push(received);
    if (!this.intercept(received, response)) this.#answer(received, response);
    for (const listener of [...this.#listeners]) listener();
  }

  #answer({ method, url, headers, body }: Received, response: ServerResponse): unknown {
    const { pathname, searchParams } = new URL(url, this.url);
    const [, , , id = '', act = ''] = pathname.split('/').map(decodeURIComponent);
    if (pathname === '/api/status') return answer(response, 200, this.status);
    if (pathname === '/api/tasks' && method === 'POST') {
      return answer(response, 200, { status: 'ok', task_id: this.#submit(body as Json) });
    }
    if (pathname === '/api/tasks') return this.#list(searchParams, response);
    if (id === 'batch') {
      const ids = (body as { tasks: Json[] }).tasks.map((task) => this.#submit(task));
      return answer(response, 200, { status: 'ok', task_ids: ids });
    }
    const task = this.tasks.get(id);
    if (!task) return answer(response, 404, { error: `task not found: ${id}` });
    if (act === '') return answer(response, 200, task);
    if (act === 'stream') return this.#stream(id, headers['last-event-id'], response);
    const isEnded = !['pending', 'running'].includes(task.status);
    if (act === 'retry' && (!isEnded || task.status === 'completed')) {
      return answer(response, 409, {
        error: `task ${id} is ${task.status}: only failed and cancelled tasks can be retried`,
      });
    }
    if (act === 'retry') this.set(id, { status: 'pending' });
    if (act === 'cancel' && !isEnded) this.end(id, 'cancelled');
    if (act === 'priority' && !isEnded) this.set(id, { priority: (body as { priority: number }).priority });
    return answer(response, 200, { status: 'ok' });
  }

  #submit(task: Json): string {
    const key = task.idempotency_key;
    const known = typeof key === 'string' ? this.#keys.get(key) : undefined;
    if (known !== undefined) return known;
    const { type, model, priority, payload } = task;
    const given = Object.fromEntries(
      Object.entries({ type, model, priority, payload }).filter(([, value]) => value !== undefined),
    );
    const { id } = this.add(given);
    if (typeof key === 'string') this.#keys.set(key, id);
    return id;
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const wanted = query.getAll('status');
    const all = [...this.tasks.values()].filter(({ status }) => wanted.length === 0 || wanted.includes(status));
    if (query.get('order') === 'newest') all.reverse();
    const from = Number(query.get('offset') ?? 0);
    const tasks = all.slice(from, from + Number(query.get('limit') ?? all.length));
    response.setHeader('x-total-count', all.length);
    answer(response, 200, tasks);
  }

  #stream(id: string, position: string | string[] | undefined, response: ServerResponse): unknown {
    const [epoch, sequence] = String(position ?? `${this.epoch}:0`).split(':');
    if (epoch !== this.epoch) return answer(response, 410, { error: 'the answer is not kept any more' });
    const log = this.#log(id);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`retry: 1000\n\n: hello\n\n${log.slice(Number(sequence)).join('')}`);
    const streams = this.#streams.get(id) ?? new Set();
    this.#streams.set(id, streams.add(response));
    response.on('close', () => streams.delete(response));
    const isOver = /^event: (done|error)$/m.test(log.at(-1) ?? '');
    return isOver && response.end();
  }

  #log(id: string): string[] {
    const log = this.#logs.get(id) ?? [];
    this.#logs.set(id, log);
    return log;
  }
}

function answer(response: ServerResponse, status: number, body: unknown): unknown {
  response.writeHead(status, { 'content-type': 'application/json' });
  return response.end(JSON.stringify(body));
}
