/** SIGINT and SIGTERM: the first asks for an orderly end, the second for an end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
/** As a shell tells of a process that a signal ended. */
const EXIT_CODES: Record<StopSignal, number> = { SIGINT: 130, SIGTERM: 143 };

export class StopSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<StopSignal>;
  readonly #listener: (signal: StopSignal) => void;

  /** `onSecond` gets the exit code to end with. */
  constructor(onSecond: (exitCode: number) => void) {
    let seen = false;
    let resolveFirst: (signal: StopSignal) => void = () => {};
    this.first = new Promise((resolve) => {
      resolveFirst = resolve;
    });
    this.#listener = (signal) => {
      if (seen) onSecond(EXIT_CODES[signal]);
      seen = true;
      resolveFirst(signal);
    };
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }
}
