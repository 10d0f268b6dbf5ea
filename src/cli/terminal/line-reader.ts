/**
 * Whatever lines that a person types are read from: the contract of `line-editor.ts`, and of `plain-line-reader.ts` for terminals
 * without cursor codes. It has the terminal from `start` to `stop`, also while nothing is read.
 */
import type { Clock } from '../../base/clock.js';
import type { Completer } from './completion.js';
import type { KeySource, ProcessSignals, TerminalOutput } from './terminal-mode.js';

/** How a line ends. */
export type LineResult =
  /** Of a block in `"""` what stands in it. */
  | { readonly kind: 'line'; readonly text: string }
  /** Ctrl+C. `wasEmpty`: there was nothing that it took away. */
  | { readonly kind: 'interrupt'; readonly wasEmpty: boolean }
  /** Ctrl+D on an empty line, or no more input; also every time after. */
  | { readonly kind: 'end' }
  /** Ctrl+G: the text is to be edited elsewhere. */
  | { readonly kind: 'edit'; readonly text: string };

export interface LineHistory {
  /** Oldest first. */
  entries(): readonly string[];
  add(text: string): void;
}

export interface LineReaderOptions {
  /** `process.stdin`. */
  readonly input: KeySource;
  /** `process.stdout`. */
  readonly output: TerminalOutput;
  readonly clock: Clock;
  /** `process`. */
  readonly signals: ProcessSignals;
  readonly history?: LineHistory | undefined;
  /** How marks that are not part of the text look. */
  readonly dim?: ((text: string) => string) | undefined;
  /** The program was stopped (Ctrl+Z) and goes on; the cursor stands on a new row. */
  readonly onContinued?: (() => void) | undefined;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Stands there from the beginning. */
  readonly prefill?: string | undefined;
  /** Before the further lines of a text; default `… `. */
  readonly continuation?: string | undefined;
  readonly completer?: Completer | undefined;
  /** Whether the line goes into the history; default true. */
  readonly remember?: boolean | undefined;
  /** Drops what was typed before the question stood there; default false. */
  readonly isFresh?: boolean | undefined;
}

export interface LineReader {
  /** Takes the terminal. Idempotent. */
  start(): void;
  /** Gives the terminal back; a line that is being read is at its end. Idempotent. */
  stop(): void;
  /** Lends the terminal to another program; only while nothing is read. Idempotent. */
  suspend(): void;
  /** Takes the terminal back. Idempotent. */
  resume(): void;
  /** Calls `listener` for Ctrl+C while nothing is read; without any, it is told by the next `read`. Returns what undoes it. */
  onInterrupt(listener: () => void): () => void;
  /** The next line; the cursor stands on a new row then. One at a time. `prompt` is one row. Rejects with the signal's reason. */
  read(prompt: string, options?: ReadOptions): Promise<LineResult>;
  /** Prints above the line that is being read; `text` ends with a line break. */
  tell(text: string): void;
}

/** The one that fits the terminal. */
export async function createLineReader(
  options: LineReaderOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LineReader> {
  if (env.TERM === 'dumb') {
    const { PlainLineReader } = await import('./plain-line-reader.js');
    return new PlainLineReader(options);
  }
  const { LineEditor } = await import('./line-editor.js');
  return new LineEditor(options);
}
