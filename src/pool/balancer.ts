/** Which of several engines gets the next request: a pure choice. */

export interface Candidate {
  /** Slots nobody holds now. */
  readonly free: number;
  readonly inUse: number;
  /** Share of the load it should get, relative to the others. */
  readonly weight: number;
}

/**
 * The candidate with a free slot that carries the least for its weight; among equals the one with more free slots,
 * then the earlier one. `undefined` where none is free.
 */
export function chooseMember<C extends Candidate>(candidates: readonly C[]): C | undefined {
  let best: C | undefined;
  for (const candidate of candidates) {
    if (candidate.free <= 0) continue;
    if (best === undefined || isLighter(candidate, best)) best = candidate;
  }
  return best;
}

function isLighter(one: Candidate, other: Candidate): boolean {
  // The load it would have with one more: an idle engine of weight 2 goes before an idle one of weight 1.
  const load = (one.inUse + 1) / one.weight - (other.inUse + 1) / other.weight;
  return load < 0 || (load === 0 && one.free > other.free);
}
