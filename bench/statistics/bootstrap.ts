/** Intervals by drawing again from what was drawn (B. Efron, 1979), seeded: the same seed gives the same interval. */
import type { Random } from '../../src/base/random.js';
import { normal, normalCdf, studentQuantile } from './normal.js';
import type { Interval } from './proportion.js';
import { ascending, mean, quantile } from './quantile.js';

const RESAMPLES = 4000;
/** Enough where one value in forty is looked for, and each draw is dear. */
const DRAWS = 1000;

/**
 * 95 % interval of the mean of `values`, two or more. The percentiles are moved outwards as T. C. Hesterberg does in "What
 * teachers should know about the bootstrap" (2015), 5.4 (expanded percentile interval): a handful of values resampled is
 * too narrow by sqrt((n - 1) / n), and by the normal in place of Student's t.
 */
export function bootstrapMean(values: readonly number[], random: Random): Interval {
  const means = resampled(RESAMPLES, () => mean(drawnFrom(values, random)));
  const spread = Math.sqrt(values.length / (values.length - 1));
  const tail = normalCdf(-spread * studentQuantile(0.05, values.length - 1));
  return [quantile(means, tail), quantile(means, 1 - tail)];
}

/** 95 % percentile interval of anything that can be drawn again. */
export function bootstrapInterval(draw: () => number): Interval {
  const drawn = resampled(DRAWS, draw);
  return [quantile(drawn, 0.025), quantile(drawn, 0.975)];
}

/**
 * Mean of as many values, drawn in blocks of neighbours that wrap around: neighbours in time are not independent. D. N.
 * Politis and J. P. Romano, "A circular block-resampling procedure for stationary data" (1992).
 */
export function blockResampledMean(values: readonly number[], random: Random): number {
  const blockLength = Math.ceil(Math.cbrt(values.length));
  let sum = 0;
  let start = 0;
  for (let at = 0; at < values.length; at++) {
    if (at % blockLength === 0) start = Math.floor(random() * values.length);
    sum += values[(start + (at % blockLength)) % values.length] ?? 0;
  }
  return sum / values.length;
}

/**
 * Where the q-quantile of a bootstrap sample of `count` values stands among those values: a rank from 1, without drawing
 * the sample. Its rank is ceil(count * U), where U is the r-th smallest of `count` uniform values, r = q * count: a sum of r
 * exponentials over a sum of count + 1.
 */
export function resampledRank(count: number, probability: number, random: Random): number {
  const rank = Math.min(count, Math.max(1, Math.round(probability * (count - 1)) + 1));
  const below = exponentials(rank, random);
  const above = exponentials(count + 1 - rank, random);
  return Math.min(count, Math.max(1, Math.ceil((count * below) / (below + above))));
}

function resampled(times: number, draw: () => number): Float64Array {
  return ascending(Array.from({ length: times }, draw));
}

function drawnFrom(values: readonly number[], random: Random): number[] {
  return values.map(() => values[Math.floor(random() * values.length)] ?? 0);
}

/** A sum of `count` exponentials; of many by the cube of a normal (Wilson and Hilferty, 1931). */
function exponentials(count: number, random: Random): number {
  if (count > 32) return count * (1 - 1 / (9 * count) + normal(random) / (3 * Math.sqrt(count))) ** 3;
  let product = 1;
  let sum = 0;
  for (let at = 0; at < count; at++) {
    product *= 1 - random();
    // One logarithm for many factors; a product of 16 never reaches zero.
    if (at % 16 === 15) {
      sum -= Math.log(product);
      product = 1;
    }
  }
  return sum - Math.log(product);
}
