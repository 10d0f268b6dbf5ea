/** What an embedded queue consists of from its start to its stop. */
import { setMaxListeners } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { createLogger, type OpenLogger } from '../base/pino-logger.js';
import type { Config } from '../config/config.js';
import { formatWarning } from '../config/remark.js';
import type { Surroundings } from '../config/resolve.js';
import { Core } from '../core.js';
import type { TaskEventReport } from '../protocol/task.js';
import { configOf, type EmbeddingOptions } from './options.js';
import { TaskEndings } from './task-endings.js';

export interface QueueLifeParts {
  readonly clock: Clock;
  /** Undefined: lines on the standard error stream. */
  readonly logger: Logger | undefined;
  readonly surroundings: Surroundings;
  /** Every change, from the first one on. */
  readonly onEvent: (report: TaskEventReport) => void;
}

/** Where no configuration is given: Ollama at $OLLAMA_HOST or on this machine, tasks in ./data, and little to say. */
const DEFAULTS = { ollama: {}, queue: { storage_path: './data' }, logger: { level: 'warn' } };

export class QueueLife {
  readonly config: Config;
  readonly core: Core;
  readonly endings: TaskEndings;
  readonly #clock: Clock;
  readonly #log: OpenLogger;
  readonly #ended = new AbortController();
  /** Timers of the clock keep no process alive, and there may be no connection: while it is open, this does. */
  readonly #wakefulness = new MessageChannel();
  #engines: Promise<void> | undefined;

  /** With its store open; engines are started apart. Rejects with `configuration`; nothing runs then. */
  static async open(options: EmbeddingOptions, parts: QueueLifeParts): Promise<QueueLife> {
    const { clock, surroundings } = parts;
    const { config, warnings } = await configOf(options, DEFAULTS, surroundings);
    const log = openLog(config, parts.logger);
    for (const warning of warnings) log.logger.warn({}, formatWarning(warning));
    const { cwd, env } = surroundings;
    const life = new QueueLife(config, new Core({ config, logger: log.logger, cwd, env, clock }), log, clock);
    life.core.tasks.events.subscribe(({ report }) => {
      if (report) parts.onEvent(report);
    });
    try {
      await life.core.start();
      return life;
    } catch (thrown) {
      await life.close();
      throw thrown;
    }
  }

  private constructor(config: Config, core: Core, log: OpenLogger, clock: Clock) {
    this.config = config;
    this.core = core;
    this.endings = new TaskEndings(core.tasks);
    this.#clock = clock;
    this.#log = log;
    this.#wakefulness.port1.ref();
    // One of every stream that is read.
    setMaxListeners(0, this.#ended.signal);
  }

  get logger(): Logger {
    return this.#log.logger;
  }

  /** Aborts when it is over. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Idempotent. */
  startEngines(): Promise<void> {
    this.#engines ??= this.core.startEngines();
    return this.#engines;
  }

  /** Lets what runs end, for as long as `server.drain_timeout` says; then nothing runs any more. To be called once. */
  async close(): Promise<void> {
    const cut = new AbortController();
    const patience = this.#clock.after(this.config.server.drainTimeoutMs, () => cut.abort());
    await this.core.drain(cut.signal);
    patience.cancel();
    await this.endings.stop();
    await this.core.stop();
    this.#ended.abort();
    this.#wakefulness.port1.close();
    this.#wakefulness.port2.close();
    await this.#log.close();
  }
}

function openLog(config: Config, logger: Logger | undefined): OpenLogger {
  if (logger) return { logger, close: () => Promise.resolve() };
  return createLogger({ ...config.logger, stderrIsTTY: false, color: false });
}
