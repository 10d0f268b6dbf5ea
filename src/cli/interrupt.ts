/** SIGINT and SIGTERM for whoever waits: the first ends the wait, a second one the program, as if nobody had listened. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

export class Interrupt {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;
  readonly #onSignal = (signal: StopSignal) => {
    this.dispose();
    this.#exitCode = EXIT_CODES[signal];
    this.#controller.abort();
  };

  constructor() {
    for (const signal of Object.keys(EXIT_CODES)) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to end with, as a shell tells of a process that a signal ended; undefined while there was none. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Idempotent. */
  dispose(): void {
    for (const signal of Object.keys(EXIT_CODES)) process.off(signal, this.#onSignal);
  }
}
