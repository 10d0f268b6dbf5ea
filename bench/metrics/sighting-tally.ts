/** Which prompts and models were seen, as far as warnings need it. */
import type { RequestRecord } from '../record.js';

const DISTINCT_MAX = 10_000;

export class SightingTally {
  readonly #prompts = new Set<string>();
  readonly #models = new Set<string>();
  #requests = 0;
  #events = 0;
  #coalesced = 0;

  add({ promptHash, modelReported, chunks, coalesced }: RequestRecord): void {
    this.#requests += 1;
    this.#events += chunks;
    this.#coalesced += coalesced;
    if (this.#prompts.size < DISTINCT_MAX) this.#prompts.add(promptHash);
    if (modelReported !== null && this.#models.size < DISTINCT_MAX) this.#models.add(modelReported);
  }

  /** Requests for each distinct prompt. */
  get perPrompt(): number {
    return this.#prompts.size === 0 ? 0 : this.#requests / this.#prompts.size;
  }

  get models(): readonly string[] {
    return [...this.#models];
  }

  /** Events that bear tokens, and how many of them came in the same read as the one before. */
  get events(): { readonly total: number; readonly coalesced: number } {
    return { total: this.#events, coalesced: this.#coalesced };
  }
}
