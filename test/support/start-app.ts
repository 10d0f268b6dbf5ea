/** The whole server in this process, on a free port of loopback. */
import { App } from '../../src/app.js';
import type { Clock } from '../../src/base/clock.js';
import type { Logger } from '../../src/base/logger.js';
import { parseConfig } from '../../src/config/parse.js';
import type { ServerStatus } from '../../src/protocol/status.js';
import { atEnd } from './ending.js';
import { makePlace, type Place } from './place.js';

export interface AppSetup {
  readonly clock?: Clock;
  readonly place?: Place;
  readonly env?: Readonly<Record<string, string>>;
  /** False: it listens, and its engines are still to be started. */
  readonly startEngines?: boolean;
}

interface LoggedLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface StartedApp {
  readonly app: App;
  readonly url: string;
  /** Every line of the log, also those below `info`. */
  readonly log: readonly LoggedLine[];
  status(): ServerStatus;
  stop(): Promise<void>;
}

/** `yaml`: a configuration file; its listen address is replaced by a free port. `atEnd` stops the app. */
export async function startApp(yaml: string, setup: AppSetup = {}): Promise<StartedApp> {
  const place = setup.place ?? makePlace();
  const env = { PATH: process.env.PATH ?? '', ...setup.env };
  const { config } = await parseConfig({
    file: { name: 'gollama.yaml', text: yaml },
    env,
    flags: { port: 0, dataDir: place.dataDir },
    cwd: place.cwd,
    home: place.home,
    readText: () => Promise.reject(new Error('no other file is read')),
  });
  const log: LoggedLine[] = [];
  const clock = setup.clock ? { clock: setup.clock } : {};
  const app = new App({ config, logger: recordingLogger(log), cwd: place.cwd, env, ...clock });
  atEnd(() => app.stop());
  await app.listen();
  if (setup.startEngines !== false) await app.startEngines();
  return { app, url: app.url, log, status: () => app.status(), stop: () => app.stop() };
}

function recordingLogger(lines: LoggedLine[], bound: object = {}): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, msg: message, ...bound, ...fields });
  };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}
