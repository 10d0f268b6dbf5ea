/** A gateway of our own for `--engine sim`: started for the run as a process, so that it does not share our event loop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Clock, pause } from '../src/base/clock.js';
import { GollamaError } from '../src/base/errors.js';
import { parseJsonObject } from '../src/protocol/json-object.js';

export interface OwnGateway {
  readonly url: string;
  /** Idempotent. Resolves when its process has ended. */
  stop(): Promise<void>;
}

/** Fast enough that a run takes seconds; every figure is the gateway's and the client's, not a model's. */
const CONFIGURATION = {
  server: { addr: '127.0.0.1:0' },
  engines: [
    { kind: 'simulated', name: 'simulated', models: ['sim'], slots: 8, ttft: '50ms', token_time: '10ms', seed: 1 },
  ],
  logger: { level: 'info' },
};

const START_PATIENCE_MS = 20_000;
const STOP_PATIENCE_MS = 3_000;

/** Undefined where `signal` came first: nothing of it is left then. Throws `internal` where it cannot be started. */
export async function startOwnGateway(clock: Clock, signal: AbortSignal): Promise<OwnGateway | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'gollama-bench-'));
  const file = join(folder, 'gollama.yaml');
  await writeFile(file, JSON.stringify(CONFIGURATION));
  // The very program that runs now, whichever way it was started.
  const program = [...process.execArgv, process.argv[1] ?? ''];
  const child = spawn(process.execPath, [...program, 'serve', '-c', file, '--data-dir', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = stopping(child, folder, clock);
  try {
    const url = await Promise.race([listeningUrl(child), late(clock, signal)]);
    if (url !== undefined) return { url, stop };
    await stop();
    return undefined;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Also where this process ends at once, on the second Ctrl+C, neither the child nor its folder stays. */
function stopping(child: ChildProcess, folder: string, clock: Clock): () => Promise<void> {
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const abandon = () => {
    child.kill('SIGKILL');
    remove();
  };
  process.once('exit', abandon);
  const ended = once(child, 'exit').then(() => {
    process.off('exit', abandon);
    remove();
  });
  return async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, pause(clock, STOP_PATIENCE_MS)]);
    child.kill('SIGKILL');
    await ended;
  };
}

/** Undefined when `signal` comes. */
async function late(clock: Clock, signal: AbortSignal): Promise<undefined> {
  await pause(clock, START_PATIENCE_MS, signal);
  if (signal.aborted) return undefined;
  throw new GollamaError('internal', `the gateway on the simulated engine did not listen in ${START_PATIENCE_MS} ms`);
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  if (!child.stderr) throw new GollamaError('internal', 'the gateway has no standard error stream');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const url = parseJsonObject(Buffer.from(line))?.url;
    if (typeof url === 'string') {
      // Nobody reads the rest, and a full pipe would stop it.
      child.stderr.resume();
      return url;
    }
    said.push(line);
  }
  throw new GollamaError('internal', `the gateway on the simulated engine could not be started: ${said.join(' ')}`);
}
