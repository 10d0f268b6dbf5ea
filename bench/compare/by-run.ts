/** Changes between runs: a run is what is repeated, as the requests of one share its queue and its machine. */
import type { Random } from '../../src/base/random.js';
import { bootstrapMean } from '../statistics/bootstrap.js';
import { mean } from '../statistics/quantile.js';
import type { Change } from './decision.js';

/** Below it an interval over pairs says nothing. */
export const PAIRS_MIN = 5;

/**
 * Of pairs that ran next to each other. Geometric means, and the bootstrap interval of the mean logarithm of the ratios.
 * Without an interval where a figure is missing, or below PAIRS_MIN.
 */
export function changeOfPairs(
  base: readonly (number | null)[],
  head: readonly (number | null)[],
  random: Random,
): Change {
  const [baseLogs, headLogs] = [logarithms(base), logarithms(head)];
  const means = { base: meanOf(baseLogs), head: meanOf(headLogs) };
  if (baseLogs === null || headLogs === null) return { ...means, change: null, ci95: null };
  const ratios = baseLogs.map((log, at) => (headLogs[at] ?? 0) - log);
  const change = Math.expm1(mean(ratios));
  if (ratios.length < PAIRS_MIN) return { ...means, change, ci95: null };
  const [low, high] = bootstrapMean(ratios, random);
  return { ...means, change, ci95: [Math.expm1(low), Math.expm1(high)] };
}

/**
 * The largest relative change that the base would show against itself: the upper half of its runs against the lower one, as
 * no other split into halves differs by more. Null of fewer than two runs.
 */
export function noiseOf(base: readonly (number | null)[]): number | null {
  const logs = logarithms(base);
  if (logs === null || logs.length < 2) return null;
  const sorted = [...logs].sort((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  return Math.expm1(mean(sorted.slice(-half)) - mean(sorted.slice(0, half)));
}

/** Null where one is missing, or is no more than zero. */
function logarithms(values: readonly (number | null)[]): number[] | null {
  const logs = values.flatMap((value) => (value === null || value <= 0 ? [] : [Math.log(value)]));
  return logs.length === values.length && logs.length > 0 ? logs : null;
}

function meanOf(logs: readonly number[] | null): number | null {
  return logs === null ? null : Math.exp(mean(logs));
}
