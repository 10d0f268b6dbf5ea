/** An engine that already runs somewhere, by its URL: looked at until it is there, and again and again from then on. */
import { type Clock, pause } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { AnswerSink, Engine, EngineCall, EngineStatus } from './engine.js';
import { HttpUpstream } from './http-upstream.js';
import { LlamaSession } from './llama-session.js';
import { asksForBase64, PackedEmbeddings } from './packed-embeddings.js';
import type { ServerFacts } from './server-facts.js';
import { StatusBoard } from './status-board.js';

export interface RemoteEngineOptions {
  readonly kind: Engine['kind'];
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** Requests at once; undefined = as many slots as the server tells, or `SLOTS_UNTOLD`. */
  readonly slots: number | undefined;
  /** Longest silence inside one answer; undefined = as `HttpUpstream` has it. */
  readonly idleTimeoutMs?: number | undefined;
  /** One look at the server. Never rejects. */
  readonly look: (upstream: HttpUpstream, signal: AbortSignal) => Promise<ServerFacts>;
}

export interface RemoteEngineParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For a server that does not tell how much it can do at once. */
const SLOTS_UNTOLD = 8;
/** How often a server that is away is asked whether it is back, and one that is there whether it still is. */
const AWAY_PROBE_MS = 1_000;
const READY_PROBE_MS = 10_000;

/** What lives from one start to its stop. */
interface Run {
  readonly upstream: HttpUpstream;
  readonly stop: AbortController;
  /** The first look at the server, then the endless rest of them. */
  firstLook: Promise<void>;
  looking: Promise<void>;
  /** Set where the server turns out to be a llama-server: then a cancelled call can be followed to its end. */
  llama: LlamaSession | undefined;
  /** A slot did not come free after a cancelled call, and was not seen free since. */
  stuck: boolean;
  /** Set as soon as the run is to end. */
  ended: Promise<void> | undefined;
}

export class RemoteEngine implements Engine {
  readonly kind: Engine['kind'];
  readonly name: string;
  readonly #options: RemoteEngineOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #board = new StatusBoard({
    state: 'stopped',
    models: [],
    slots: 0,
    contextTokens: undefined,
    restarts: 0,
    problem: undefined,
  });
  #run: Run | undefined;

  constructor(options: RemoteEngineOptions, parts: RemoteEngineParts) {
    this.kind = options.kind;
    this.name = options.name;
    this.#options = options;
    this.#clock = parts.clock;
    this.#logger = parts.logger.child({ engine: options.name });
  }

  get countsUnasked(): boolean {
    return this.#run?.llama !== undefined;
  }

  status(): EngineStatus {
    return this.#board.status;
  }

  onChange(listener: () => void): () => void {
    return this.#board.onChange(listener);
  }

  /** Never rejects: a server that is away may come back. Resolves after the first look at it. */
  async start(): Promise<void> {
    await this.#run?.ended;
    this.#run ??= this.#begin();
    await this.#run.firstLook;
  }

  async stop(): Promise<void> {
    const run = this.#run;
    if (!run) return;
    run.ended ??= this.#end(run);
    await run.ended;
  }

  async forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const run = this.#run;
    if (!run || run.ended || this.status().state !== 'ready') {
      throw new GollamaError('engine_unavailable', `${this.name} is ${this.status().state}`);
    }
    try {
      if (run.llama) await run.llama.forward(call, sink, signal);
      else if (asksForBase64(call)) await this.#forwardPacked(run.upstream, call, sink, signal);
      else await run.upstream.forward(call, sink, signal);
    } catch (error) {
      if (!run.ended && error instanceof GollamaError && error.code === 'engine_unavailable') this.#away(error.message);
      throw error;
    }
  }

  async #forwardPacked(upstream: HttpUpstream, call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const embeddings = new PackedEmbeddings(sink);
    await upstream.forward(call, embeddings, signal);
    embeddings.finish();
  }

  /** It is not ours to restart: the slot stays out of use until the server is seen to have freed it, or was away. */
  recycle(reason: string): void {
    this.#logger.warn({ reason }, 'a slot of a server that is not ours is stuck; restart that server to free it');
    if (this.#run) this.#run.stuck = true;
  }

  #begin(): Run {
    this.#board.update({ state: 'starting', problem: undefined });
    const { baseUrl, apiKey, idleTimeoutMs } = this.#options;
    const upstream = new HttpUpstream({
      baseUrl,
      apiKey,
      clock: this.#clock,
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    });
    const settled = Promise.resolve();
    const run: Run = {
      upstream,
      stop: new AbortController(),
      firstLook: settled,
      looking: settled,
      llama: undefined,
      stuck: false,
      ended: undefined,
    };
    run.firstLook = this.#look(run);
    run.looking = run.firstLook.then(() => this.#keepLooking(run));
    return run;
  }

  async #end(run: Run): Promise<void> {
    run.stop.abort();
    await Promise.all([run.looking, run.llama?.close(), run.upstream.close()]);
    this.#run = undefined;
    this.#board.update({ state: 'stopped', problem: undefined });
  }

  async #keepLooking(run: Run): Promise<void> {
    const { signal } = run.stop;
    while (!signal.aborted) {
      await pause(this.#clock, this.status().state === 'ready' ? READY_PROBE_MS : AWAY_PROBE_MS, signal);
      await this.#look(run);
    }
  }

  async #look(run: Run): Promise<void> {
    if (run.stop.signal.aborted) return;
    const facts = await this.#options.look(run.upstream, run.stop.signal);
    const freed = run.stuck && facts.state === 'ready' && (await run.llama?.knowsEveryBusySlot()) === true;
    if (run.stop.signal.aborted) return;
    if (freed) this.#begunAnew(run);
    this.#apply(facts, run);
  }

  /** Coming back tells the pool that all slots can be used again. */
  #begunAnew(run: Run): void {
    run.stuck = false;
    this.#logger.info({}, 'the server freed its slots');
    this.#board.update({ state: 'starting' });
  }

  /** A server that is ready but silent may be busy with a long prompt: only a refused connection says that it has gone. */
  #apply(facts: ServerFacts, run: Run): void {
    if (facts.state === 'ready') {
      if (facts.slots !== undefined) run.llama ??= this.#openLlama();
      const slots = this.#options.slots ?? facts.slots ?? SLOTS_UNTOLD;
      const { models, contextTokens } = facts;
      this.#board.update({ state: 'ready', slots, contextTokens, models, problem: undefined });
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
    if (this.#run) this.#run.stuck = false;
    this.#board.update({ state: 'unreachable', problem: `${this.#options.baseUrl}: ${problem}` });
  }
}
