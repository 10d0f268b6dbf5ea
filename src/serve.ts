/** `gollama serve`: one server in this process, from its configuration to its last answer. */
import { App } from './app.js';
import { GollamaError } from './base/errors.js';
import { createLogger } from './base/pino-logger.js';
import { packageVersion } from './base/version.js';
import type { ServeFlags } from './config/flags.js';
import { type LoadedConfig, loadConfig, realSurroundings } from './config/load.js';
import { formatWarning } from './config/remark.js';
import { checkEngine } from './engine/create-engine.js';
import { listenAddressOf } from './gateway/listen-address.js';
import type { EngineReport } from './protocol/status.js';
import { StopSignals } from './stop-signals.js';

export interface ServeOptions {
  /** The configuration file that was named. */
  readonly path: string | undefined;
  readonly flags: ServeFlags;
  readonly terminal: ServeTerminal;
}

/** What a person who watches is told, beside the log. */
interface ServeTerminal {
  say(line: string): void;
  /** Engines are starting; called again at every change, and with `undefined` when that is over. */
  starting(engines: readonly EngineReport[] | undefined): void;
  /** The server that holds our address; undefined where it is not one of ours. */
  identify(url: string): Promise<ServerThere | undefined>;
}

interface ServerThere {
  /** `gollama 1.2.0 (pid 4711, up 2 h)`. */
  readonly words: string;
  readonly pid: number | undefined;
}

export interface ServeEnd {
  readonly url: string;
  readonly uptimeS: number;
}

const NO_ENGINE = 'no engine is configured: the built-in simulated engine answers, as model "sim"';
const HOW_TO_ADD_ONE = [
  'to add a real one:',
  '  a model file      gollama serve --model ./model.gguf',
  '  a running server  gollama serve --upstream http://host:port',
  '  more than one     gollama config init, then gollama serve',
];

/** Checks what can be checked without starting anything; the names of the engines. Throws `configuration`. */
export async function checkServe(options: ServeOptions): Promise<readonly string[]> {
  const { config, warnings } = await load(options);
  for (const warning of warnings) options.terminal.say(`warning: ${formatWarning(warning)}`);
  const { cwd, env } = realSurroundings();
  listenAddressOf(config.server);
  for (const engine of config.engines) checkEngine(engine, { cwd, env });
  return config.engines.length > 0 ? config.engines.map(({ name }) => name) : [config.fallback];
}

/** Serves until a signal comes. Rejects when it cannot start; then nothing runs any more. */
export async function serve(options: ServeOptions): Promise<ServeEnd> {
  const { terminal } = options;
  const { config, path, warnings } = await load(options);
  const { cwd, env } = realSurroundings();
  const stderrIsTTY = process.stderr.isTTY === true;
  const log = createLogger({ ...config.logger, stderrIsTTY, color: stderrIsTTY && process.stderr.hasColors() });
  const app = new App({ config, logger: log.logger, cwd, env });
  for (const warning of warnings) log.logger.warn({ config: path }, formatWarning(warning));
  // Leaving the process kills what runs of its children.
  const signals = new StopSignals((exitCode) => process.exit(exitCode));
  try {
    await listen(app, terminal);
    log.logger.info(
      { url: app.url, version: packageVersion(), config: path, pid: process.pid },
      `listening on ${app.url}`,
    );
    if (app.simulated) {
      log.logger.warn(stderrIsTTY ? {} : { hint: HOW_TO_ADD_ONE }, NO_ENGINE);
      if (stderrIsTTY) for (const line of HOW_TO_ADD_ONE) terminal.say(line);
    }
    const stopped = await Promise.race([startEngines(app, terminal), signals.first]);
    if (stopped === undefined) {
      log.logger.info({ engines: app.status().engines.map(({ name, state }) => `${name} ${state}`) }, 'serving');
      await signals.first;
    }
    const running = app.inFlight;
    log.logger.info({ running }, running > 0 ? 'draining, a second signal ends it at once' : 'stopping');
    const end = { url: app.url, uptimeS: app.status().uptime_s };
    await app.stop();
    log.logger.info({}, 'stopped');
    return end;
  } finally {
    await app.stop();
    signals.dispose();
    await log.close();
  }
}

function load({ path, flags }: ServeOptions): Promise<LoadedConfig> {
  return loadConfig({ ...realSurroundings(), path, flags });
}

async function listen(app: App, terminal: ServeTerminal): Promise<void> {
  try {
    await app.listen();
  } catch (error) {
    // Another gollama holds the folder of tasks before anybody comes to the address.
    const mayBeOurs = error instanceof GollamaError && error.code === 'configuration' && !app.url.endsWith(':0');
    const there = mayBeOurs ? await terminal.identify(app.url) : undefined;
    if (there === undefined) throw error;
    throw new GollamaError('configuration', `${app.url} is in use by ${there.words}`, {
      cause: error,
      hint: waysOut(app.url, there, isAddressInUse(error)),
    });
  }
}

/** One server of the folder of tasks at a time: beside it, another one needs a folder of its own. */
function waysOut(url: string, { pid }: ServerThere, hasOwnFolder: boolean): string {
  const port = Number(new URL(url).port) + 1;
  const beside = `gollama serve --port ${port}${hasOwnFolder ? '' : ' --data-dir DIR'}`;
  const stop = pid === undefined ? '' : `; stop it: kill ${pid}`;
  return `use it: gollama status${stop}; serve beside it: ${beside}`;
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof GollamaError && (error.cause as { code?: string } | undefined)?.code === 'EADDRINUSE';
}

async function startEngines(app: App, terminal: ServeTerminal): Promise<undefined> {
  const tell = () => terminal.starting(app.status().engines);
  const stopTelling = app.onEngineChange(tell);
  tell();
  try {
    await app.startEngines();
  } finally {
    stopTelling();
    terminal.starting(undefined);
  }
  return undefined;
}
