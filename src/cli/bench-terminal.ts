/** `gollama bench` as somebody sees it who watches: one line that moves on a terminal, a line every ten seconds elsewhere. */
import { type Progress, showProgress } from './progress.js';

export interface BenchTerminalOptions {
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly ascii: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const LOG_EVERY_MS = 10_000;
const WIDTH_UNKNOWN = 80;

export class BenchTerminal {
  readonly #isTold: boolean;
  /** One without a size, as CI jobs have, is written to as to a file. */
  readonly #isTerminal = process.stderr.isTTY === true && process.stderr.columns > 0;
  readonly ascii: boolean;
  #progress: Progress | undefined;
  #nextLogMs = LOG_EVERY_MS;

  constructor(options: BenchTerminalOptions) {
    this.#isTold = options.progress && !options.quiet;
    this.ascii = options.ascii || !speaksUtf8(options.env);
  }

  get width(): number {
    return process.stdout.columns || WIDTH_UNKNOWN;
  }

  get color(): boolean {
    return process.stdout.isTTY === true && process.stdout.hasColors();
  }

  /** A step that takes a while. */
  phase(text: string): void {
    if (this.#isTold && this.#isTerminal) this.#show(text);
  }

  /** How the run stands: `line` for a terminal, `log` for a file that keeps every line. */
  running(line: string, log: string, elapsedMs: number): void {
    if (!this.#isTold) return;
    if (this.#isTerminal) {
      this.#show(line);
      return;
    }
    if (elapsedMs < LOG_EVERY_MS) this.#nextLogMs = LOG_EVERY_MS;
    if (elapsedMs < this.#nextLogMs) return;
    this.#nextLogMs = elapsedMs + LOG_EVERY_MS;
    process.stderr.write(`${log}\n`);
  }

  done(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  #show(text: string): void {
    if (this.#progress) this.#progress.text(text);
    else this.#progress = showProgress(text);
  }
}

/** As the C library decides it: the first of these that is set. */
function speaksUtf8({ LC_ALL, LC_CTYPE, LANG }: BenchTerminalOptions['env']): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return locale === undefined || locale === '' || /utf-?8/i.test(locale);
}
