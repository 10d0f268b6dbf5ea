/** All ready tasks of all models, in the order in which they go. */
import { type Ordered, PriorityQueue } from '../queue/priority-queue.js';
import type { Task } from './task.js';
import type { Head } from './task-store.js';

interface Place extends Ordered {
  readonly number: number;
}

export class ReadyPlaces {
  readonly #queues = new Map<string, PriorityQueue<Place>>();
  readonly #places = new Map<number, Place>();

  models(): string[] {
    return [...this.#queues.keys()];
  }

  head(model: string): Head | undefined {
    const first = this.#queues.get(model)?.first;
    return first && { priority: first.priority, order: first.sequence };
  }

  /** The number of the task that goes first. */
  first(model: string): number | undefined {
    return this.#queues.get(model)?.first?.number;
  }

  add({ number, model, priority, order }: Task): void {
    const queue = this.#queues.get(model) ?? new PriorityQueue<Place>();
    const place = { number, priority, sequence: order };
    this.#queues.set(model, queue);
    this.#places.set(number, place);
    queue.push(place);
  }

  delete({ number, model }: Task): void {
    const place = this.#places.get(number);
    const queue = this.#queues.get(model);
    if (!place || !queue) return;
    this.#places.delete(number);
    queue.remove(place);
    if (queue.size === 0) this.#queues.delete(model);
  }
}
