/**
 * A stand-in for a llama-server process: the simulated core behind HTTP, with the connection habits, the loading phase
 * and the log lines of the real one (b11669). One simplification: it notices every client that goes away at once,
 * also one that does not stream or still waits for a slot.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Timer } from '../../base/clock.js';
import { GollamaError, messageOf } from '../../base/errors.js';
import type { Random } from '../../base/random.js';
import type { Service } from '../../base/service.js';
import type { EngineCall, HeaderFields } from '../engine.js';
import { SimulatedCore, type SimulationOptions } from './core.js';
import { type FaultName, processFaults } from './faults.js';
import { BODY_TOO_LARGE, LOADING, NOT_FOUND, type Problem, UNAUTHORIZED } from './problem.js';
import { ResponseSink } from './response-sink.js';
import { SLOW_READY_MS } from './simulated.js';
import { writeProblem } from './write.js';

export interface SimulatedServerOptions extends SimulationOptions {
  readonly host: string;
  /** 0 = any free one; `url` tells which. */
  readonly port: number;
  readonly apiKey?: string | undefined;
  /** How long it answers 503 "Loading model" after it began to listen. */
  readonly loadMs: number;
}

/** What faults need of the process that the server stands for. */
export interface SimulatedProcess {
  exit(code: number): void;
  /** SIGKILL to itself. */
  kill(): void;
  /** Starts a child that keeps stdout and stderr open. */
  spawnGrandchild(): void;
}

export interface SimulatedServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly process: SimulatedProcess;
  /** Takes one line for stderr, without its line end. */
  log(line: string): void;
  /** Called once, when the model is loaded. */
  onReady?(): void;
  /** Sees every request for the core, as it came. */
  onRequest?(call: EngineCall): void;
}

const KEEP_ALIVE_MS = 5_000;
const REQUESTS_PER_CONNECTION_MAX = 100;
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const LONG_LOG_LINE_BYTES = 200 * 1024;
const OPEN_PATHS: readonly string[] = ['/health', '/v1/health'];

export class SimulatedServer implements Service {
  readonly #options: SimulatedServerOptions;
  readonly #deps: SimulatedServerDeps;
  readonly #core: SimulatedCore;
  readonly #server: Server;
  readonly #faults: ReadonlySet<FaultName>;
  readonly #startMs: number;
  #loading: Timer | undefined;
  #ready = false;
  #listening: Promise<void> | undefined;

