/** An engine that already runs somewhere: any OpenAI-compatible server, by its URL. */
import { type Clock, pause } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { AnswerSink, Engine, EngineCall, EngineStatus } from './engine.js';
import { HttpUpstream } from './http-upstream.js';
import { LlamaSession } from './llama-session.js';
import { readServerFacts, type ServerFacts } from './server-facts.js';
import { StatusBoard } from './status-board.js';

export interface OpenAiOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** Requests at once; undefined = as many slots as the server tells, or `SLOTS_UNTOLD`. */
  readonly slots: number | undefined;
}

export interface OpenAiParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For a server that does not tell how much it can do at once. */
const SLOTS_UNTOLD = 8;
/** How often a server that is away is asked whether it is back, and one that is there whether it still is. */
const AWAY_PROBE_MS = 1_000;
const READY_PROBE_MS = 10_000;

export class OpenAiEngine implements Engine {
  readonly kind = 'openai';
  readonly name: string;
  readonly #options: OpenAiOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #upstream: HttpUpstream;
  readonly #board = new StatusBoard({ state: 'stopped', models: [], slots: 0, restarts: 0, problem: undefined });
  /** Set where the server turns out to be a llama-server: then a cancelled call can be followed to its end. */
  #llama: LlamaSession | undefined;
  #probing: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(options: OpenAiOptions, parts: OpenAiParts) {
    this.name = options.name;
    this.#options = options;
    this.#clock = parts.clock;
    this.#logger = parts.logger.child({ engine: options.name });
    this.#upstream = new HttpUpstream({ baseUrl: options.baseUrl, apiKey: options.apiKey });
  }

  get countsUnasked(): boolean {
    return this.#llama !== undefined;
  }

  status(): EngineStatus {
    return this.#board.status;
  }

  onChange(listener: () => void): () => void {
    return this.#board.onChange(listener);
  }

  /** Never rejects: a server that is away may come back. Resolves after the first look at it. */
  async start(): Promise<void> {
    if (this.#probing) return;
    this.#board.update({ state: 'starting' });
    const stop = new AbortController();
    await this.#look(stop.signal);
    this.#probing = { stop, ended: this.#keepLooking(stop.signal) };
  }

  async stop(): Promise<void> {
    this.#probing?.stop.abort();
    await this.#probing?.ended;
    this.#probing = undefined;
    await Promise.all([this.#llama?.close(), this.#upstream.close()]);
    this.#board.update({ state: 'stopped' });
  }

  async forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    if (this.status().state !== 'ready') {
      throw new GollamaError('engine_unavailable', `${this.name} is ${this.status().state}`);
    }
    try {
      await (this.#llama ?? this.#upstream).forward(call, sink, signal);
    } catch (error) {
      if (error instanceof GollamaError && error.code === 'engine_unavailable') this.#away(error.message);
      throw error;
    }
  }

  /** It is not ours to restart; what it does not free stays quarantined until it was away once. */
  recycle(reason: string): void {
    this.#logger.warn({ reason }, 'a slot of a server that is not ours is stuck; restart that server to free it');
  }

  async #keepLooking(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#clock, this.status().state === 'ready' ? READY_PROBE_MS : AWAY_PROBE_MS, signal);
      if (!signal.aborted) await this.#look(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const facts = await readServerFacts(this.#upstream, signal);
    if (!signal.aborted) this.#apply(facts);
  }

  /** A server that is ready but silent may be busy with a long prompt: only a refused connection says that it has gone. */
  #apply(facts: ServerFacts): void {
    if (facts.state === 'ready') {
      if (facts.slots !== undefined) this.#llama ??= this.#openLlama();
      const slots = this.#options.slots ?? facts.slots ?? SLOTS_UNTOLD;
      this.#board.update({ state: 'ready', slots, models: facts.models, problem: undefined });
    } else if (facts.state === 'loading') {
      this.#board.update({ state: 'starting', problem: 'loading its model' });
    } else if (facts.refused || this.status().state !== 'ready') {
      this.#away(facts.problem);
    }
  }

  #openLlama(): LlamaSession {
    const { baseUrl, apiKey } = this.#options;
    return new LlamaSession({ baseUrl, apiKey, clock: this.#clock, logger: this.#logger });
  }

  #away(problem: string): void {
    if (this.status().state === 'ready') this.#logger.warn({ problem }, 'the server went away');
    this.#board.update({ state: 'unreachable', problem: `${this.#options.baseUrl}: ${problem}` });
  }
}
