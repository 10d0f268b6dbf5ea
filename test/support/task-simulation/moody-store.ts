/** A store in memory that is full for a while and slow to answer when the simulation says so. It knows who holds which claim. */
import { GollamaError } from '../../../src/base/errors.js';
import { MemoryTaskStore } from '../../../src/tasks/memory-store.js';
import type { Claim, Settlement } from '../../../src/tasks/task-store.js';

export class MoodyStore extends MemoryTaskStore {
  isFull = false;
  /** Asked for every answer: is it held back until `answerOne`? */
  isSlow: () => boolean = () => false;
  /** Told of every claim that a full store refuses. */
  onRefusedClaim: (model: string, engine: string | undefined) => void = () => {};
  /** Made, and not known yet to who made them. */
  readonly arriving = new Set<Claim>();
  /** Of which the end was told to the store at least once, and it did not say yet that it has it. */
  readonly settling = new Set<Claim>();
  /** The last claim of a task that an engine was told of, by `key`. */
  readonly handed = new Map<string, Claim>();
  readonly #held: (() => void)[] = [];

  static key(engine: string | undefined, number: number): string {
    return `${engine} ${number}`;
  }

  get heldBack(): number {
    return this.#held.length;
  }

  answerOne(place: number): void {
    for (const answer of this.#held.splice(place, 1)) answer();
  }

  override async claim(model: string, engine: string | undefined): Promise<Claim | undefined> {
    if (this.isFull) {
      this.onRefusedClaim(model, engine);
      throw full();
    }
    const claim = await super.claim(model, engine);
    if (claim === undefined) return undefined;
    if (this.isSlow()) {
      this.arriving.add(claim);
      await this.#patience();
      this.arriving.delete(claim);
    }
    const key = MoodyStore.key(engine, claim.task.number);
    if (claim.turn > (this.handed.get(key)?.turn ?? 0)) this.handed.set(key, claim);
    return claim;
  }

  override async settle(claim: Claim, settlement: Settlement): Promise<boolean> {
    this.settling.add(claim);
    if (this.isSlow()) await this.#patience();
    if (this.isFull) throw full();
    try {
      const settling = await super.settle(claim, settlement);
      if (this.isSlow()) await this.#patience();
      return settling;
    } finally {
      this.settling.delete(claim);
    }
  }

  #patience(): Promise<void> {
    return new Promise((resolve) => this.#held.push(resolve));
  }
}

function full(): GollamaError {
  return new GollamaError('storage_full', 'no space left on device');
}
