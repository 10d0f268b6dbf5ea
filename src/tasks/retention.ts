/** Cleans up behind finished tasks, in small steps between which everybody else has a turn. */
import type { Clock, Timer } from '../base/clock.js';
import { toGollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Service } from '../base/service.js';
import type { RetentionRule, TaskStore } from './task-store.js';

export interface RetentionOptions {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cleanupIntervalMs: number;
  /** Finished tasks of each state that are kept. */
  readonly keepMax: number;
}

const FINISHED = ['completed', 'failed', 'cancelled'] as const;
/** Finished tasks are kept for so many intervals. */
const INTERVALS_KEPT = 24;

export class Retention implements Service {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  #cleaning: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;
  #stopped = true;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    if (!this.#stopped) return Promise.resolve();
    this.#stopped = false;
    this.#unsubscribe = this.#options.store.onChange(() => this.#cleanIfTooMany());
    this.#clean();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    this.#timer?.cancel();
    await this.#cleaning;
  }

  /** Not at every task that is too many: a tenth more is tolerated in between. */
  #cleanIfTooMany(): void {
    const { store, keepMax } = this.#options;
    const { states } = store.counts();
    if (FINISHED.some((state) => states[state] > keepMax + Math.max(keepMax / 10, 1))) this.#clean();
  }

  #clean(): void {
    if (this.#cleaning !== undefined || this.#stopped) return;
    this.#timer?.cancel();
    this.#cleaning = this.#cleanAll().finally(() => {
      this.#cleaning = undefined;
      if (this.#stopped) return;
      this.#timer = this.#options.clock.after(this.#options.cleanupIntervalMs, () => this.#clean());
    });
  }

  async #cleanAll(): Promise<void> {
    const { store, clock, keepMax, cleanupIntervalMs, logger } = this.#options;
    const endedBeforeMs = clock.epoch() - INTERVALS_KEPT * cleanupIntervalMs;
    try {
      for (const state of FINISHED) await this.#cleanState(store, { state, endedBeforeMs, keepMax });
    } catch (error) {
      if (toGollamaError(error).code !== 'shutting_down')
        logger.warn({ err: error }, 'finished tasks could not be removed');
    }
  }

  async #cleanState(store: TaskStore, rule: RetentionRule): Promise<void> {
    while (!this.#stopped && (await store.prune(rule)) > 0);
  }
}
