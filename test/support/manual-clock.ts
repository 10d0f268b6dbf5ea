import type { Clock, Timer } from '../../src/base/clock.js';

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that moves when told. Timers fire in the order of their due times, then of their creation. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #epochMs = 1_700_000_000_000;
  #created = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#nowMs;
  }

  epoch(): number {
    return this.#epochMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry: Pending = { atMs: this.#nowMs + Math.max(delayMs, 0), order: this.#created++, run };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** The wall clock jumps, as when somebody sets it; monotonic time and timers know nothing of it. */
  jump(byMs: number): void {
    this.#epochMs += byMs;
  }

  /** Moves time forward and fires what falls due on the way, also timers that are set meanwhile. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#pending.delete(next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }

  /** As `advance`, and lets promises settle after every timer. */
  async advanceAsync(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await settled();
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#pending.delete(next);
      this.#nowMs = next.atMs;
      next.run();
      await settled();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.atMs > endMs) continue;
      if (!first || entry.atMs < first.atMs || (entry.atMs === first.atMs && entry.order < first.order)) first = entry;
    }
    return first;
  }
}

/** Lets every promise that is ready now settle, and what follows from it. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
