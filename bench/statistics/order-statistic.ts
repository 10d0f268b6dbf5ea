/**
 * What a sample says of the quantiles of what it was drawn from, whatever the distribution: the number of values below the
 * true q-quantile is binomial(n, q). David and Nagaraja, "Order statistics" (2003), 7.1.
 */
import { Z_95 } from './normal.js';

const CONFIDENCE = 0.95;

/** From here on the normal approximation is good to a rank. */
const EXACT_SAMPLES_MAX = 20_000;

/** Rank (from 1) of the value that is above the true quantile with 95 % confidence; undefined: the sample is too small. */
export function upperBoundRank(samples: number, probability: number): number | undefined {
  if (samples < samplesNeeded(probability)) return undefined;
  return binomialQuantile(samples, probability, CONFIDENCE) + 1;
}

/**
 * Samples from which a value exists that is above the true quantile with 95 % confidence: the smallest n with
 * 1 - q^n >= 0.95. P50 5, P90 29, P95 59, P99 299.
 */
export function samplesNeeded(probability: number): number {
  return Math.ceil(Math.log(1 - CONFIDENCE) / Math.log(probability) - 1e-9);
}

/** Ranks (from 1) between which the true median is with at least 95 % confidence; undefined below 6 samples. */
export function medianRanks(samples: number): readonly [number, number] | undefined {
  const low = binomialQuantile(samples, 0.5, (1 - CONFIDENCE) / 2);
  return low < 1 ? undefined : [low, samples + 1 - low];
}

/** The smallest k with P(X <= k) >= `level`, where X is binomial. */
function binomialQuantile(trials: number, probability: number, level: number): number {
  if (trials > EXACT_SAMPLES_MAX) return approximateQuantile(trials, probability, level);
  const odds = Math.log(probability) - Math.log1p(-probability);
  let logMass = trials * Math.log1p(-probability);
  let sum = Math.exp(logMass);
  let successes = 0;
  while (sum < level && successes < trials) {
    logMass += Math.log((trials - successes) / (successes + 1)) + odds;
    sum += Math.exp(logMass);
    successes += 1;
  }
  return successes;
}

/** Normal approximation with continuity correction, for the two levels that are asked for. */
function approximateQuantile(trials: number, probability: number, level: number): number {
  const z = level < 0.5 ? -Z_95 : Z_ONE_SIDED_95;
  const spread = Math.sqrt(trials * probability * (1 - probability));
  return Math.min(trials, Math.ceil(trials * probability + z * spread - 0.5));
}

/** One-sided 95 %. */
const Z_ONE_SIDED_95 = 1.6448536269514722;
