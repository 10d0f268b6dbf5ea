/** Those who want to hear of changes and of heads, and what they have not been told yet. */
import type { TaskChange } from './task-store.js';

export class TaskFeed {
  readonly #changeListeners = new Set<(change: TaskChange) => void>();
  readonly #headListeners = new Set<(model: string) => void>();
  #changes: TaskChange[] = [];
  readonly #models = new Set<string>();
  #isTelling = false;

  onChange(listener: (change: TaskChange) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  onHead(listener: (model: string) => void): () => void {
    this.#headListeners.add(listener);
    return () => this.#headListeners.delete(listener);
  }

  changed(change: TaskChange): void {
    this.#changes.push(change);
  }

  headChanged(model: string): void {
    this.#models.add(model);
  }

  /** Tells everything, in its order, also where a listener makes more happen: all hear of one change before the next. */
  tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      while (this.#changes.length > 0 || this.#models.size > 0) {
        const models = [...this.#models];
        const changes = this.#changes;
        this.#models.clear();
        this.#changes = [];
        for (const model of models) for (const listener of this.#headListeners) listener(model);
        for (const change of changes) for (const listener of this.#changeListeners) listener(change);
      }
    } finally {
      this.#isTelling = false;
    }
  }
}
