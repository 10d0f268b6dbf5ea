/** Lets many streams write at their own steady times, all of them on one timer. */
import type { Clock, Timer } from '../../src/base/clock.js';

export interface PacedStream {
  /** Writes what is due; false: that was all, or nobody reads any more. */
  write(): boolean;
}

export interface PacerOptions {
  readonly clock: Clock;
  /** From joining to the first write. */
  readonly firstMs: number;
  readonly intervalMs: number;
}

interface Due {
  readonly stream: PacedStream;
  dueMs: number;
}

/** Streams whose time comes within this are served with the one that is due: timers are no finer. */
const TOGETHER_MS = 0.25;

export class Pacer {
  readonly #options: PacerOptions;
  /** A binary heap: the one that is due first stands in front. */
  readonly #heap: Due[] = [];
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  join(stream: PacedStream): void {
    const { clock, firstMs } = this.#options;
    this.#heap.push({ stream, dueMs: clock.now() + firstMs });
    this.#rise(this.#heap.length - 1);
    this.#arm();
  }

  /** Forgets all streams. */
  stop(): void {
    this.#timer?.cancel();
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    this.#heap.length = 0;
  }

  #tick(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const untilMs = this.#options.clock.now() + TOGETHER_MS;
    for (let due = this.#heap[0]; due && due.dueMs <= untilMs; due = this.#heap[0]) {
      // From when it was due, not from now: a late timer must not slow the stream down.
      if (due.stream.write()) due.dueMs += this.#options.intervalMs;
      else this.#dropFirst();
      this.#sink();
    }
    this.#arm();
  }

  #arm(): void {
    const dueMs = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#options.clock.after(dueMs - this.#options.clock.now(), () => this.#tick());
  }

  #dropFirst(): void {
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) this.#heap[0] = last;
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Lets the first one go where it belongs. */
  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  /** False where there is no such entry. */
  #isBefore(one: number, other: number): boolean {
    const first = this.#heap[one];
    const second = this.#heap[other];
    return first !== undefined && second !== undefined && first.dueMs < second.dueMs;
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first === undefined || second === undefined) return;
    this.#heap[one] = second;
    this.#heap[other] = first;
  }
}
