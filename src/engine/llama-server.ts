/** A llama-server of our own: a supervised child process, one slot a call, and an answer for every cancelled call. */
import { basename } from 'node:path';
import type { Clock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Random } from '../base/random.js';
import { modelNameOf } from '../config/model-name.js';
import type { AnswerSink, Engine, EngineCall, EngineStatus } from './engine.js';
import { type ArgumentFacts, baseUrlOf, composeArguments, readArguments } from './llama-arguments.js';
import { LlamaSession } from './llama-session.js';
import { StatusBoard } from './status-board.js';
import { checkModelFile, locateLlamaServer } from './supervisor/locate.js';
import { Orphans } from './supervisor/orphans.js';
import { findFreePort, isPortTaken } from './supervisor/port.js';
import { type Launch, Supervisor } from './supervisor/supervisor.js';

export interface LlamaServerOptions {
  readonly name: string;
  /** Empty: the names that the server itself tells. */
  readonly models: readonly string[];
  /** Path, or a name to look for on PATH; undefined: `$GOLLAMA_LLAMA_SERVER`, PATH, `./bin/llama-server`. */
  readonly bin?: string | undefined;
  /** Passed on as they are; host, port, model and slots are added where they are not said. */
  readonly args: readonly string[];
  readonly modelPath?: string | undefined;
  readonly slots?: number | undefined;
  /** Where it answers; undefined: a free port of this machine. Its path is ignored. */
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly restartBackoffMs: number;
  /** A regular expression; readiness then needs a line that matches, beside HTTP. */
  readonly readyPattern?: string | undefined;
  /** True: `start()` does not fail when the first start does; it is tried again like any later one. */
  readonly keepTrying?: boolean;
}

export interface LlamaServerDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dataDir: string;
  readonly cwd: string;
  /** The environment for the child. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Value of `$GOLLAMA_LLAMA_SERVER`. */
  readonly llamaServerEnv?: string | undefined;
}

/** Time for the other calls to end before an engine with a stuck slot is restarted. */
const RECYCLE_PATIENCE_MS = 60_000;

export class LlamaServerEngine implements Engine {
  readonly name: string;
  readonly kind = 'llama-server';
  readonly countsUnasked = true;
  readonly #options: LlamaServerOptions;
  readonly #dependencies: LlamaServerDependencies;
  readonly #logger: Logger;
  readonly #supervisor: Supervisor;
  readonly #orphans: Orphans;
  readonly #board: StatusBoard;
  #orphansReaped = false;
  #session: LlamaSession | undefined;
  /** True while the process of `#session` is ready. */
  #serving = false;
  /** Why it takes no calls although the process is ready: it is about to be restarted. */
  #recycling: string | undefined;
  /** Before the first start: what the server will be told to call its model. */
  #modelsFound: readonly string[] = [];

