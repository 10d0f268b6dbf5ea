/**
 * Collects what comes in one turn of the event loop and hands it over in one go: a piece of work that is done many times in a
 * row costs a fraction of the same work done between other things, as the processor has its code and data at hand. Nothing new
 * is read from a socket before it is handed over. What is left when the process exits is handed over then.
 */
export class TurnBatch<T> {
  readonly #take: (items: readonly T[]) => void;
  readonly #itemsMax: number;
  readonly #onExit = () => {
    this.#isExiting = true;
    this.flush();
  };
  #items: T[] = [];
  #scheduled = false;
  /** No further turn comes. */
  #isExiting = false;

  /** `itemsMax`: so many items are handed over at once. */
  constructor(itemsMax: number, take: (items: readonly T[]) => void) {
    this.#itemsMax = itemsMax;
    this.#take = take;
    process.once('exit', this.#onExit);
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#isExiting || this.#items.length >= this.#itemsMax) this.flush();
    else this.#schedule();
  }

  flush(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#take(items);
  }

  close(): void {
    this.flush();
    process.off('exit', this.#onExit);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
