/** Choices by a seeded chance. */
import type { Random } from '../../src/base/random.js';

export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  between(low: number, high: number): number {
    return low + this.#random() * (high - low);
  }

  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  oneOf<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.#random() * values.length)];
    if (value === undefined) throw new Error('there is nothing to choose from');
    return value;
  }

  /** By weights. */
  draw<T extends string>(weights: Readonly<Record<T, number>>): T {
    const all = Object.entries(weights) as [T, number][];
    let luck = this.#random() * all.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of all) {
      luck -= weight;
      if (luck < 0) return value;
    }
    return this.oneOf(all)[0];
  }
}