  constructor(options: LlamaServerOptions, dependencies: LlamaServerDependencies) {
    this.name = options.name;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child({ engine: options.name });
    this.#orphans = new Orphans({ ...dependencies, logger: this.#logger });
    this.#supervisor = new Supervisor(
      {
        ...options,
        keepTrying: options.keepTrying ?? false,
        readyPattern: options.readyPattern === undefined ? undefined : new RegExp(options.readyPattern),
      },
      {
        clock: dependencies.clock,
        random: dependencies.random,
        logger: this.#logger,
        orphans: this.#orphans,
        prepare: () => this.#prepare(),
        probe: () => this.#session?.health() ?? Promise.resolve('silent'),
        lastBytesAtMs: () => this.#session?.lastBytesAtMs ?? 0,
      },
    );
    this.#board = new StatusBoard(this.#look());
    this.#supervisor.onChange(() => this.#changed());
  }

  start(): Promise<void> {
    return this.#supervisor.start();
  }

  async stop(): Promise<void> {
    await this.#supervisor.stop();
    await this.#session?.close();
  }

  status(): EngineStatus {
    return this.#board.status;
  }

  onChange(listener: () => void): () => void {
    return this.#board.onChange(listener);
  }

  async forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const session = this.#session;
    if (!session || this.status().state !== 'ready') throw this.#unavailable();
    if (signal.aborted) throw new GollamaError('cancelled', 'the request was cancelled', { cause: signal.reason });
    await session.forward(call, sink, signal);
  }

  /**
   * Takes no new calls, lets the running ones end, and restarts the process; not where its slots turn out to be free by
   * then. A start that is under way gives fresh slots anyway.
   */
  recycle(reason: string): void {
    const session = this.#session;
    if (this.#recycling !== undefined) return;
    if (!session || !this.#serving) {
      this.#supervisor.recycle(reason);
      return;
    }
    this.#recycling = reason;
    this.#logger.warn({ reason }, 'engine will be restarted when its running requests are done');
    this.#changed();
    void this.#recycleWhenIdle(session, reason);
  }

  async #recycleWhenIdle(session: LlamaSession, reason: string): Promise<void> {
    const idle = await session.whenIdle(RECYCLE_PATIENCE_MS);
    const free = idle && (await session.allSlotsFree());
    // It died or was stopped meanwhile: then the supervisor has the word.
    if (session !== this.#session || this.#recycling === undefined) return;
    if (!free) return this.#supervisor.recycle(reason);
    this.#logger.info({}, 'engine freed its slots by itself; it is not restarted');
    this.#recycling = undefined;
    this.#changed();
  }

  #changed(): void {
    const serving = this.#supervisor.status().state === 'ready';
    if (this.#serving && !serving) {
      this.#recycling = undefined;
      this.#session?.end();
    }
    this.#serving = serving;
    this.#modelsFound = this.#session?.portrait?.models ?? this.#modelsFound;
    this.#board.update(this.#look());
  }

  #look(): EngineStatus {
    const { state, restarts, problem } = this.#supervisor.status();
    const { models, slots } = this.#options;
    const portrait = this.#session?.portrait;
    const recycling = this.#recycling !== undefined;
    return {
      state: recycling ? 'starting' : state,
      models: models.length > 0 ? models : this.#modelsFound,
      slots: portrait ? (portrait.slots ?? slots ?? 1) : 0,
      contextTokens: portrait?.contextTokens,
      restarts,
      problem: recycling ? `restarting soon: ${this.#recycling}` : problem,
    };
  }

  get #modelName(): string | undefined {
    const { models, modelPath } = this.#options;
    return models[0] ?? (modelPath === undefined ? undefined : modelNameOf(modelPath));
  }

  #unavailable(): GollamaError {
    const { state, problem } = this.status();
    const why = problem === undefined ? '' : `: ${problem}`;
    return new GollamaError('engine_unavailable', `engine ${this.name} is ${state}${why}`);
  }

  // ---- one start

  async #prepare(): Promise<Launch> {
    const { cwd, env, llamaServerEnv } = this.#dependencies;
    const options = this.#options;
    const bin = locateLlamaServer({ bin: options.bin, llamaServerEnv, searchPath: env.PATH, cwd });
    const request = { ...options, alias: this.#modelName };
    const facts = readArguments(request);
    this.#checkModel(bin, facts);
    await this.#reapOrphans();
    const port = facts.port ?? (await findFreePort());
    if (facts.port !== undefined) await checkPort(facts.host, port);
    const baseUrl = baseUrlOf(options, facts, port);
    await this.#open(baseUrl, facts);
    const key = options.apiKey === undefined ? {} : { LLAMA_API_KEY: options.apiKey };
    return {
      // A key among the arguments could be read by every user of the machine.
      command: { bin, args: composeArguments(request, facts, port), cwd, env: { ...env, ...key } },
      baseUrl,
      portIsOurs: facts.port === undefined,
    };
  }

  /** A wrapper script may know other paths than this machine (a container's), so only a llama-server's are checked. */
  #checkModel(bin: string, facts: ArgumentFacts): void {
    const model = this.#options.modelPath ?? (basename(bin).startsWith('llama-server') ? facts.modelPath : undefined);
    if (model !== undefined) checkModelFile(model, this.#dependencies.cwd);
  }

  async #reapOrphans(): Promise<void> {
    if (this.#orphansReaped) return;
    this.#orphansReaped = true;
    await this.#orphans.reap();
  }

  async #open(baseUrl: string, facts: ArgumentFacts): Promise<void> {
    const { clock, env } = this.#dependencies;
    await this.#session?.close();
    const apiKey = facts.apiKey ?? this.#options.apiKey ?? env.LLAMA_API_KEY?.split(',')[0];
    this.#session = new LlamaSession({ baseUrl, apiKey: apiKey || undefined, clock, logger: this.#logger });
  }
}

async function checkPort(host: string, port: number): Promise<void> {
  if (!(await isPortTaken(host, port))) return;
  throw new GollamaError('configuration', `port ${port} of ${host} is taken by another process`, {
    hint: `find it with \`ss -ltnp 'sport = :${port}'\` or \`lsof -i :${port}\`, or choose another port`,
  });
}
