/** When a model rests on a server: after trouble with its engine or the store, longer each time until an answer is well. */
import type { Clock } from '../../../src/base/clock.js';

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

interface Rest {
  troubles: number;
  untilMs: number;
  /** Of trouble in this very moment: grants that were on their way may still come. */
  sinceEvent: number;
}

export class Rests {
  /** Number of the event of the simulation. */
  event = 0;
  readonly #clock: Clock;
  readonly #rests = new Map<string, Rest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  trouble(server: string, model: string): void {
    const rest = this.#of(server, model);
    if (rest.untilMs <= this.#clock.now()) {
      rest.untilMs = this.#clock.now() + Math.min(FIRST_MS * 2 ** rest.troubles, LONGEST_MS);
      rest.sinceEvent = this.event;
    }
    rest.troubles += 1;
  }

  well(server: string, model: string): void {
    this.#of(server, model).troubles = 0;
  }

  isResting(server: string, model: string): boolean {
    return this.#of(server, model).untilMs > this.#clock.now();
  }

  /** True where it rested already before this event, and still does. */
  isQuiet(server: string, model: string): boolean {
    return this.isResting(server, model) && this.#of(server, model).sinceEvent < this.event;
  }

  #of(server: string, model: string): Rest {
    const key = `${server} ${model}`;
    const rest = this.#rests.get(key) ?? { troubles: 0, untilMs: 0, sinceEvent: -1 };
    this.#rests.set(key, rest);
    return rest;
  }
}
