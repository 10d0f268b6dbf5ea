/**
 * Signals for whoever waits: the first ends the wait, a second one the program, as if nobody had listened. A terminal that is
 * closed says so more than once, by the kernel and by the shell: that is no second wish.
 */
export const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

export class Interrupt {
  readonly #signals: readonly StopSignal[];
  readonly #controller = new AbortController();
  #exitCode: number | undefined;
  readonly #onSignal = (signal: StopSignal) => {
    if (this.#exitCode !== undefined) {
      if (signal === 'SIGHUP') return;
      this.dispose();
      process.kill(process.pid, signal);
      return;
    }
    // It goes on listening: whoever else hears the signal sees that the end is somebody's already.
    this.#exitCode = EXIT_CODES[signal];
    this.#controller.abort();
  };

  constructor(signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM']) {
    this.#signals = signals;
    for (const signal of signals) process.on(signal, this.#onSignal);
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
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }
}
