/** A process under measurement: its CPU time and its memory, read from Linux's /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { pause, systemClock } from '../../src/base/clock.js';

export interface ProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where its output goes. A file: reading a pipe would cost this process CPU time while it measures. */
  readonly outputPath: string;
}

const STOP_PATIENCE_MS = 5_000;

export class MeasuredProcess {
  readonly #child: ChildProcess;
  readonly #outputPath: string;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[], { cwd, env, outputPath }: ProcessOptions) {
    const output = openSync(outputPath, 'a');
    this.#outputPath = outputPath;
    this.#child = spawn(command, args, { cwd, env, stdio: ['ignore', output, output] });
    this.#ended = once(this.#child, 'exit').catch(() => undefined);
    closeSync(output);
    process.once('exit', this.#kill);
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** CPU time of all its threads so far. Threads that have ended are not in it; none of the gateways ends threads. */
  cpuUs(): number {
    let ns = 0;
    for (const task of readdirSync(`/proc/${this.#child.pid}/task`)) {
      ns += Number(readFileSync(`/proc/${this.#child.pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]);
    }
    return ns / 1_000;
  }

  /** Resident memory. */
  rssBytes(): number {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'));
    return Number(match?.[1] ?? Number.NaN) * 1024;
  }

  /** The last lines that it wrote, for the message when it fails. */
  lastOutput(): string {
    return readFileSync(this.#outputPath, 'utf8').trim().split('\n').slice(-5).join('\n');
  }

  /** SIGTERM, then SIGKILL. Idempotent; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.running) {
      this.#child.kill('SIGTERM');
      await Promise.race([this.#ended, pause(systemClock, STOP_PATIENCE_MS)]);
      this.#kill();
      await this.#ended;
    }
    process.removeListener('exit', this.#kill);
  }

  readonly #kill = () => {
    if (this.running) this.#child.kill('SIGKILL');
  };
}
