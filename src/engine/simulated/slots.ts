/**
 * The slots of a simulated engine. As in llama-server, requests beyond the slots wait inside, first come first
 * served, in a queue without a bound; a well-behaved gateway never lets one wait here.
 */

export interface HeldSlot {
  readonly id: number;
  /** Number of the request since the start, as `id_task` in /slots. */
  readonly task: number;
  /** Idempotent. */
  release(): void;
}

interface Waiting {
  readonly grant: (slot: HeldSlot) => void;
}

export class Slots {
  readonly #holders: (HeldSlot | undefined)[];
  readonly #waiting = new Set<Waiting>();
  #tasks = 0;

  constructor(count: number) {
    this.#holders = Array.from({ length: count }, () => undefined);
  }

  get busy(): number {
    return this.#holders.filter((holder) => holder !== undefined).length;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Who holds each slot, by slot number. */
  get holders(): readonly (HeldSlot | undefined)[] {
    return this.#holders;
  }

  /** Resolves with a slot, or with undefined as soon as `signal` aborts. */
  acquire(signal: AbortSignal): Promise<HeldSlot | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const free = this.#holders.indexOf(undefined);
    if (free >= 0) return Promise.resolve(this.#hold(free));
    return new Promise((resolve) => {
      const entry: Waiting = {
        grant: (slot) => {
          signal.removeEventListener('abort', leave);
          resolve(slot);
        },
      };
      const leave = () => {
        this.#waiting.delete(entry);
        resolve(undefined);
      };
      this.#waiting.add(entry);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Frees a slot under the request that runs in it, as a faulty engine would; never the slot `except`. */
  freeAnother(except: HeldSlot): void {
    this.#holders.find((holder) => holder !== undefined && holder !== except)?.release();
  }

  #hold(id: number): HeldSlot {
    const slot: HeldSlot = {
      id,
      task: this.#tasks++,
      release: () => {
        if (this.#holders[id] !== slot) return;
        this.#holders[id] = undefined;
        this.#grantNext(id);
      },
    };
    this.#holders[id] = slot;
    return slot;
  }

  #grantNext(id: number): void {
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    next.grant(this.#hold(id));
  }
}
