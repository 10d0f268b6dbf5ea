/** The process around the stand-in server: signals, exit code, and the faults that are a process's own. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { type Clock, systemClock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { type SimulatedProcess, SimulatedServer, type SimulatedServerOptions } from './simulated-server.js';

export interface ProgramDeps {
  readonly random: Random;
  log(line: string): void;
  readonly clock?: Clock;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** A forgotten grandchild goes away by itself after ten minutes. */
const GRANDCHILD_SCRIPT = 'setTimeout(() => {}, 600000)';

/** Serves until SIGTERM or SIGINT. Resolves with the exit code: 0, or 1 where it cannot listen. */
export async function runSimulation(options: SimulatedServerOptions, deps: ProgramDeps): Promise<number> {
  const signalled = new AbortController();
  const onSignal = () => signalled.abort();
  const server: SimulatedServer = new SimulatedServer(options, {
    clock: deps.clock ?? systemClock,
    random: deps.random,
    process: ownProcess,
    log: deps.log,
    // As llama-server: while it loads, a signal ends it without more ado.
    onReady: () => listenToSignals(server.ignoresSignals ? ignore : onSignal),
  });
  if (server.ignoresSignals) listenToSignals(ignore);
  try {
    await server.start();
  } catch {
    return 1;
  }
  await aborted(signalled.signal);
  deps.log('I srv    operator(): operator(): cleaning up before exit...');
  await server.stop();
  return 0;
}

const ownProcess: SimulatedProcess = {
  exit: (code) => process.exit(code),
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  spawnGrandchild: () => {
    spawn(process.execPath, ['-e', GRANDCHILD_SCRIPT], { stdio: ['ignore', 'inherit', 'inherit'] }).unref();
  },
};

function listenToSignals(listener: () => void): void {
  for (const signal of SIGNALS) process.on(signal, listener);
}

function ignore(): void {}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
