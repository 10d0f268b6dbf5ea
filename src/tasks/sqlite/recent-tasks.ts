/**
 * Tasks that were written a moment ago, as they are in the tables: most are moved again soon, and reading a row costs more
 * than all else in a move. Only the connection that writes may have this, and a transaction that fails empties it.
 */
import type { StoredTask } from './task-row.js';

export interface RecentTask {
  readonly stored: StoredTask;
  /** Undefined where it is long, or was not seen. */
  readonly body: string | undefined;
}

/** 16 MiB of bodies at most. */
const TASKS_MAX = 4096;
const BODY_CHARS_MAX = 4096;

export class RecentTasks {
  readonly #tasks = new Map<number, RecentTask>();

  get(number: number): RecentTask | undefined {
    return this.#tasks.get(number);
  }

  /** Without a body the one that is known stays. */
  put(stored: StoredTask, body: string | undefined): void {
    const { number } = stored.task;
    const kept = body === undefined ? this.#tasks.get(number)?.body : body.length <= BODY_CHARS_MAX ? body : undefined;
    this.#tasks.delete(number);
    this.#tasks.set(number, { stored, body: kept });
    if (this.#tasks.size <= TASKS_MAX) return;
    for (const oldest of this.#tasks.keys()) {
      this.#tasks.delete(oldest);
      return;
    }
  }

  delete(number: number): void {
    this.#tasks.delete(number);
  }

  clear(): void {
    this.#tasks.clear();
  }
}
