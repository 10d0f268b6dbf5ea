/** A contestant's process, from the side of the benchmark. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { programBeside } from '../../src/base/program-beside.js';
import type { ContestantName, Play } from './contestant.js';
import type { ContestantMessage, Report } from './contestant-program.js';

export class ContestantProcess {
  readonly #child: ChildProcess;

  constructor(name: ContestantName) {
    const { url, execArgv } = programBeside(import.meta.url, 'contestant-program');
    this.#child = fork(fileURLToPath(url), [name], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  /** Rejects where it fails, ends, or `signal` aborts. */
  async play(play: Play, signal: AbortSignal): Promise<Report> {
    this.#child.send(play);
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      const message = await Promise.race([
        once(this.#child, 'message', { signal: either }).then(([told]) => told as ContestantMessage),
        once(this.#child, 'exit', { signal: either }).then(() => ({ error: 'its process ended' })),
      ]);
      if ('error' in message) throw new Error(`the contestant failed: ${message.error}`);
      return message;
    } finally {
      over.abort();
    }
  }

  /** Idempotent; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
