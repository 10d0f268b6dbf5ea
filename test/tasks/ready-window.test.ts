import { describe, expect, it } from 'vitest';
import { type Random, seededRandom, systemRandom } from '../../src/base/random.js';
import { compareReady, type ReadyEntry, ReadyWindow } from '../../src/tasks/ready-window.js';

const entry = (number: number, priority = 5, order = number): ReadyEntry => ({ number, priority, order });
const entries = (from: number, count: number) => Array.from({ length: count }, (_, index) => entry(from + index));
const LIMITS = { keptMax: 4, cutAt: 8, refillBelow: 2, changesMax: 6 };

function drained(window: ReadyWindow): number[] {
  const numbers: number[] = [];
  for (let first = window.takeFirst(); first; first = window.takeFirst()) numbers.push(first.number);
  return numbers;
}

/** Has cut itself: it holds 1 to 4, the store 5 to 8 too. */
function spilledWindow(): ReadyWindow {
  const window = new ReadyWindow({ limits: LIMITS });
  for (const each of entries(1, 8)) window.insert(each);
  return window;
}

describe('a ready window', () => {
  it('is empty at first, and needs no refill', () => {
    const window = new ReadyWindow();
    expect(window.head()).toBeUndefined();
    expect(window.takeFirst()).toBeUndefined();
    expect(window).toMatchObject({ isEmpty: true, spilled: false, needsRefill: false, size: 0 });
  });

  it('gives its entries by priority, then by order, over any integers', () => {
    const window = new ReadyWindow();
    for (const each of [entry(1, -3), entry(2, 0), entry(3, 15, 9), entry(4, 15, 8), entry(5, 2 ** 40)])
      window.insert(each);
    expect(window.head()).toMatchObject({ priority: 2 ** 40, order: 5 });
    expect(drained(window)).toEqual([5, 4, 3, 2, 1]);
  });

  it('moves an entry that is inserted again', () => {
    const window = new ReadyWindow();
    for (const each of entries(1, 3)) window.insert(each);
    window.insert(entry(3, 10));
    expect(drained(window)).toEqual([3, 1, 2]);
  });

  it('removes an entry once', () => {
    const window = new ReadyWindow();
    for (const each of entries(1, 3)) window.insert(each);
    expect(window.remove(2)).toBe(true);
    expect(window.remove(2)).toBe(false);
    expect(window.has(2)).toBe(false);
    expect(drained(window)).toEqual([1, 3]);
  });

  it('keeps 1024 of 2048 entries with its usual limits, and wants more below 256', () => {
    const window = new ReadyWindow();
    for (const each of entries(1, 2047)) window.insert(each);
    expect(window).toMatchObject({ size: 2047, spilled: false });
    window.insert(entry(2048));
    expect(window).toMatchObject({ size: 1024, spilled: true, needsRefill: false });
    expect(window.refillAfter).toMatchObject({ number: 1024 });
    for (let taken = 0; taken < 768; taken += 1) window.takeFirst();
    expect(window).toMatchObject({ size: 256, needsRefill: false });
    window.takeFirst();
    expect(window.needsRefill).toBe(true);
  });

  it('leaves what sorts behind its edge to the store', () => {
    const window = spilledWindow();
    window.insert(entry(9));
    expect(window.has(9)).toBe(false);
    window.insert(entry(10, 6));
    expect(drained(window)).toEqual([10, 1, 2, 3, 4]);
    expect(window).toMatchObject({ isEmpty: false, needsRefill: true });
  });

  it('knows its edge also when the last entry is gone', () => {
    const window = spilledWindow();
    window.remove(4);
    window.insert(entry(4));
    expect(drained(window)).toEqual([1, 2, 3, 4]);
    expect(window.refillAfter).toMatchObject({ number: 4 });
  });

  it('covers nothing where nothing is known of the store', () => {
    const window = new ReadyWindow({ spilled: true });
    expect(window).toMatchObject({ needsRefill: true, isEmpty: false, refillAfter: undefined });
    window.insert(entry(9, 99));
    expect(window.head()).toBeUndefined();
    window.beginRefill();
    expect(window.needsRefill).toBe(false);
    window.endRefill(entries(1, 3), false);
    expect(window.spilled).toBe(false);
    expect(drained(window)).toEqual([1, 2, 3]);
  });

  it('joins a refill on, and covers as far as it went', () => {
    const window = spilledWindow();
    drained(window);
    window.beginRefill();
    window.endRefill(entries(5, 2), true);
    window.insert(entry(20));
    expect(drained(window)).toEqual([5, 6]);
    window.beginRefill();
    window.endRefill([entry(7), entry(8), entry(20)], false);
    window.insert(entry(21));
    expect(drained(window)).toEqual([7, 8, 20, 21]);
    expect(window.isEmpty).toBe(true);
  });

  it('loses and doubles nothing that is inserted during a refill', () => {
    const window = spilledWindow();
    drained(window);
    window.beginRefill();
    for (const each of [entry(9), entry(10), entry(11, 6)]) window.insert(each);
    expect(window.head()).toMatchObject({ number: 11 });
    // The read saw 9 and not 10.
    window.endRefill([...entries(5, 4), entry(9)], false);
    expect(drained(window)).toEqual([11, 5, 6, 7, 8, 9, 10]);
  });

  it('brings nothing back that left during a refill', () => {
    const window = spilledWindow();
    window.takeFirst();
    window.takeFirst();
    window.takeFirst();
    window.beginRefill();
    window.takeFirst();
    window.remove(6);
    window.insert(entry(7, 1));
    window.endRefill([entry(4), ...entries(5, 4)], false);
    expect(drained(window)).toEqual([5, 8, 7]);
  });

  it('has again what was put back during a refill', () => {
    const window = spilledWindow();
    for (let taken = 0; taken < 3; taken += 1) window.takeFirst();
    window.beginRefill();
    const first = window.takeFirst();
    window.insert(first!);
    window.remove(5);
    window.insert(entry(5));
    window.endRefill(entries(5, 3), false);
    expect(drained(window)).toEqual([4, 5, 6, 7]);
  });

  it('asks again after a refill that failed', () => {
    const window = spilledWindow();
    drained(window);
    window.beginRefill();
    window.insert(entry(9));
    window.endRefill([], true);
    expect(window).toMatchObject({ spilled: true, needsRefill: true, size: 0 });
    expect(window.refillAfter).toMatchObject({ number: 4 });
  });

  it('throws a refill away that does not join on, because the window was cut meanwhile', () => {
    const window = spilledWindow();
    window.beginRefill();
    for (const each of [11, 12, 13, 14]) window.insert(entry(each, 6));
    expect(window).toMatchObject({ size: 4, refillAfter: { number: 14 } });
    window.endRefill(entries(5, 4), false);
    expect(window.spilled).toBe(true);
    expect(drained(window)).toEqual([11, 12, 13, 14]);
  });

  it('throws a refill away when more happened meanwhile than it remembers', () => {
    const window = spilledWindow();
    drained(window);
    window.beginRefill();
    for (const each of entries(9, 7)) window.insert(each);
    window.endRefill(entries(5, 4), false);
    expect(window).toMatchObject({ size: 0, spilled: true, needsRefill: true });
  });

  it('ignores the end of a refill that did not begin', () => {
    const window = new ReadyWindow();
    window.endRefill(entries(1, 3), true);
    expect(window.isEmpty).toBe(true);
  });
});

