/**
 * A server with the OpenAI API that answers nothing by itself: a test takes every POST in its turn and writes the answer,
 * byte by byte if it likes. Health and models it tells alone.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from './ending.js';

export interface FakeUpstreamOptions {
  readonly models?: readonly string[];
  /** Told as a llama-server tells it; undefined: as a server that is none. */
  readonly slots?: number;
  /** Answers a POST at once, in place of the test. */
  readonly answer?: (call: UpstreamCall) => void;
  /** Default: any free one. */
  readonly port?: number;
}

/** One POST that came, whole. */
export class UpstreamCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  /** Resolves when its connection is closed before the answer was complete. */
  readonly abandoned: Promise<void>;

  constructor(request: IncomingMessage, response: ServerResponse, body: Buffer) {
    this.request = request;
    this.response = response;
    this.body = body;
    this.abandoned = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.body.toString('utf8')) as Record<string, unknown>;
  }

  /** Names in lower case, every value by itself. */
  header(name: string): string[] {
    const { rawHeaders } = this.request;
    return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  }

  answer(status: number, body: unknown, headers: Record<string, string | string[]> = {}): void {
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  beginStream(headers: Record<string, string | string[]> = {}): void {
    this.response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    this.response.flushHeaders();
  }

  /** One event of a chat stream with this text. */
  say(content: string, finish: string | null = null): void {
    this.response.write(chatEvent(content, finish));
  }

  endStream(): void {
    this.response.end(`${chatEvent('', 'stop')}data: [DONE]\n\n`);
  }
}

export function chatEvent(content: string, finish: string | null = null): string {
  const choice = { index: 0, delta: { role: 'assistant', content }, finish_reason: finish };
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

export function chatCompletion(content: string): Record<string, unknown> {
  return {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
  };
}

export class FakeUpstream {
  readonly #server: Server;
  readonly #options: FakeUpstreamOptions;
  readonly #calls: UpstreamCall[] = [];
  readonly #waiting: ((call: UpstreamCall) => void)[] = [];
  /** POSTs that came so far. */
  count = 0;
  /** What /health answers; with 503 it loads its model. */
  health = 200;
  readonly #looks: (() => void)[] = [];

  static async start(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
    const upstream = new FakeUpstream(options);
    upstream.#server.listen(options.port ?? 0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    atEnd(() => upstream.stop());
    return upstream;
  }

  private constructor(options: FakeUpstreamOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next POST that no test has taken yet. */
  next(): Promise<UpstreamCall> {
    const call = this.#calls.shift();
    if (call) return Promise.resolve(call);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when /health was answered once more. */
  looked(): Promise<void> {
    return new Promise((resolve) => this.#looks.push(resolve));
  }

  /** Ends at once, connections too; nothing listens any more. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return this.#tell(request.url ?? '', response);
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return;
    }
    const call = new UpstreamCall(request, response, Buffer.concat(parts));
    this.count += 1;
    if (this.#options.answer) return this.#options.answer(call);
    const waiting = this.#waiting.shift();
    if (waiting) waiting(call);
    else this.#calls.push(call);
  }

  #tell(url: string, response: ServerResponse): void {
    if (url === '/health') {
      response.writeHead(this.health, { 'content-type': 'application/json' }).end('{}');
      for (const resolve of this.#looks.splice(0)) response.once('close', resolve);
      return;
    }
    const { models = ['m'], slots } = this.#options;
    const known: Record<string, unknown> = {
      '/v1/models': { object: 'list', data: models.map((id) => ({ id, object: 'model' })) },
      ...(slots === undefined ? {} : { '/props': { total_slots: slots } }),
    };
    const body = known[url];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: { message: 'File Not Found', code: 404 } }));
  }
}
