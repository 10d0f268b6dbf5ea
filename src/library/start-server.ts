/** A whole gollama server in this process. */
import { App } from '../app.js';
import { createLogger } from '../base/pino-logger.js';
import { realSurroundings } from '../config/load.js';
import { formatWarning } from '../config/remark.js';
import type { ServerStatus } from '../protocol/status.js';
import { assertOptions, configOf, type EmbeddingOptions } from './options.js';

export interface ServerOptions extends EmbeddingOptions {
  /** Default: this machine alone; with API keys, everybody. */
  readonly host?: string | undefined;
  /** Default 8081; 0 takes a free one. */
  readonly port?: number | undefined;
}

export interface RunningServer {
  /** `http://127.0.0.1:8081`. */
  readonly url: string;
  status(): ServerStatus;
  /** Lets answers under way end, for as long as `server.drain_timeout` (10 s) says. Idempotent. */
  stop(): Promise<void>;
}

const DEFAULTS = { logger: { level: 'warn' } };

/**
 * Resolves when it listens and its engines have been started. Without an engine, the simulated one answers. Rejects with
 * `usage` and `configuration`; then nothing runs.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  assertOptions(options, ['host', 'port']);
  const { host, port, ...others } = options;
  const around = realSurroundings();
  const { config, warnings } = await configOf(others, DEFAULTS, around, { host, port });
  const log = createLogger({ ...config.logger, stderrIsTTY: false, color: false });
  for (const warning of warnings) log.logger.warn({}, formatWarning(warning));
  const stop = async (app: App | undefined) => {
    await app?.stop();
    await log.close();
  };
  let app: App | undefined;
  try {
    app = new App({ config, logger: log.logger, cwd: around.cwd, env: around.env });
    await app.start();
  } catch (thrown) {
    await stop(app);
    throw thrown;
  }
  const started = app;
  return { url: started.url, status: () => started.status(), stop: () => stop(started) };
}