  constructor(options: SimulatedServerOptions, deps: SimulatedServerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#startMs = deps.clock.now();
    this.#faults = processFaults(options.faults ?? [], deps.random);
    this.#core = new SimulatedCore(options, {
      clock: deps.clock,
      random: deps.random,
      healthHangs: this.#faults.has('health-hang'),
    });
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  }

  /** Base URL with the real port, once it listens. */
  get url(): string {
    const address = this.#server.address();
    const port = isAddressInfo(address) ? address.port : this.#options.port;
    return `http://${this.#options.host.includes(':') ? `[${this.#options.host}]` : this.#options.host}:${port}`;
  }

  /** True where only SIGKILL may end the process. */
  get ignoresSignals(): boolean {
    return this.#faults.has('ignore-sigterm');
  }

  get busySlots(): number {
    return this.#core.busySlots;
  }

  /** Resolves when it listens; the model loads on. Rejects with `configuration` where it cannot listen. */
  start(): Promise<void> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  async stop(): Promise<void> {
    this.#loading?.cancel();
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.once('close', resolve));
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #listen(): Promise<void> {
    this.#log('I srv  llama_server: initializing ... (simulated)');
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        this.#log(`E srv         start: couldn't bind HTTP server socket, hostname: ${host}, port: ${port}`);
        this.#log('E srv  llama_server: exiting due to HTTP server error');
        reject(new GollamaError('configuration', `cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause }));
      });
      this.#server.listen(port, host, resolve);
    });
    this.#load();
  }

  #load(): void {
    this.#log(`I srv    load_model: loading model '${this.#model()}'`);
    if (this.#faults.has('grandchild')) this.#deps.process.spawnGrandchild();
    if (this.#faults.has('long-log-line')) this.#log(`I ${'x'.repeat(LONG_LOG_LINE_BYTES)}`);
    if (this.#faults.has('never-ready')) return;
    const loadMs = this.#options.loadMs + (this.#faults.has('slow-ready') ? SLOW_READY_MS : 0);
    const then = this.#faults.has('exit-at-load') ? () => this.#failToLoad() : () => this.#becomeReady();
    if (loadMs > 0) this.#loading = this.#deps.clock.after(loadMs, then);
    else then();
  }

  #becomeReady(): void {
    this.#ready = true;
    this.#deps.onReady?.();
    this.#log('I srv  llama_server: model loaded');
    this.#log(`I srv  llama_server: listening on ${this.url}`);
  }

  #failToLoad(): void {
    const model = this.#model();
    this.#log("E gguf_init_from_reader: invalid magic characters: 'not ', expected 'GGUF'");
    this.#log(`E llama_model_load: error loading model: llama_model_loader: failed to load model from ${model}`);
    this.#log(`E srv    load_model: failed to load model, '${model}'`);
    this.#log('E srv  llama_server: exiting due to model loading error');
    this.#deps.process.exit(1);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.on('error', () => gone.abort());
    response.setHeader('server', 'llama.cpp');
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '');
    if (request.method === 'OPTIONS') {
      preflight(response);
      return;
    }
    const sink = new ResponseSink(response);
    const body = await readBody(request);
    const problem = body ? this.#refusal(request) : BODY_TOO_LARGE;
    const call = body && callOf(request, body);
    if (!call || problem) {
      writeProblem(sink, problem ?? NOT_FOUND);
      sink.end('complete');
      return;
    }
    this.#deps.onRequest?.(call);
    const ending = await this.#core.answer(call, sink, gone.signal);
    if (ending === 'crash') this.#deps.process.exit(1);
    if (ending === 'kill') this.#deps.process.kill();
    sink.end(ending);
  }

  /** Loading comes before the key, as in llama-server. */
  #refusal(request: IncomingMessage): Problem | undefined {
    const path = pathOf(request);
    if (!this.#ready) return path === '/' ? NOT_FOUND : LOADING;
    const { apiKey } = this.#options;
    if (apiKey === undefined || OPEN_PATHS.includes(path)) return undefined;
    const { authorization } = request.headers;
    const given = authorization?.replace(/^Bearer /, '') ?? request.headers['x-api-key'];
    return given === apiKey ? undefined : UNAUTHORIZED;
  }

  #model(): string {
    return this.#options.modelPath ?? this.#options.models[0] ?? 'simulated';
  }

  #log(text: string): void {
    this.#deps.log(`${stamp(this.#deps.clock.now() - this.#startMs)} ${text}`);
  }
}

/** `M.SS.mmm.uuu` since the start, as llama.cpp stamps its log lines. */
function stamp(elapsedMs: number): string {
  const parts = [elapsedMs / 60_000, (elapsedMs / 1000) % 60, elapsedMs % 1000, (elapsedMs * 1000) % 1000];
  return parts.map((part, index) => String(Math.floor(part)).padStart([1, 2, 3, 3][index] ?? 0, '0')).join('.');
}

function callOf(request: IncomingMessage, body: Buffer): EngineCall | undefined {
  const { method } = request;
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') return undefined;
  const headers: HeaderFields = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value;
  return { method, path: request.url ?? '/', headers, body, stream: false };
}

/** The whole body; undefined where it is larger than anything sensible. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request) {
      sizeBytes += chunk.length;
      if (sizeBytes > BODY_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
  } catch {
    // The client left during the upload: what answers it finds the connection closed.
  }
  return Buffer.concat(chunks);
}

function preflight(response: ServerResponse): void {
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-allow-methods', 'GET, POST, DELETE, OPTIONS');
  response.setHeader('access-control-allow-headers', '*');
  response.writeHead(200, { 'content-type': 'text/html', 'content-length': 0 }).end();
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
