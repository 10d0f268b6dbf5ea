/** How many tasks wait for each model. Every one of these models costs memory, so there are not more than a few. */
import { GollamaError } from '../base/errors.js';

const PENDING_MODELS_MAX = 1000;

export class PendingModels {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number = PENDING_MODELS_MAX) {
    this.#max = max;
  }

  /** Throws `queue_full` where tasks for all of these would be for too many models. Nothing is counted yet. */
  admit(models: Iterable<string>): void {
    const added = new Set<string>();
    for (const model of models) if (!this.#counts.has(model)) added.add(model);
    if (added.size === 0 || this.#counts.size + added.size <= this.#max) return;
    throw new GollamaError('queue_full', `tasks are waiting for ${this.#counts.size} models, the most there may be`, {
      hint: 'submit tasks for other models when some of these have ended',
      param: 'model',
    });
  }

  entered(model: string, count = 1): void {
    this.#counts.set(model, (this.#counts.get(model) ?? 0) + count);
  }

  left(model: string, count = 1): void {
    const rest = (this.#counts.get(model) ?? 0) - count;
    if (rest > 0) this.#counts.set(model, rest);
    else this.#counts.delete(model);
  }
}
