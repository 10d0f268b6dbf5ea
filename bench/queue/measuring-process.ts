/** A measurement in a process of its own, from the side of its parent. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Figures, Setting } from './measurement.js';

export type ProgramMessage = { readonly figures: Figures } | { readonly error: string } | 'working';

/** Compiled also where this is not: what is measured is what users run. */
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/bench/queue/program.js' : './program.js',
  import.meta.url,
);

export function startMeasurement(name: string, setting: Setting): ChildProcess {
  return fork(fileURLToPath(PROGRAM), [name, JSON.stringify(setting)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Rejects where it fails, ends, or `signal` aborts. */
export async function runMeasurement(name: string, setting: Setting, signal?: AbortSignal): Promise<Figures> {
  const child = startMeasurement(name, setting);
  const over = new AbortController();
  const either = { signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal };
  const exited = once(child, 'exit');
  try {
    const message = await Promise.race([
      once(child, 'message', either).then(([told]) => told as ProgramMessage),
      once(child, 'exit', either).then((): ProgramMessage => ({ error: 'its process ended' })),
    ]);
    if (message === 'working' || 'error' in message) {
      throw new Error(`${name}: ${message === 'working' ? 'it told no figures' : message.error}`);
    }
    return message.figures;
  } finally {
    over.abort();
    child.kill('SIGKILL');
    await exited;
  }
}
