/** Who wants to hear when there is something new in a log. */
export class Watchers {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Returns what ends it. */
  add(id: string, listener: () => void): () => void {
    let listeners = this.#listeners.get(id);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(id, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  wake(id: string): void {
    const listeners = this.#listeners.get(id);
    if (listeners === undefined) return;
    if (listeners.size === 1) {
      const [only] = listeners;
      only?.();
      return;
    }
    // A copy: who is woken may go, and come back.
    for (const listener of [...listeners]) listener();
  }

  wakeAll(): void {
    for (const id of [...this.#listeners.keys()]) this.wake(id);
  }
}
