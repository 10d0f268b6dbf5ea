/**
 * Times of one kind, one by one, in bounded memory: exact while there are few, then an HDR histogram in whole microseconds
 * (three digits). Count, mean, deviation, smallest and largest stay exact.
 */
import type { Distribution } from '../result.js';
import { encoded, type Histogram, newHistogram, recordMs, valueAtMs } from './histogram.js';
import { medianRanks, upperBoundRank } from './order-statistic.js';
import { ascending, quantile } from './quantile.js';

/** Above it the raw values are let go. */
export const EXACT_VALUES_MAX = 10_000;

/** What the figures of a distribution are read from. */
interface Source {
  readonly method: Distribution['method'];
  quantile(probability: number): number;
  /** The value at a rank from 1. */
  atRank(rank: number): number;
}

export class Samples {
  readonly #histogram: Histogram = newHistogram();
  #raw: number[] | undefined = [];
  #count = 0;
  #mean = 0;
  /** Sum of squared distances from the mean (B. P. Welford, 1962). */
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  add(valueMs: number): void {
    recordMs(this.#histogram, valueMs);
    if (this.#raw && this.#raw.length >= EXACT_VALUES_MAX) this.#raw = undefined;
    this.#raw?.push(valueMs);
    this.#count += 1;
    const distance = valueMs - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (valueMs - this.#mean);
    this.#min = Math.min(this.#min, valueMs);
    this.#max = Math.max(this.#max, valueMs);
  }

  /** From the histogram, at once: for a line that is painted while the run goes on. Null where there is nothing yet. */
  liveQuantile(probability: number): number | null {
    return this.#count === 0 ? null : this.#within(valueAtMs(this.#histogram, probability));
  }

  /** Null where there is nothing. `stddev` is the sample's: its divisor is n - 1. */
  distribution(): Distribution | null {
    if (this.#count === 0) return null;
    const source = this.#source();
    const upper = (probability: number) => {
      const rank = upperBoundRank(this.#count, probability);
      return rank === undefined ? null : source.atRank(rank);
    };
    const ranks = medianRanks(this.#count);
    return {
      count: this.#count,
      min: this.#min,
      mean: this.#mean,
      stddev: this.#count > 1 ? Math.sqrt(this.#squares / (this.#count - 1)) : 0,
      p50: source.quantile(0.5),
      p75: source.quantile(0.75),
      p90: source.quantile(0.9),
      p95: source.quantile(0.95),
      p99: source.quantile(0.99),
      p999: source.quantile(0.999),
      max: this.#max,
      p50_ci95: ranks ? [source.atRank(ranks[0]), source.atRank(ranks[1])] : null,
      p90_upper95: upper(0.9),
      p95_upper95: upper(0.95),
      p99_upper95: upper(0.99),
      method: source.method,
    };
  }

  /** `hdr-v2-deflate-base64`; null where there is nothing. */
  encoded(): string | null {
    return encoded(this.#histogram);
  }

  #source(): Source {
    if (this.#raw) {
      const sorted = ascending(this.#raw);
      return {
        method: 'exact',
        quantile: (probability) => quantile(sorted, probability),
        atRank: (rank) => sorted[rank - 1] ?? Number.NaN,
      };
    }
    const at = (probability: number) => this.#within(valueAtMs(this.#histogram, probability));
    return { method: 'hdr3', quantile: at, atRank: (rank) => at(rank / this.#count) };
  }

  /** A histogram answers with the end of a bucket, which may lie outside of what came. */
  #within(valueMs: number): number {
    return Math.min(this.#max, Math.max(this.#min, valueMs));
  }
}

export function distributionOf(valuesMs: Iterable<number>): Distribution | null {
  const samples = new Samples();
  for (const valueMs of valuesMs) samples.add(valueMs);
  return samples.distribution();
}
