/** Mocks in a child process, from the side of the parent. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Clock, pause } from '../../src/base/clock.js';
import { GollamaError } from '../../src/base/errors.js';
import { programBeside } from '../../src/base/program-beside.js';
import type { MockMessage } from './program.js';
import type { MockOptions } from './server.js';

const START_PATIENCE_MS = 10_000;
const STOP_PATIENCE_MS = 2_000;

export class MockProcess {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly urls: readonly string[];

  /** Resolves when each of them listens; throws `internal` where the process does not come up. */
  static async start(options: readonly MockOptions[], clock: Clock, signal: AbortSignal): Promise<MockProcess> {
    const { url, execArgv } = programBeside(import.meta.url, 'program');
    const child = fork(fileURLToPath(url), [JSON.stringify(options)], {
      execArgv,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    try {
      const told = await firstMessage(child, clock, signal);
      if ('error' in told) throw new GollamaError('internal', `the mock server did not start: ${told.error}`);
      if (!('urls' in told)) throw new GollamaError('internal', 'the mock server told something else than its address');
      return new MockProcess(child, told.urls, clock);
    } catch (thrown) {
      await end(child, clock);
      throw thrown;
    }
  }

  private constructor(child: ChildProcess, urls: readonly string[], clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.urls = urls;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** CPU time that it has used. */
  async cpuUs(signal: AbortSignal): Promise<number> {
    this.#child.send('cpu');
    const told = await firstMessage(this.#child, this.#clock, signal);
    return 'cpuUs' in told ? told.cpuUs : Number.NaN;
  }

  /** Idempotent; resolves when the process is gone. */
  stop(): Promise<void> {
    return end(this.#child, this.#clock);
  }
}

async function firstMessage(child: ChildProcess, clock: Clock, signal: AbortSignal): Promise<MockMessage> {
  const over = new AbortController();
  const ended = { error: 'its process ended' };
  const late = { error: `nothing heard of it in ${START_PATIENCE_MS / 1000} s` };
  try {
    return await Promise.race([
      once(child, 'message', { signal: over.signal }).then(([message]) => message as MockMessage),
      once(child, 'exit', { signal: over.signal }).then(() => ended),
      pause(clock, START_PATIENCE_MS, AbortSignal.any([signal, over.signal])).then(() => late),
    ]);
  } finally {
    over.abort();
  }
}

async function end(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exited, pause(clock, STOP_PATIENCE_MS)]);
  child.kill('SIGKILL');
  await exited;
}
