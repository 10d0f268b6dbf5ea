/**
 * What one model has ready, as far as memory needs to know it: the first tasks in the order in which they go. However long
 * the backlog is, the window stays small; the store behind it holds the rest and is asked for more when it runs low.
 *
 * The window holds every ready task up to its edge and none behind it; without an edge it holds all there are.
 */
import type { Head } from './task-store.js';

export interface ReadyEntry extends Head {
  /** The number of the task. */
  readonly number: number;
}

export interface ReadyWindowLimits {
  /** So many entries stay after a cut. */
  readonly keptMax: number;
  /** It is cut when it has grown to so many. */
  readonly cutAt: number;
  /** It wants more when it has fewer. */
  readonly refillBelow: number;
  /** So many changes are remembered during a refill; with more, what the refill read is worth nothing. */
  readonly changesMax: number;
}

/** How many entries one refill should read; `more` tells whether the store has others after them. */
export const REFILL_SIZE = 1024;

const LIMITS: ReadyWindowLimits = { keptMax: 1024, cutAt: 2048, refillBelow: 256, changesMax: 8192 };

/** Higher priority first, then the earlier place; the numbers only make it a strict order. */
export function compareReady(one: ReadyEntry, other: ReadyEntry): number {
  return other.priority - one.priority || one.order - other.order || one.number - other.number;
}

export class ReadyWindow {
  readonly #limits: ReadyWindowLimits;
  /** Sorted. */
  #entries: ReadyEntry[] = [];
  readonly #byNumber = new Map<number, ReadyEntry>();
  #spilled: boolean;
  /** The last place that the window covers; undefined with `#spilled`: it covers nothing yet. */
  #edge: ReadyEntry | undefined;
  /** During a refill: the last thing that happened to each task since it began, undefined where the task left. */
  #changes: Map<number, ReadyEntry | undefined> | undefined;
  /** What the refill under way reads does not join on to the window any more. */
  #refillIsVoid = false;

  /** `spilled`: nothing is known yet of what the store holds, begin with a refill. */
  constructor(options: { readonly spilled?: boolean; readonly limits?: ReadyWindowLimits } = {}) {
    this.#spilled = options.spilled ?? false;
    this.#limits = options.limits ?? LIMITS;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** True where the store holds more than the window, or may. */
  get spilled(): boolean {
    return this.#spilled;
  }

  /** True where the model has nothing ready, also not behind the window. */
  get isEmpty(): boolean {
    return this.#entries.length === 0 && !this.#spilled;
  }

  get needsRefill(): boolean {
    return this.#spilled && !this.#changes && this.#entries.length < this.#limits.refillBelow;
  }

  /** A refill reads what comes after this one in `compareReady`; undefined: from the first. */
  get refillAfter(): ReadyEntry | undefined {
    return this.#edge;
  }

  head(): ReadyEntry | undefined {
    return this.#entries[0];
  }

  has(number: number): boolean {
    return this.#byNumber.has(number);
  }

  /** A task is ready, or ready in another place. Behind the edge it is the store's alone. */
  insert(entry: ReadyEntry): void {
    this.#drop(entry.number);
    this.#remember(entry.number, entry);
    if (this.#covers(entry)) this.#put(entry);
  }

  /** A task is not ready any more, whether or not it is in the window. False where it was not. */
  remove(number: number): boolean {
    this.#remember(number, undefined);
    return this.#drop(number);
  }

  takeFirst(): ReadyEntry | undefined {
    const first = this.#entries.shift();
    if (!first) return undefined;
    this.#byNumber.delete(first.number);
    this.#remember(first.number, undefined);
    return first;
  }

  /**
   * From here to `endRefill` every change is remembered, because nobody knows whether the read saw it. The read must see
   * what happened before.
   */
  beginRefill(): void {
    this.#changes = new Map();
    this.#refillIsVoid = false;
  }

  /** `entries` as read, in their order; `more` where the store has others after them. A failed read: `([], true)`. */
  endRefill(entries: readonly ReadyEntry[], more: boolean): void {
    const changes = this.#changes;
    this.#changes = undefined;
    if (!changes || this.#refillIsVoid) return;
    this.#spilled = more;
    this.#edge = more ? (entries.at(-1) ?? this.#edge) : undefined;
    const added = entries.filter((entry) => !changes.has(entry.number) && !this.#byNumber.has(entry.number));
    for (const entry of changes.values()) {
      if (entry && this.#covers(entry) && !this.#byNumber.has(entry.number)) added.push(entry);
    }
    for (const entry of added) this.#byNumber.set(entry.number, entry);
    this.#entries = [...this.#entries, ...added].sort(compareReady);
    this.#cut();
  }

  #covers(entry: ReadyEntry): boolean {
    return !this.#spilled || (this.#edge !== undefined && compareReady(entry, this.#edge) <= 0);
  }

  #put(entry: ReadyEntry): void {
    this.#byNumber.set(entry.number, entry);
    this.#entries.splice(this.#place(entry), 0, entry);
    this.#cut();
  }

  #drop(number: number): boolean {
    const entry = this.#byNumber.get(number);
    if (!entry) return false;
    this.#byNumber.delete(number);
    this.#entries.splice(this.#place(entry), 1);
    return true;
  }

  /** Where the entry is, or belongs. */
  #place(entry: ReadyEntry): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#entries[middle];
      if (there && compareReady(there, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #cut(): void {
    if (this.#entries.length < this.#limits.cutAt) return;
    for (const entry of this.#entries.splice(this.#limits.keptMax)) this.#byNumber.delete(entry.number);
    this.#spilled = true;
    this.#edge = this.#entries.at(-1);
    this.#refillIsVoid = true;
  }

  #remember(number: number, entry: ReadyEntry | undefined): void {
    if (!this.#changes || this.#refillIsVoid) return;
    this.#changes.set(number, entry);
    if (this.#changes.size <= this.#limits.changesMax) return;
    this.#refillIsVoid = true;
    this.#changes.clear();
  }
}
