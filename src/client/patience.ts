/** What passes: a server that restarts, a connection that broke. Bounded, and with pauses that grow. */
import { type BackoffPolicy, backoffMs } from '../base/backoff.js';
import { type Clock, pause } from '../base/clock.js';
import { type ErrorCode, toGollamaError } from '../base/errors.js';
import { keptAlive } from '../base/kept-alive.js';
import type { Random } from '../base/random.js';

const PAUSES: BackoffPolicy = { initialMs: 250, maxMs: 5_000, factor: 2, jitter: 0.4 };
/** A minute and a half in all: longer than a server takes to come back. */
const FAILURES_MAX = 20;
const PASSING: ReadonlySet<ErrorCode> = new Set(['unreachable', 'shutting_down', 'engine_unavailable']);

export interface PatienceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  /** Whether the server has ever answered: one that has not is told as missing at once. */
  readonly wasFound: () => boolean;
}

export class Patience {
  readonly #options: PatienceOptions;
  #failures = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** There was progress: what fails from now on counts from the start. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Throws what was thrown where trying again is no use or was of none; otherwise resolves when the next try is due. */
  async failed(thrown: unknown): Promise<void> {
    await this.pause(this.next(thrown));
  }

  /** As `failed`, without waiting: how long to `pause`. */
  next(thrown: unknown): number {
    const { random, signal, wasFound } = this.#options;
    const error = toGollamaError(thrown);
    const passes = PASSING.has(error.code) && wasFound();
    if (!passes || signal?.aborted || this.#failures >= FAILURES_MAX) throw thrown;
    const delayMs = backoffMs(PAUSES, this.#failures, random);
    this.#failures += 1;
    return delayMs;
  }

  pause(delayMs: number): Promise<void> {
    return wakefulPause(this.#options.clock, delayMs, this.#options.signal);
  }

  /** The first success of `work`. */
  async until<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        await this.failed(thrown);
      }
    }
  }
}

/** There is no connection now that the process would last for. */
export function wakefulPause(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return keptAlive(() => pause(clock, delayMs, signal));
}
