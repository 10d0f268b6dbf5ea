/** A program at a terminal of its own: typed at, and seen as a person sees it. */
import { type IPty, spawn } from '@lydell/node-pty';
import { atEnd } from './ending.js';
import { TerminalScreen } from './terminal-screen.js';

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** Beside PATH and TERM; nothing else of the user's. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface PtyEnd {
  readonly code: number;
  /** Its number, or 0. */
  readonly signal: number;
}

/** Longer than anything that is waited for, so that a failure names what did not come. */
const PATIENCE_MS = 15_000;

export class Pty {
  readonly screen: TerminalScreen;
  readonly ended: Promise<PtyEnd>;
  #written = '';
  #end: PtyEnd | undefined;
  readonly #pty: IPty;
  readonly #waiting = new Set<() => void>();

  /** Starts it; the end of the test ends it, with all that reads from its terminal. */
  static start(file: string, args: readonly string[], options: PtyOptions = {}): Pty {
    const pty = new Pty(file, args, options);
    atEnd(() => pty.kill());
    return pty;
  }

  private constructor(file: string, args: readonly string[], { columns = 80, rows = 24, cwd, env }: PtyOptions) {
    this.screen = new TerminalScreen(columns, rows);
    this.#pty = spawn(file, [...args], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      ...(cwd === undefined ? {} : { cwd }),
      env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...env },
    });
    this.#pty.onData((text) => {
      this.#written += text;
      this.screen.write(text);
      this.#tell();
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal = 0 }) => {
        this.#end = { code: exitCode, signal };
        resolve(this.#end);
        this.#tell();
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** All bytes that came, codes included. */
  get written(): string {
    return this.#written;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  resize(columns: number, rows: number, how: 'reflow' | 'cut'): void {
    this.screen.resize(columns, rows, how);
    this.#pty.resize(columns, rows);
  }

  /** As soon as the screen, with what has scrolled away, has that text. Rejects with the screen where it does not come. */
  shows(text: string | RegExp): Promise<void> {
    const isThere = () => {
      const all = this.screen.everything.join('\n');
      return typeof text === 'string' ? all.includes(text) : text.test(all);
    };
    return this.until(`to see ${text}`, isThere);
  }

  /** Looks whenever something was written, and at the end of the program. */
  until(what: string, isTrue: () => boolean): Promise<void> {
    if (isTrue()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const seen = () =>
        `${this.screen.everything.join('\n')}\n${this.#end ? `ended: ${JSON.stringify(this.#end)}` : ''}`;
      const fail = () => {
        this.#waiting.delete(look);
        clearTimeout(impatience);
        reject(new Error(`waited in vain ${what}:\n${seen()}`));
      };
      const look = () => {
        if (isTrue()) {
          this.#waiting.delete(look);
          clearTimeout(impatience);
          resolve();
        } else if (this.#end) fail();
      };
      const impatience = setTimeout(fail, PATIENCE_MS);
      this.#waiting.add(look);
    });
  }

  /** Closes the terminal, as a window is closed: the program is told by the kernel and once more, as a shell does. */
  hangUp(): void {
    (this.#pty as IPty & { destroy(): void }).destroy();
  }

  /** Idempotent. */
  async kill(): Promise<void> {
    if (this.#end) return;
    this.#pty.kill('SIGKILL');
    await this.ended;
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look();
  }
}
