/**
 * An Ollama server (docs/api.md of ollama/ollama) that answers nothing by itself: a test takes every POST in its turn and says
 * what comes of it. Version and models it tells alone.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from './ending.js';
import { UpstreamCall } from './fake-upstream.js';

export interface PuppetOllamaOptions {
  readonly models?: readonly string[];
  /** Answers a POST at once, in place of the test. */
  readonly answer?: (call: OllamaCall) => void;
}

/** What every final object of a chat or generation counts. */
export const COUNTS = {
  total_duration: 5,
  load_duration: 1,
  prompt_eval_count: 3,
  prompt_eval_duration: 2,
  eval_count: 2,
  eval_duration: 4,
};
const CREATED_AT = '2025-01-01T00:00:00Z';

/** One POST of `/api/chat`, `/api/generate` or `/api/embed`. */
export class OllamaCall extends UpstreamCall {
  get path(): string {
    return this.request.url ?? '';
  }

  get model(): string {
    return String(this.json.model);
  }

  /** The last message, the prompt or the input. */
  get asked(): string {
    const { messages, prompt, input } = this.json as {
      messages?: { content: string }[];
      prompt?: string;
      input?: unknown;
    };
    return String(prompt ?? input ?? messages?.at(-1)?.content);
  }

  /** A piece of the answer. */
  override say(text: string): void {
    if (!this.response.headersSent) this.response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    this.response.write(`${JSON.stringify({ ...this.#piece(text), done: false })}\n`);
  }

  /** The end of the answer. */
  finish(): void {
    this.response.end(`${JSON.stringify({ ...this.#piece(''), done: true, done_reason: 'stop', ...COUNTS })}\n`);
  }

  /** The whole answer. */
  complete(text = 'hello world'): void {
    if (this.path === '/api/embed') {
      const { total_duration, load_duration, prompt_eval_count } = COUNTS;
      const counts = { total_duration, load_duration, prompt_eval_count };
      this.answer(200, { model: this.model, embeddings: [[0.5, -0.25]], ...counts });
      return;
    }
    for (const piece of text.split(/(?= )/)) this.say(piece);
    this.finish();
  }

  fail(status: number, error = 'boom', headers: Record<string, string> = {}): void {
    this.answer(status, { error }, headers);
  }

  #piece(text: string): object {
    const head = { model: this.model, created_at: CREATED_AT };
    if (this.path === '/api/generate') return { ...head, response: text };
    return { ...head, message: { role: 'assistant', content: text } };
  }
}

export class PuppetOllama {
  readonly #server: Server;
  readonly #options: PuppetOllamaOptions;
  readonly #calls: OllamaCall[] = [];
  readonly #waiting: ((call: OllamaCall) => void)[] = [];
  /** POSTs that came so far. */
  count = 0;

  static async start(options: PuppetOllamaOptions = {}): Promise<PuppetOllama> {
    const ollama = new PuppetOllama(options);
    ollama.#server.listen(0, '127.0.0.1');
    await once(ollama.#server, 'listening');
    atEnd(() => ollama.stop());
    return ollama;
  }

  private constructor(options: PuppetOllamaOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next POST that no test has taken yet. */
  next(): Promise<OllamaCall> {
    const call = this.#calls.shift();
    if (call) return Promise.resolve(call);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** So many of them, in the order in which they came. */
  async take(count: number): Promise<OllamaCall[]> {
    const calls: OllamaCall[] = [];
    while (calls.length < count) calls.push(await this.next());
    return calls;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      this.#tell(request.url ?? '', response);
      return;
    }
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return;
    }
    const call = new OllamaCall(request, response, Buffer.concat(parts));
    this.count += 1;
    const waiting = this.#waiting.shift();
    if (this.#options.answer) this.#options.answer(call);
    else if (waiting) waiting(call);
    else this.#calls.push(call);
  }

  #tell(url: string, response: ServerResponse): void {
    const models = (this.#options.models ?? ['m1', 'm2']).map((name) => ({ name, model: name, size: 1 }));
    const pages: Record<string, unknown> = { '/api/version': { version: '0.12.6' }, '/api/tags': { models } };
    const page = pages[url];
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(page ?? { error: 'not found' }));
  }
}
