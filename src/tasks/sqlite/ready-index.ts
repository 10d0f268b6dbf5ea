/**
 * What is ready, by model, as the main thread knows it: a window of each model's first tasks. A task that is claimed leaves
 * its window at once; until the claim is durable it stands aside, and what happens to it meanwhile is noted there, so
 * that nobody else is offered it and a failed claim puts it back as it is by then.
 */
import { REFILL_SIZE, type ReadyEntry, ReadyWindow } from '../ready-window.js';
import type { Head } from '../task-store.js';

/** Asks the store for what comes after a task; the answer comes to `refilled`, or `notRefilled` is called. */
export type AskForMore = (model: string, after: ReadyEntry | undefined, limit: number) => void;

interface Aside {
  readonly model: string;
  /** Undefined where it is not ready any more. */
  entry: ReadyEntry | undefined;
}

/** The first refills together read about so many tasks. */
const FIRST_REFILLS = 16_384;
const FIRST_REFILL_MIN = 64;

export class ReadyIndex {
  readonly #onHead: (model: string) => void;
  readonly #askForMore: AskForMore;
  readonly #windows = new Map<string, ReadyWindow>();
  readonly #aside = new Map<number, Aside>();

  constructor(onHead: (model: string) => void, askForMore: AskForMore) {
    this.#onHead = onHead;
    this.#askForMore = askForMore;
  }

  /** Models that have ready tasks in the store. */
  open(models: readonly string[]): void {
    const limit = Math.min(REFILL_SIZE, Math.max(FIRST_REFILL_MIN, Math.ceil(FIRST_REFILLS / models.length)));
    for (const model of models) {
      const window = new ReadyWindow({ spilled: true });
      this.#windows.set(model, window);
      this.#refill(model, window, limit);
    }
  }

  *models(): Iterable<string> {
    for (const [model, window] of this.#windows) if (window.head()) yield model;
  }

  head(model: string): Head | undefined {
    const head = this.#windows.get(model)?.head();
    return head && { priority: head.priority, order: head.order };
  }

  /** A task is ready, or ready in another place. */
  put(model: string, entry: ReadyEntry): void {
    const aside = this.#aside.get(entry.number);
    if (aside) aside.entry = entry;
    else this.#change(model, (window) => window.insert(entry));
  }

  /** A task is not ready any more. */
  drop(model: string, number: number): void {
    const aside = this.#aside.get(number);
    if (aside) aside.entry = undefined;
    else this.#change(model, (window) => window.remove(number));
  }

  /** The first one stands aside from now on, until its claim is `taken`, or fails and is `putBack`. */
  take(model: string): ReadyEntry | undefined {
    if (!this.#windows.has(model)) return undefined;
    return this.#change(model, (window) => {
      const first = window.takeFirst();
      if (first) this.#aside.set(first.number, { model, entry: first });
      return first;
    });
  }

  taken(number: number): void {
    this.#aside.delete(number);
  }

  putBack(number: number): void {
    const aside = this.#aside.get(number);
    this.#aside.delete(number);
    if (aside?.entry) this.put(aside.model, aside.entry);
  }

  /** What the store answered: number, priority, order; number … */
  refilled(model: string, places: readonly number[], more: boolean): void {
    const entries: ReadyEntry[] = [];
    for (let at = 0; at + 2 < places.length; at += 3) {
      const [number = 0, priority = 0, order = 0] = places.slice(at, at + 3);
      entries.push({ number, priority, order });
    }
    this.#change(model, (window) => window.endRefill(entries, more));
  }

  /** Call `lookAgain` after a while. */
  notRefilled(model: string): void {
    this.#windows.get(model)?.endRefill([], true);
  }

  lookAgain(model: string): void {
    if (this.#windows.has(model)) this.#change(model, () => {});
  }

  #change<T>(model: string, change: (window: ReadyWindow) => T): T {
    const known = this.#windows.get(model);
    const window = known ?? new ReadyWindow();
    if (!known) this.#windows.set(model, window);
    const before = window.head();
    const result = change(window);
    if (window.needsRefill) this.#refill(model, window, REFILL_SIZE);
    if (window.isEmpty) this.#windows.delete(model);
    if (window.head() !== before) this.#onHead(model);
    return result;
  }

  #refill(model: string, window: ReadyWindow, limit: number): void {
    const after = window.refillAfter;
    window.beginRefill();
    this.#askForMore(model, after, limit);
  }
}
