/**
 * Changes between too few runs to compare run by run: the requests inside each run are drawn again. Weak, as they share
 * the state of their run: what differs from run to run for other reasons is not in these intervals.
 */
import type { Random } from '../../src/base/random.js';
import { blockResampledMean, bootstrapInterval, resampledRank } from '../statistics/bootstrap.js';
import { decoded, type RankedValues, rankedValues } from '../statistics/histogram.js';
import type { Interval } from '../statistics/proportion.js';
import { mean } from '../statistics/quantile.js';
import type { Run } from './run.js';

/** Draws a figure of one run again. */
type Draw = () => number;

/** Of a rate, which is counted in intervals of time: fewer say nothing. */
const INTERVALS_MIN = 10;

/** The relative change of a latency's quantile; null where a run has no histogram of it. */
export function quantileInterval(
  base: readonly Run[],
  head: readonly Run[],
  { latency, probability }: { readonly latency: 'ttft' | 'tpot' | 'e2e'; readonly probability: number },
  random: Random,
): Interval | null {
  const drawOf = ({ histograms }: Run): Draw | null => {
    const text = histograms[latency];
    return text === null ? null : quantileDraw(rankedValues(decoded(text)), probability, random);
  };
  return interval(base.map(drawOf), head.map(drawOf));
}

/** The relative change of the output rate while the load was full; null where a run was too short. */
export function outputInterval(base: readonly Run[], head: readonly Run[], random: Random): Interval | null {
  const drawOf = (run: Run): Draw | null => {
    const counts = steadyCounts(run);
    return counts.length < INTERVALS_MIN ? null : () => blockResampledMean(counts, random) / run.timeseries.interval_s;
  };
  return interval(base.map(drawOf), head.map(drawOf));
}

/** Makes an interval reach to the changes of all pairs: what the pairs show of their own scatter is not left out. */
export function widened(
  [low, high]: Interval,
  base: readonly (number | null)[],
  head: readonly (number | null)[],
): Interval {
  const changes = base.flatMap((value, at) => {
    const other = head[at] ?? null;
    return value === null || other === null || value <= 0 ? [] : [other / value - 1];
  });
  return [Math.min(low, ...changes), Math.max(high, ...changes)];
}

function quantileDraw(values: RankedValues, probability: number, random: Random): Draw {
  return () => values.at(resampledRank(values.count, probability, random));
}

/** Tokens of the intervals that lie inside the steady window. */
function steadyCounts({ timeseries, windows }: Run): number[] {
  const [fromS, toS] = windows.steady ?? windows.full;
  return timeseries.output_tokens.filter((_, at) => {
    return at * timeseries.interval_s >= fromS && (at + 1) * timeseries.interval_s <= toS;
  });
}

function interval(base: readonly (Draw | null)[], head: readonly (Draw | null)[]): Interval | null {
  const baseDraws = base.filter((draw) => draw !== null);
  const headDraws = head.filter((draw) => draw !== null);
  if (baseDraws.length < base.length || headDraws.length < head.length) return null;
  const [low, high] = bootstrapInterval(() => meanLog(headDraws) - meanLog(baseDraws));
  return Number.isFinite(low) && Number.isFinite(high) ? [Math.expm1(low), Math.expm1(high)] : null;
}

function meanLog(draws: readonly Draw[]): number {
  return mean(draws.map((draw) => Math.log(draw())));
}
