/**
 * A stand-in for an OpenAI-compatible server that costs next to nothing: every stream gets its tokens at a steady rate,
 * however many there are. For calibration, and for tests of clients.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../src/base/clock.js';
import { GollamaError, messageOf } from '../../src/base/errors.js';
import type { Service } from '../../src/base/service.js';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../src/protocol/json-object.js';
import { type AnswerFacts, ChunkBytes, jsonResponse, MODEL, type TextEndpoint, wholeAnswer } from './answer-bytes.js';
import { type AnswerSink, Connection } from './connection.js';
import { Pacer } from './pacer.js';
import type { MockRequest } from './request-reader.js';
import type { Script } from './script.js';
import { playScript } from './script-player.js';
import { StreamedAnswer } from './streamed-answer.js';

export interface MockOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Of each stream; null: as fast as it is taken. */
  readonly tokensPerSecond: number | null;
  /** From the request to the first token. */
  readonly ttftMs: number;
  /** Of an answer; a request's `max_tokens` may ask for fewer. */
  readonly tokens: number;
  readonly tokensPerChunk: number;
  /** Events are filled up to this size; 0: as long as they are, about 220 bytes. */
  readonly chunkBytes: number;
  /** The text of each event is the time of sending (see `monotonicUs`): 16 digits, microseconds, and a space. */
  readonly stamps: boolean;
  /** Plays this in place of all that. */
  readonly script?: Script;
  /** With this request, the first being 1, the server dies: every connection breaks. */
  readonly diesAtRequest?: number;
}

export interface MockDependencies {
  readonly clock: Clock;
  readonly stampUs: () => number;
}

const ENDPOINTS: Readonly<Record<string, TextEndpoint>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completions',
};

export class MockServer implements Service {
  readonly #options: MockOptions;
  readonly #dependencies: MockDependencies;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pacer: Pacer;
  readonly #chunks: Readonly<Record<TextEndpoint, ChunkBytes>>;
  readonly #intervalMs: number;
  readonly died: Promise<void>;
  #die: () => void = () => {};
  #requests = 0;
  #url = '';

  constructor(options: MockOptions, dependencies: MockDependencies) {
    const { tokensPerChunk, chunkBytes, tokensPerSecond, ttftMs } = options;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#intervalMs = tokensPerSecond === null ? 0 : (tokensPerChunk * 1000) / tokensPerSecond;
    this.#pacer = new Pacer({ clock: dependencies.clock, firstMs: ttftMs, intervalMs: this.#intervalMs });
    this.#chunks = {
      chat: new ChunkBytes({ endpoint: 'chat', tokensPerChunk, chunkBytes }),
      completions: new ChunkBytes({ endpoint: 'completions', tokensPerChunk, chunkBytes }),
    };
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /** Without a slash at its end; empty before the start. */
  get url(): string {
    return this.#url;
  }

  /** Requests for an answer so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Throws `configuration` where it cannot listen there. */
  async start(): Promise<void> {
    if (this.#url !== '') return;
    const { host, port } = this.#options;
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
    } catch (thrown) {
      throw new GollamaError('configuration', `cannot listen on ${host}:${port}: ${messageOf(thrown)}`, {
        hint: '--port 0 takes any free one',
        cause: thrown,
      });
    }
    const address = this.#server.address();
    const actual = typeof address === 'object' && address !== null ? address.port : port;
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
  }

  async stop(): Promise<void> {
    this.#pacer.stop();
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    new Connection(socket, (request, sink) => this.#answer(request, sink));
  }

  #answer(request: MockRequest, sink: AnswerSink): void {
    const endpoint = ENDPOINTS[request.path];
    if (request.method === 'GET') {
      respond(sink, ...information(request.path));
    } else if (endpoint === undefined && request.path !== '/v1/embeddings') {
      respond(sink, 404, notFound(request.path));
    } else {
      this.#requests += 1;
      if (this.#requests === this.#options.diesAtRequest) this.#dieNow();
      else this.#generate(endpoint, request.body, sink);
    }
  }

  /** `endpoint` is undefined for embeddings. */
  #generate(endpoint: TextEndpoint | undefined, bytes: Buffer, sink: AnswerSink): void {
    const { script, ttftMs } = this.#options;
    const scripted = script?.[Math.min(this.#requests, script.length) - 1];
    const body = parseJsonObject(bytes);
    if (scripted) playScript(scripted, sink, this.#dependencies.clock);
    else if (body === undefined) respond(sink, 400, { error: { message: 'the body is no JSON object' } });
    else if (endpoint === undefined) this.#later(sink, ttftMs, () => embeddings(body));
    else if (body.stream === true) this.#stream(endpoint, body, sink);
    else this.#whole(endpoint, body, sink);
  }

  #stream(endpoint: TextEndpoint, body: JsonObject, sink: AnswerSink): void {
    const { tokensPerChunk, stamps, tokensPerSecond } = this.#options;
    const stampUs = stamps ? this.#dependencies.stampUs : undefined;
    const facts = this.#factsOf(body);
    const answer = new StreamedAnswer({ chunks: this.#chunks[endpoint], tokensPerChunk, facts, sink, stampUs });
    const burst = () => {
      answer.burst();
      return false;
    };
    this.#pacer.join(tokensPerSecond === null ? { write: burst } : answer);
  }

  #whole(endpoint: TextEndpoint, body: JsonObject, sink: AnswerSink): void {
    const facts = this.#factsOf(body);
    const furtherMs = (Math.ceil(facts.tokens / this.#options.tokensPerChunk) - 1) * this.#intervalMs;
    this.#later(sink, this.#options.ttftMs + Math.max(0, furtherMs), () => wholeAnswer(endpoint, facts));
  }

  #later(sink: AnswerSink, delayMs: number, answer: () => object): void {
    this.#dependencies.clock.after(delayMs, () => sink.isOpen && respond(sink, 200, answer()));
  }

  #factsOf(body: JsonObject): AnswerFacts {
    const asked = Number(body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY);
    const tokens = Math.max(0, Math.min(this.#options.tokens, Number.isNaN(asked) ? this.#options.tokens : asked));
    return {
      tokens,
      promptTokens: wordsIn(body.messages ?? body.prompt),
      finishReason: tokens < this.#options.tokens ? 'length' : 'stop',
      withUsage: isJsonObject(body.stream_options) && body.stream_options.include_usage === true,
    };
  }

  #dieNow(): void {
    this.#server.close();
    this.#pacer.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#die();
  }
}

function respond(sink: AnswerSink, status: number, body: object): void {
  sink.write(jsonResponse(status, body));
  sink.done();
}

function information(path: string): [status: number, body: object] {
  if (path === '/health') return [200, { status: 'ok' }];
  if (path === '/v1/models')
    return [200, { object: 'list', data: [{ id: MODEL, object: 'model', created: 0, owned_by: MODEL }] }];
  return [404, notFound(path)];
}

function notFound(path: string): object {
  return { error: { message: `there is no ${path} here`, type: 'invalid_request_error', param: null, code: null } };
}

/** Stands for the count of prompt tokens. */
function wordsIn(prompt: unknown): number {
  return JSON.stringify(prompt ?? '').split(/\s+/).length;
}

function embeddings({ input }: JsonObject): object {
  const texts = Array.isArray(input) ? input : [input];
  const words = wordsIn(input);
  return {
    object: 'list',
    data: texts.map((_, index) => ({ object: 'embedding', index, embedding: [0.6, 0.8] })),
    model: MODEL,
    usage: { prompt_tokens: words, total_tokens: words },
  };
}
