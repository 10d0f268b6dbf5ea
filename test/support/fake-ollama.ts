/**
 * A server with Ollama's API (docs/api.md of ollama/ollama): its answers say which model was asked and what; failures by the name
 * of the model, `fail-*`. `/v1` comes from another server where one is given.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { passOn } from './passing-on.js';

type Body = Record<string, unknown>;

export interface FakeOllamaOptions {
  /** As `GET /api/tags` names them. */
  readonly models?: readonly string[];
  /** Where `/v1` is passed on to. */
  readonly v1?: string;
}

const COUNTS = {
  total_duration: 5_000_000,
  load_duration: 1_000_000,
  prompt_eval_count: 7,
  prompt_eval_duration: 2_000_000,
  eval_count: 3,
  eval_duration: 2_000_000,
};

export class FakeOllama {
  readonly #server: Server;
  readonly #options: FakeOllamaOptions;
  readonly #answering = new Set<ServerResponse>();
  /** Every call of `/api`, with its body where it had one. */
  readonly calls: { readonly path: string; readonly body: Body }[] = [];
  /** Pages of GET, to be changed by a test. */
  readonly pages = new Map<string, readonly [status: number, body: unknown]>();
  #port = 0;

  constructor(options: FakeOllamaOptions = {}) {
    this.#options = options;
    this.pages.set('/api/version', [200, { version: '0.12.6' }]);
    const models = (options.models ?? ['llama3.2:latest']).map((name) => ({ name, model: name, size: 1 }));
    this.pages.set('/api/tags', [200, { models }]);
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Answers that are being written now. */
  get busy(): number {
    return this.#answering.size;
  }

  /** On the same port again, where it listened before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (this.#options.v1 !== undefined && !path.startsWith('/api/')) {
      passOn(this.#options.v1, request, response);
      return;
    }
    this.#answering.add(response);
    response.once('close', () => this.#answering.delete(response));
    // Without idle connections there is no telling whether the client has noticed yet that they are closed.
    response.setHeader('connection', 'close');
    const body = await readBody(request);
    this.calls.push({ path, body });
    const page = request.method === 'GET' ? (this.pages.get(path) ?? [404, '404 page not found']) : undefined;
    if (page) json(response, page[0], page[1]);
    else this.#answer(path, body, response);
  }

  #answer(path: string, body: Body, response: ServerResponse): void {
    const model = String(body.model);
    const refusal = REFUSALS[model];
    if (refusal) json(response, refusal[0], { error: refusal[1] });
    else if (model === 'fail-reset') response.socket?.resetAndDestroy();
    else if (path === '/api/embed') json(response, 200, embedding(model, body.input));
    else this.#say(path === '/api/chat' ? chatLine(model) : generateLine(model), body, response);
  }

  #say(line: (text: string) => object, body: Body, response: ServerResponse): void {
    const asked = String(body.prompt ?? (body.messages as Body[] | undefined)?.at(-1)?.content);
    const write = (object: unknown) => response.write(`${JSON.stringify(object)}\n`);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    write(line('you said '));
    switch (body.model) {
      case 'fail-midway':
        write({ error: 'an error was encountered while running the model: CUDA error' });
        response.end();
        break;
      case 'fail-cut':
        response.write('{"model":"fail-cut","mess', () => response.socket?.destroySoon());
        break;
      case 'fail-short':
        response.end();
        break;
      case 'fail-stall':
        break;
      default:
        write(line(asked));
        write({ ...line(''), done: true, done_reason: 'stop', ...COUNTS });
        response.end();
    }
  }
}

const REFUSALS: Record<string, readonly [status: number, error: string]> = {
  'fail-404': [404, 'model "fail-404" not found, try pulling it first'],
  'fail-500': [500, 'boom'],
  'fail-busy': [503, 'server busy, please try again.'],
};

const beginning = (model: string) => ({ model, created_at: '2026-01-02T03:04:05.678Z', done: false });
const chatLine = (model: string) => (content: string) => ({
  ...beginning(model),
  message: { role: 'assistant', content },
});
const generateLine = (model: string) => (response: string) => ({ ...beginning(model), response });

function embedding(model: string, input: unknown) {
  const texts = Array.isArray(input) ? input : [input];
  const { total_duration, load_duration, prompt_eval_count } = COUNTS;
  return {
    model,
    embeddings: texts.map((text, at) => [at, String(text).length]),
    total_duration,
    load_duration,
    prompt_eval_count,
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Body);
}
