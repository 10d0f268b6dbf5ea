/** Tasks by the time at which something is due for them. */
import { goesBefore, type Ordered, PriorityQueue } from '../queue/priority-queue.js';

export interface Due {
  /** The number of the task. */
  readonly number: number;
  /** Epoch milliseconds. */
  readonly dueAtMs: number;
}

export class DueList {
  readonly #queue = new PriorityQueue<Due & Ordered>();
  readonly #byNumber = new Map<number, Due & Ordered>();

  /** The earliest; of two that are due together the lower number. */
  get first(): Due | undefined {
    return this.#queue.first;
  }

  /** The earliest of the others. */
  firstExcept(numbers: ReadonlySet<number>): Due | undefined {
    if (this.first === undefined || !numbers.has(this.first.number)) return this.first;
    let first: (Due & Ordered) | undefined;
    for (const due of this.#queue.values()) {
      if (!numbers.has(due.number) && (first === undefined || goesBefore(due, first))) first = due;
    }
    return first;
  }

  get(number: number): Due | undefined {
    return this.#byNumber.get(number);
  }

  set(number: number, dueAtMs: number): void {
    this.delete(number);
    const due = { number, dueAtMs, priority: -dueAtMs, sequence: number };
    this.#byNumber.set(number, due);
    this.#queue.push(due);
  }

  delete(number: number): void {
    const due = this.#byNumber.get(number);
    if (!due) return;
    this.#byNumber.delete(number);
    this.#queue.remove(due);
  }
}
