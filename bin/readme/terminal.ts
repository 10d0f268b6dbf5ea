/** A terminal as a new user has it: a home without anything in it, a shell, and `gollama` on the PATH. */
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { endAll } from '../../test/support/ending.js';
import { makePlace } from '../../test/support/place.js';
import { Pty } from '../../test/support/pty.js';
import { TerminalScreen } from '../../test/support/terminal-screen.js';
import { settled } from './settled.js';

/** A command that goes on until it is stopped. */
export interface Begun {
  /** What is seen so far, the line included. */
  readonly text: string;
  stop(): Promise<void>;
}

const RUN_JS = fileURLToPath(new URL('../run.js', import.meta.url));
const COLUMNS = 100;
const ROWS = 60;
/** No line of a command is that long: nothing is wrapped. */
const ENDLESS_COLUMNS = 1_000;
/** Nothing that is shown takes nearly that long. */
const PATIENCE_MS = 60_000;
const CTRL_C = '\x03';
const CTRL_D = '\x04';

export class Terminal {
  readonly #place = makePlace();
  readonly #env: Readonly<Record<string, string>>;

  /** With an address of its own for a server. */
  static async open(): Promise<Terminal> {
    return new Terminal(`127.0.0.1:${await findFreePort()}`);
  }

  private constructor(address: string) {
    const { home } = this.#place;
    this.#place.write(`${home}/bin/gollama`, `#!/bin/sh\nexec '${process.execPath}' '${RUN_JS}' "$@"\n`, 0o755);
    this.#env = {
      PATH: `${home}/bin:/usr/bin:/bin`,
      HOME: home,
      LANG: 'C.UTF-8',
      GOLLAMA_SERVER_ADDR: address,
    };
  }

  /** Types a line and waits for its end; what is seen then, the line included. Rejects where it fails. */
  async run(line: string): Promise<string> {
    const pty = this.#start(line);
    await this.#endOf(pty);
    return this.#settled(line, unwrapped(pty.written));
  }

  /** Types a line, and waits for that text. */
  async begin(line: string, until: string): Promise<Begun> {
    const pty = this.#start(line);
    await pty.until(`for ${until}`, () => pty.written.includes(until));
    return {
      text: this.#settled(line, unwrapped(pty.written)),
      stop: () => {
        pty.type(CTRL_C);
        return this.#endOf(pty);
      },
    };
  }

  /** Types a line, and to what it starts each of `words` as soon as it shows its prompt. */
  async converse(line: string, prompt: string, words: readonly string[]): Promise<string> {
    const pty = this.#start(line);
    const isAsking = () => pty.screen.shown.at(-1) === prompt;
    await pty.until('for the prompt', isAsking);
    for (const typed of words) {
      pty.type(`${typed}\r`);
      await pty.shows(`${prompt} ${typed}`);
      await pty.until(`for the end of ${typed}`, isAsking);
    }
    pty.type(CTRL_D);
    await this.#endOf(pty);
    return this.#settled(line, pty.screen.everything.join('\n'));
  }

  #start(line: string): Pty {
    return Pty.start('/bin/sh', ['-c', line], { columns: COLUMNS, rows: ROWS, cwd: this.#place.cwd, env: this.#env });
  }

  async #endOf(pty: Pty): Promise<void> {
    const impatience = setTimeout(() => pty.kill(), PATIENCE_MS);
    const { code } = await pty.ended;
    clearTimeout(impatience);
    if (code !== 0) throw new Error(`exit code ${code}:\n${unwrapped(pty.written)}`);
  }

  #settled(line: string, seen: string): string {
    const { home, cwd } = this.#place;
    return settled(`$ ${line}\n${seen}`, { [cwd]: '/home/me/project', [home]: '/home/me' });
  }
}

/** Ends what was started, and takes away what was written. */
export async function closeTerminals(): Promise<void> {
  await endAll();
}

function unwrapped(written: string): string {
  const screen = new TerminalScreen(ENDLESS_COLUMNS, ROWS);
  screen.write(written);
  return screen.everything.join('\n');
}
