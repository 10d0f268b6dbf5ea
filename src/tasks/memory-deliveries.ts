/** The deliveries of a store in memory. */
import { DueList } from './due-list.js';

export interface DueDelivery {
  /** The number of its task. */
  readonly number: number;
  readonly dueAtMs: number;
  /** Failed tries so far. */
  readonly failures: number;
}

export class MemoryDeliveries {
  readonly #due = new DueList();
  readonly #failures = new Map<number, number>();

  firstExcept(numbers: ReadonlySet<number>): DueDelivery | undefined {
    const first = this.#due.firstExcept(numbers);
    return first && { number: first.number, dueAtMs: first.dueAtMs, failures: this.#failures.get(first.number) ?? 0 };
  }

  add(number: number, dueAtMs: number): void {
    this.#due.set(number, dueAtMs);
  }

  /** Does nothing where there is none of that task. */
  failed(number: number, retryAtMs: number): void {
    if (!this.#due.get(number)) return;
    this.#due.set(number, retryAtMs);
    this.#failures.set(number, (this.#failures.get(number) ?? 0) + 1);
  }

  delete(number: number): void {
    this.#due.delete(number);
    this.#failures.delete(number);
  }
}