/** The window in front of a plain sorted list, which plays the store. */
class Simulation {
  readonly #random: Random;
  readonly #window: ReadyWindow;
  #stored: ReadyEntry[];
  #taken: ReadyEntry[] = [];
  #created: number;
  #refill: { after: ReadyEntry | undefined; read: { entries: ReadyEntry[]; more: boolean } | undefined } | undefined;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#created = this.#chance(0.5) ? 40 : 0;
    this.#stored = Array.from({ length: this.#created }, (_, index) => entry(index + 1, this.#priority()));
    this.#stored.sort(compareReady);
    this.#window = new ReadyWindow({ spilled: this.#created > 0, limits: { ...LIMITS, changesMax: 12 } });
  }

  step(): void {
    const dice = this.#random();
    if (dice < 0.35) this.#insert(entry(++this.#created, this.#priority()));
    else if (dice < 0.55) this.#take();
    else if (dice < 0.65) this.#removeAny();
    else if (dice < 0.7) this.#putBack();
    else if (dice < 0.75) this.#reprioritise();
    else this.#workOnRefill();
    this.#check();
  }

  /** Everything there is comes out, in its order. */
  drain(): void {
    while (this.#stored.length > 0) {
      this.#workOnRefill();
      this.#take();
      this.#check();
    }
    while (this.#refill) this.#workOnRefill();
    while (this.#window.needsRefill) this.#workOnRefill();
    expect(this.#window.isEmpty).toBe(true);
  }

  #insert(added: ReadyEntry): void {
    this.#stored.push(added);
    this.#stored.sort(compareReady);
    this.#window.insert(added);
  }

  #take(): void {
    const first = this.#window.takeFirst();
    if (!first) return;
    expect(first).toEqual(this.#stored[0]);
    this.#stored.shift();
    this.#taken.push(first);
  }

  #removeAny(): void {
    const [removed] = this.#stored.splice(Math.floor(this.#random() * this.#stored.length), 1);
    if (removed) this.#window.remove(removed.number);
  }

  #putBack(): void {
    const [back] = this.#taken.splice(Math.floor(this.#random() * this.#taken.length), 1);
    if (back) this.#insert(back);
  }

  #reprioritise(): void {
    const [moved] = this.#stored.splice(Math.floor(this.#random() * this.#stored.length), 1);
    if (!moved) return;
    this.#window.remove(moved.number);
    this.#insert({ ...moved, priority: this.#priority() });
  }

  /** Begins one, lets it read, or ends it: things happen between these. */
  #workOnRefill(): void {
    if (!this.#refill) {
      if (!this.#window.needsRefill) return;
      this.#refill = { after: this.#window.refillAfter, read: undefined };
      this.#window.beginRefill();
    } else if (!this.#refill.read) {
      this.#refill.read = this.#readAfter(this.#refill.after);
    } else {
      this.#window.endRefill(this.#refill.read.entries, this.#refill.read.more);
      this.#refill = undefined;
    }
  }

  #readAfter(after: ReadyEntry | undefined): { entries: ReadyEntry[]; more: boolean } {
    if (this.#chance(0.1)) return { entries: [], more: true };
    const rest = this.#stored.filter((each) => !after || compareReady(each, after) > 0);
    return { entries: rest.slice(0, 5), more: rest.length > 5 };
  }

  #check(): void {
    if (this.#window.size > 0) expect(this.#window.head()).toEqual(this.#stored[0]);
    else if (this.#stored.length > 0) expect(this.#window.needsRefill || this.#refill !== undefined).toBe(true);
    else expect(this.#window.head()).toBeUndefined();
    if (!this.#window.spilled) expect(this.#window.size).toBe(this.#stored.length);
    expect(this.#window.size).toBeLessThan(LIMITS.cutAt);
  }

  #priority(): number {
    return Math.floor(this.#random() * 5) - 2;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, Math.floor(systemRandom() * 2 ** 32)]) {
  it(`a ready window gives what a plain sorted list gives, whatever happens (seed ${seed})`, () => {
    const simulation = new Simulation(seed);
    for (let step = 0; step < 3_000; step += 1) simulation.step();
    simulation.drain();
  });
}
