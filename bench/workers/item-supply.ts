/**
 * Work for a worker, made in the main thread and fetched ahead. The load generator takes an item at once or never, so a
 * worker whose stock has run out stands still until more comes; it shows as a delay of its event loop.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { GollamaError } from '../../src/base/errors.js';
import type { WorkItem } from '../plan.js';
import type { Delivery, SupplySetup } from './messages.js';

const DELIVERY_ITEMS = 64;
/** How long a worker stands still before it gives up. */
const PATIENCE_MS = 30_000;

/** In the main thread: answers each demand with the next items, `item` counting from 0; what `item` throws ends the work. */
export function supply(
  { port, deliveries }: SupplySetup,
  item: (localIndex: number) => WorkItem | undefined,
  onError: (thrown: unknown) => void,
): void {
  const counter = new Int32Array(deliveries);
  let next = 0;
  port.on('message', () => {
    const items: WorkItem[] = [];
    let isLast = false;
    try {
      while (items.length < DELIVERY_ITEMS && !isLast) {
        const made = item(next);
        if (made === undefined) isLast = true;
        else items.push(made);
        next += 1;
      }
    } catch (thrown) {
      isLast = true;
      onError(thrown);
    }
    port.postMessage({ items, isLast } satisfies Delivery);
    Atomics.add(counter, 0, 1);
    Atomics.notify(counter, 0);
  });
  port.unref();
}

/** In the worker. */
export class ItemStock {
  readonly #port: MessagePort;
  readonly #counter: Int32Array;
  #items: WorkItem[] = [];
  #firstIndex = 0;
  #isLast = false;
  #demanded = 0;
  #received = 0;

  constructor({ port, deliveries }: SupplySetup) {
    this.#port = port;
    this.#counter = new Int32Array(deliveries);
    this.#demand();
  }

  /** Items are asked for in order, each once or repeatedly. Throws `internal` where none comes. */
  item(localIndex: number): WorkItem | undefined {
    while (localIndex >= this.#firstIndex + this.#items.length && !this.#isLast) this.#receive();
    const at = localIndex - this.#firstIndex;
    const found = this.#items[at];
    if (at > DELIVERY_ITEMS) this.#forget(at);
    if (this.#items.length - at <= DELIVERY_ITEMS) this.#demand();
    return found;
  }

  #forget(count: number): void {
    this.#items.splice(0, count);
    this.#firstIndex += count;
  }

  /** One demand at a time. */
  #demand(): void {
    if (this.#isLast || this.#demanded > this.#received) return;
    this.#demanded += 1;
    this.#port.postMessage(this.#demanded);
  }

  #receive(): void {
    this.#demand();
    const outcome = Atomics.wait(this.#counter, 0, this.#received, PATIENCE_MS);
    if (outcome === 'timed-out') throw new GollamaError('internal', 'the main thread sends no more work');
    const message: unknown = receiveMessageOnPort(this.#port)?.message;
    if (message === undefined) return;
    const { items, isLast } = message as Delivery;
    this.#received += 1;
    this.#items.push(...items);
    this.#isLast = isLast;
  }
}
