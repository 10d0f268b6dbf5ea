/** Which prompts and models were seen, as far as warnings need it. */
import type { RequestRecord } from '../record.js';

const DISTINCT_MAX = 10_000;

export class SightingTally {
  readonly #prompts = new Set<string>();
  readonly #models = new Set<string>();
  /** Of the prompts in the set. */
  #sightings = 0;
  #events = 0;
  #coalesced = 0;

  add({ promptHash, modelReported, chunks, coalesced }: RequestRecord): void {
    this.#events += chunks;
    this.#coalesced += coalesced;
    // With the set full a prompt that is not in it may be new or not: from then on only what is known is counted.
    if (this.#prompts.size < DISTINCT_MAX) this.#prompts.add(promptHash);
    if (this.#prompts.has(promptHash)) this.#sightings += 1;
    if (modelReported !== null && this.#models.size < DISTINCT_MAX) this.#models.add(modelReported);
  }

  /** Requests for each distinct prompt, of the first ten thousand prompts. */
  get perPrompt(): number {
    return this.#prompts.size === 0 ? 0 : this.#sightings / this.#prompts.size;
  }

  get models(): readonly string[] {
    return [...this.#models];
  }

  /** Events that bear tokens, and how many of them came in the same read as the one before. */
  get events(): { readonly total: number; readonly coalesced: number } {
    return { total: this.#events, coalesced: this.#coalesced };
  }
}
