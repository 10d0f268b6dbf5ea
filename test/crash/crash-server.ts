/** The server under test: the installed command as a process, with its data in a folder that outlives it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { atEnd } from '../support/ending.js';
import type { Place } from '../support/place.js';

const LINES_KEPT = 40;

export class CrashServer {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  /** Resolves with its URL; rejects where it ends before. */
  readonly listening: Promise<string>;
  readonly ended: Promise<void>;
  isEnded = false;

  constructor(runJs: string, place: Place, config: string) {
    const args = [runJs, 'serve', '-c', config, '--port', '0', '--data-dir', place.dataDir];
    this.#child = spawn(process.execPath, args, {
      cwd: place.cwd,
      env: { PATH: process.env.PATH, HOME: place.home, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.ended = once(this.#child, 'close').then(() => {
      this.isEnded = true;
      running.delete(this);
    });
    this.listening = new Promise((resolve, reject) => {
      const read = (line: string) => {
        this.#lines.push(line);
        if (this.#lines.length > LINES_KEPT) this.#lines.shift();
        if (line.includes('"msg":"listening on')) resolve((JSON.parse(line) as { url: string }).url);
      };
      if (this.#child.stderr) createInterface({ input: this.#child.stderr }).on('line', read);
      void this.ended.then(() => reject(new Error(`the server ended before it listened:\n${this.told}`)));
    });
    this.listening.catch(() => {});
    running.add(this);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The last of what it wrote. */
  get told(): string {
    return this.#lines.join('\n');
  }

  /** Resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}

const running = new Set<CrashServer>();

/** Ends what runs when the test itself ends early. */
export function endServersAtEnd(): void {
  atEnd(() => Promise.all([...running].map((server) => server.end('SIGKILL'))));
}
