/** What an installation needs beside a valid configuration, looked at as `serve` would, without starting anything. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, resolve } from 'node:path';
import { type GollamaError, messageOf, toGollamaError } from './base/errors.js';
import { createDriver } from './base/sqlite/create-driver.js';
import { isBusy } from './base/sqlite/storage-failure.js';
import type { Config, EngineConfig } from './config/config.js';
import type { Environment } from './config/environment.js';
import { readArguments } from './engine/llama-arguments.js';
import { checkModelFile, locateLlamaServer } from './engine/supervisor/locate.js';
import { type ListenAddress, listenAddressOf } from './gateway/listen-address.js';
import { taskFolder } from './tasks/create-task-store.js';
import { storeFiles } from './tasks/sqlite/store-folder.js';

type LlamaServerConfig = Extract<EngineConfig, { kind: 'llama-server' }>;

export interface EngineFiles {
  /** Absolute, or why there is none. */
  readonly program: string | GollamaError;
  /** A script may do anything, also when it is asked for its version. */
  readonly isLlamaServer: boolean;
  /** undefined: the engine gets its model from elsewhere. */
  readonly model: string | GollamaError | undefined;
}

export interface Place {
  readonly cwd: string;
  readonly env: Environment;
}

export function engineFiles({ bin, args, modelPath, baseUrl }: LlamaServerConfig, { cwd, env }: Place): EngineFiles {
  const llamaServerEnv = env.GOLLAMA_LLAMA_SERVER;
  const program = found(() => locateLlamaServer({ bin, llamaServerEnv, searchPath: env.PATH, cwd }));
  const isLlamaServer = typeof program === 'string' && basename(program).startsWith('llama-server');
  const model = found(() => {
    const path = modelPath ?? (isLlamaServer ? readArguments({ args, modelPath, baseUrl }).modelPath : undefined);
    if (path === undefined) return undefined;
    checkModelFile(path, cwd);
    return resolve(cwd, path);
  });
  return { program, isLlamaServer, model };
}

/** Where `serve` would listen, or why it would not. */
export function addressOf({ server }: Config): ListenAddress | GollamaError {
  return found(() => listenAddressOf(server));
}

/** The system's code where nobody can listen there at the moment: `EADDRINUSE`, `EACCES`; undefined where it is free. */
export function listenProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done('code' in error ? String(error.code) : messageOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(undefined)));
  });
}

/** Absolute; undefined where tasks are in memory only. */
export function tasksFolderOf(config: Config, cwd: string): string | undefined {
  return taskFolder(config.queue.storagePath, cwd);
}

/** The process that has the folder of tasks; undefined where none has. */
export async function holderOf(folder: string): Promise<number | undefined> {
  const { holder, lock } = storeFiles(folder);
  const pid = pidIn(holder);
  // The file outlives its process; the lock does not, but is only touched where somebody may have it.
  return pid !== undefined && isRunning(pid) && (await isLocked(lock)) ? pid : undefined;
}

async function isLocked(path: string): Promise<boolean> {
  const database = (await createDriver())(path);
  try {
    database.exec('PRAGMA busy_timeout=0');
    database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get();
    return false;
  } catch (thrown) {
    return isBusy(thrown);
  } finally {
    database.close();
  }
}

function pidIn(path: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(path, 'utf8')) as { readonly pid?: unknown };
    return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as { code?: unknown }).code === 'EPERM';
  }
}

function found<T>(look: () => T): T | GollamaError {
  try {
    return look();
  } catch (thrown) {
    return toGollamaError(thrown);
  }
}
