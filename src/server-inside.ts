/** A server inside a program that has the terminal for itself: it listens on loopback alone, and its log goes to a file. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { App } from './app.js';
import { GollamaError } from './base/errors.js';
import { createLogger, type OpenLogger } from './base/pino-logger.js';
import type { ApiKeyConfig, Config } from './config/config.js';
import type { ServeFlags } from './config/flags.js';
import { loadConfig, realSurroundings } from './config/load.js';
import { formatWarning } from './config/remark.js';
import type { EngineReport } from './protocol/status.js';

export interface InsideOptions {
  /** The configuration file that was named. */
  readonly path: string | undefined;
  /** A model file, in place of the configured engines. */
  readonly model: string | undefined;
  /** Taken where it is free; otherwise any. */
  readonly port: number | undefined;
  /** Called while engines start, and with `undefined` when that is over. */
  readonly onStarting: (engines: readonly EngineReport[] | undefined) => void;
  readonly signal: AbortSignal;
}

export interface ServerInside {
  readonly url: string;
  /** For this program alone, where the configuration has keys. */
  readonly apiKey: string | undefined;
  /** For the user. */
  readonly notes: readonly string[];
  /** Idempotent. */
  stop(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const LOG_SIZE_MB_MAX = 10;

interface Listening {
  readonly app: App;
  readonly log: OpenLogger;
  readonly logPath: string;
  readonly apiKey: string | undefined;
  readonly notes: readonly string[];
  readonly dispose: () => Promise<void>;
}

/** Resolves when its engines are ready. Rejects, with nothing left running, where they do not start, and when `signal` aborts. */
export async function serveInside(options: InsideOptions): Promise<ServerInside> {
  const { app, log, logPath, apiKey, notes, dispose } = await listening(options);
  const stop = async () => {
    await app.stop();
    await log.close();
    await dispose();
  };
  try {
    await enginesReady(app, options);
  } catch (thrown) {
    await stop();
    throw withLog(thrown, logPath);
  }
  return { url: app.url, apiKey, notes: app.simulated ? [...notes, NO_ENGINE] : notes, stop };
}

const NO_ENGINE = 'no engine is configured: the built-in simulated one answers (a real one: gollama chat -m FILE.gguf)';

function withLog(thrown: unknown, logPath: string): unknown {
  if (!(thrown instanceof GollamaError) || thrown.code === 'cancelled') return thrown;
  const hint = `${thrown.hint === undefined ? '' : `${thrown.hint}; `}log: ${logPath}`;
  return new GollamaError(thrown.code, thrown.message, { hint, cause: thrown });
}

/**
 * 1. At the address that is wanted. 2. Where that is taken, at any. 3. Where another gollama has the folder of tasks, with a
 * folder that is gone at the end.
 */
async function listening(options: InsideOptions): Promise<Listening> {
  const { port } = options;
  const nothing = async () => {};
  const tries: (() => Promise<Listening>)[] = [
    () => listen(options, port === undefined ? {} : { port }, nothing),
    () => listen(options, { port: 0 }, nothing),
    async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'gollama-'));
      return listen(options, { port: 0, dataDir }, () => rm(dataDir, { recursive: true, force: true }));
    },
  ];
  for (const [at, next] of tries.entries()) {
    try {
      return await next();
    } catch (thrown) {
      const mayHelp = thrown instanceof InUse && at < tries.length - 1;
      if (!mayHelp) throw thrown instanceof InUse ? thrown.cause : thrown;
    }
  }
  throw new GollamaError('internal', 'no way to listen was tried');
}

/** What has the address or the folder. */
class InUse extends Error {}

async function listen(
  { path, model }: InsideOptions,
  flags: ServeFlags,
  dispose: () => Promise<void>,
): Promise<Listening> {
  const surroundings = realSurroundings();
  const asked = { ...flags, host: LOOPBACK, ...(model === undefined ? {} : { model }) };
  let log: OpenLogger | undefined;
  let app: App | undefined;
  try {
    const { config: loaded, warnings } = await loadConfig({ ...surroundings, path, flags: asked });
    const apiKey = loaded.server.apiKeys.length > 0 ? randomBytes(24).toString('base64url') : undefined;
    const config = forUs(loaded, flags.dataDir, apiKey);
    const logPath = config.logger.file ?? join(config.dataDir, 'chat-server.log');
    log = openLog(config, logPath);
    app = new App({ config, logger: log.logger, cwd: surroundings.cwd, env: surroundings.env });
    await app.listen();
    const notes = [`server at ${app.url}, until this chat ends · log ${logPath}`, ...warnings.map(formatWarning)];
    return { app, log, logPath, apiKey, notes, dispose };
  } catch (thrown) {
    await app?.stop();
    await log?.close();
    await dispose();
    const isTaken = app !== undefined && thrown instanceof GollamaError && thrown.code === 'configuration';
    throw isTaken ? new InUse('', { cause: thrown }) : thrown;
  }
}

/** Nothing of it goes to the terminal. */
function openLog({ logger }: Config, file: string): OpenLogger {
  const maxSizeMb = logger.maxSizeMb ?? LOG_SIZE_MB_MAX;
  const nowhere = new Writable({ write: (_, __, done) => done() });
  return createLogger({ ...logger, maxSizeMb, file, stderrIsTTY: false, color: false }, { stderr: nowhere });
}

/** With a key for us, and with all its data in the folder that was chosen. */
function forUs(config: Config, dataDir: string | undefined, apiKey: string | undefined): Config {
  const apiKeys = [...config.server.apiKeys, ...(apiKey === undefined ? [] : [ourKey(apiKey)])];
  const server = { ...config.server, apiKeys };
  const queue = dataDir === undefined ? config.queue : { ...config.queue, storagePath: join(dataDir, 'tasks') };
  return { ...config, server, queue };
}

function ourKey(apiKey: string): ApiKeyConfig {
  const sha256 = createHash('sha256').update(apiKey).digest('hex');
  return { name: 'chat', sha256, admin: false, maxPriority: undefined, maxConcurrency: undefined };
}

async function enginesReady(app: App, { onStarting, signal }: InsideOptions): Promise<void> {
  const tell = () => onStarting(app.status().engines);
  const stopTelling = app.onEngineChange(tell);
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(new GollamaError('cancelled', 'stopped before the engines were ready')),
    );
  });
  stopped.catch(() => undefined);
  tell();
  try {
    if (signal.aborted) throw new GollamaError('cancelled', 'stopped before the engines were ready');
    await Promise.race([app.startEngines(), stopped]);
  } finally {
    stopTelling();
    onStarting(undefined);
  }
}
