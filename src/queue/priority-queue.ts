/** Entries ordered by priority, then by arrival. */

export interface Ordered {
  /** Higher goes first. */
  readonly priority: number;
  /** Arrival number; inside one priority the lower goes first. */
  readonly sequence: number;
}

/** True where `one` goes before `other`. */
export function goesBefore(one: Ordered, other: Ordered): boolean {
  return one.priority === other.priority ? one.sequence < other.sequence : one.priority > other.priority;
}

/** A binary heap that can also remove an entry from its middle; every operation takes O(log n). */
export class PriorityQueue<T extends Ordered> {
  readonly #heap: T[] = [];
  readonly #places = new Map<T, number>();

  get size(): number {
    return this.#heap.length;
  }

  get first(): T | undefined {
    return this.#heap[0];
  }

  push(entry: T): void {
    if (this.#places.has(entry)) throw new Error(`entry ${entry.sequence} is in the queue already`);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1, entry);
  }

  /** False where the entry is not in the queue. */
  remove(entry: T): boolean {
    const place = this.#places.get(entry);
    if (place === undefined) return false;
    this.#places.delete(entry);
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return true;
    const parent = this.#heap[(place - 1) >> 1];
    if (place > 0 && parent !== undefined && goesBefore(last, parent)) this.#rise(place, last);
    else this.#sink(place, last);
    return true;
  }

  /** In no particular order. */
  values(): IterableIterator<T> {
    return this.#heap.values();
  }

  #put(place: number, entry: T): void {
    this.#heap[place] = entry;
    this.#places.set(entry, place);
  }

  #rise(from: number, entry: T): void {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.#heap[parentPlace];
      if (parent === undefined || !goesBefore(entry, parent)) break;
      this.#put(place, parent);
      place = parentPlace;
    }
    this.#put(place, entry);
  }

  #sink(from: number, entry: T): void {
    let place = from;
    for (;;) {
      const childPlace = this.#earlierChild(place);
      const child = childPlace === undefined ? undefined : this.#heap[childPlace];
      if (childPlace === undefined || child === undefined || !goesBefore(child, entry)) break;
      this.#put(place, child);
      place = childPlace;
    }
    this.#put(place, entry);
  }

  #earlierChild(place: number): number | undefined {
    const leftPlace = 2 * place + 1;
    const left = this.#heap[leftPlace];
    if (left === undefined) return undefined;
    const right = this.#heap[leftPlace + 1];
    return right !== undefined && goesBefore(right, left) ? leftPlace + 1 : leftPlace;
  }
}
