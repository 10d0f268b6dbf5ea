/** When a change is worse, better, the same, or open: a rule over its interval. */
import type { ComparedMetric } from '../result.js';
import type { Interval } from '../statistics/proportion.js';

export interface Change {
  readonly base: number | null;
  readonly head: number | null;
  /** Relative: 0.1 is 10 % more. */
  readonly change: number | null;
  readonly ci95: Interval | null;
}

export interface Demand {
  /** Relative change from which on a difference matters. */
  readonly effect: number;
  /** Change in the metric's own unit below which no difference matters. */
  readonly floor: number;
  readonly isLowerBetter: boolean;
  /** Largest relative change that the base shows against itself; null where that is unknown. */
  readonly noise: number | null;
}

/**
 * 1. Nothing to judge by: inconclusive. 2. All of the interval lies beyond the effect, and the change is larger than the
 * floor: worse or better; but where the base differs from itself by more than the effect, that proves nothing. 3. All of the
 * interval lies within the effect, or within the floor: same. 4. Else inconclusive.
 */
export function decide({ base, head, change, ci95 }: Change, demand: Demand): ComparedMetric['verdict'] {
  if (base === null || head === null || change === null || ci95 === null) return 'inconclusive';
  const [low, high] = ci95;
  const isRise = low > demand.effect;
  const isFall = high < -demand.effect;
  if ((isRise || isFall) && Math.abs(head - base) > demand.floor) {
    if (demand.noise !== null && demand.noise > demand.effect) return 'inconclusive';
    return isRise === demand.isLowerBetter ? 'worse' : 'better';
  }
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return reach <= demand.effect || reach * base <= demand.floor ? 'same' : 'inconclusive';
}

/**
 * Of success rates; `change` and its interval are differences, 0.01 is one point. A drop that chance may explain and that
 * is larger than the effect stays open.
 */
export function decideSuccess({ change, ci95 }: Change, effect: number): ComparedMetric['verdict'] {
  if (change === null || ci95 === null) return 'inconclusive';
  if (ci95[1] < -effect) return 'worse';
  if (ci95[0] > effect) return 'better';
  return change >= -effect ? 'same' : 'inconclusive';
}
