/** The status of an engine and those who want to hear of its changes. */
import type { EngineStatus } from './engine.js';

export class StatusBoard {
  #status: EngineStatus;
  readonly #listeners = new Set<() => void>();

  constructor(initial: EngineStatus) {
    this.#status = initial;
  }

  get status(): EngineStatus {
    return this.#status;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the listeners only where something is different. */
  update(change: Partial<EngineStatus>): void {
    const next = { ...this.#status, ...change };
    if (isSame(this.#status, next)) return;
    this.#status = next;
    for (const listener of this.#listeners) listener();
  }
}

function isSame(one: EngineStatus, other: EngineStatus): boolean {
  return (
    one.state === other.state &&
    one.slots === other.slots &&
    one.contextTokens === other.contextTokens &&
    one.restarts === other.restarts &&
    one.problem === other.problem &&
    one.models.join('\n') === other.models.join('\n')
  );
}
