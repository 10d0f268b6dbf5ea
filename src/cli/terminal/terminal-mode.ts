/**
 * The modes of a terminal in which every key is told at once, and a paste is told as one. It is left however the program ends:
 * by itself, by an exception, by a signal. Only SIGKILL leaves it as it is.
 */

/** Standard input, as far as it is needed. */
export interface KeySource {
  readonly isTTY?: boolean | undefined;
  setRawMode?(isRaw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  off(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Standard output, as far as it is needed. */
export interface TerminalOutput {
  /** Undefined or 0: the terminal does not tell. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'resize' | 'error', listener: () => void): unknown;
}

export type ProcessSignals = Pick<NodeJS.Process, 'on' | 'off' | 'kill' | 'pid' | 'listenerCount'>;

const BRACKETED_PASTE_ON = '\x1b[?2004h';
const BRACKETED_PASTE_OFF = '\x1b[?2004l';
const SHOW_CURSOR = '\x1b[?25h';
const ENDING_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

type EndingSignal = (typeof ENDING_SIGNALS)[number];

export class TerminalMode {
  readonly #input: KeySource;
  readonly #output: TerminalOutput;
  readonly #process: ProcessSignals;
  #isOn = false;
  readonly #onExit = () => this.leave();
  readonly #onSignal = (signal: EndingSignal) => {
    this.leave();
    // Somebody else listens: then it is theirs how the program ends.
    if (this.#process.listenerCount(signal) === 0) this.#process.kill(this.#process.pid, signal);
  };

  constructor(input: KeySource, output: TerminalOutput, signals: ProcessSignals) {
    this.#input = input;
    this.#output = output;
    this.#process = signals;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Idempotent. */
  enter(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#input.setRawMode?.(true);
    this.#output.write(BRACKETED_PASTE_ON);
    this.#process.on('exit', this.#onExit);
    for (const signal of ENDING_SIGNALS) this.#process.on(signal, this.#onSignal);
  }

  /** Idempotent. */
  leave(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#process.off('exit', this.#onExit);
    for (const signal of ENDING_SIGNALS) this.#process.off(signal, this.#onSignal);
    this.#input.setRawMode?.(false);
    this.#output.write(BRACKETED_PASTE_OFF + SHOW_CURSOR);
  }

  /** After the process was stopped and goes on: whoever had the terminal meanwhile has set modes of its own. */
  renew(): void {
    if (!this.#isOn) return;
    // Where the mode is what it was believed to be, nothing would be set.
    this.#input.setRawMode?.(false);
    this.#input.setRawMode?.(true);
    this.#output.write(BRACKETED_PASTE_ON);
  }
}
