/** What a slash command is, and what it can do: the contract of all of them. */
import type { Clock } from '../../base/clock.js';
import type { LineHistory, LineReader } from '../terminal/line-reader.js';
import type { Asker } from './asker.js';
import type { Chat } from './chat.js';
import type { Screen } from './screen.js';

export interface ChatSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** `process.platform`. */
  readonly platform: string;
}

interface SearchableHistory extends LineHistory {
  search(text: string, max?: number): readonly string[];
}

/** All that a chat at a terminal is made of. */
export interface Repl {
  readonly chat: Chat;
  readonly asker: Asker;
  readonly screen: Screen;
  readonly lines: LineReader;
  readonly history: SearchableHistory;
  readonly around: ChatSurroundings;
  readonly clock: Clock;
  /** The program is to end. */
  readonly signal: AbortSignal;
}

/** What comes next; undefined: the next line is read. */
export type CommandEnd =
  | { readonly kind: 'leave' }
  /** Stands at the next prompt, to be edited. */
  | { readonly kind: 'typed'; readonly text: string }
  | undefined;

export interface Command {
  /** Without the slash. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** What stands behind the name, such as `[name]`. */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** Whole words that may take the place of `word`; `before`: the words before it. */
  readonly complete?: (
    repl: Repl,
    word: string,
    before: readonly string[],
  ) => readonly string[] | Promise<readonly string[]>;
  /** `argument`: all that stands behind the name. `signal`: Ctrl+C. May throw GollamaError, which is told. */
  readonly run: (repl: Repl, argument: string, signal: AbortSignal) => CommandEnd | Promise<CommandEnd>;
}

/** What is typed behind a short prompt (see `askYesNo` for questions); undefined where it is given up. */
export async function askPerson(repl: Repl, prompt: string): Promise<string | undefined> {
  const { lines, signal } = repl;
  try {
    const result = await lines.read(prompt, { remember: false, isFresh: true, signal });
    return result.kind === 'line' ? result.text.trim() : undefined;
  } catch (thrown) {
    if (signal.aborted) return undefined;
    throw thrown;
  }
}
