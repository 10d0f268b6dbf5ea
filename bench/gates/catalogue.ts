/** What a gate can ask for: the names, their units, and where a result has them. */
import { type BenchResult, type Distribution, LATENCIES, type LatencyName } from '../result.js';
import { samplesNeeded } from '../statistics/order-statistic.js';
import { wilsonInterval } from '../statistics/proportion.js';

/** The parts of a result that gates look at. */
export type Judged = Pick<BenchResult, 'requests' | 'tokens' | 'latency_ms' | 'throughput' | 'concurrency' | 'target'>;

export type Dimension = 'time' | 'ratio' | 'token_rate' | 'request_rate' | 'count';

interface Reading {
  readonly actual: number | null;
  readonly ci95: readonly [number | null, number | null] | null;
  /** Values it was made of; null where that says nothing. */
  readonly samples: number | null;
}

export interface Measure {
  /** `ttft.p95`, `success_rate`. */
  readonly name: string;
  readonly dimension: Dimension;
  /** Wrong where tokens are only estimated. */
  readonly countsTokens: boolean;
  /** The share of values below it; undefined where it is no quantile. */
  readonly probability?: number;
  read(result: Judged): Reading;
}

const QUANTILES = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
type Quantile = keyof typeof QUANTILES;
const STATISTICS = [...(Object.keys(QUANTILES) as Quantile[]), 'mean', 'min', 'max'] as const;
type Statistic = (typeof STATISTICS)[number];

const PER_TOKEN: ReadonlySet<LatencyName> = new Set(['tpot', 'ntpot']);

const latencies = LATENCIES.flatMap((latency) =>
  STATISTICS.map((statistic): Measure => {
    const probability = isQuantile(statistic) ? QUANTILES[statistic] : undefined;
    return {
      name: `${latency}.${statistic}`,
      dimension: 'time',
      countsTokens: PER_TOKEN.has(latency),
      ...(probability === undefined ? {} : { probability }),
      read: ({ latency_ms }) => ofDistribution(latency_ms[latency], statistic),
    };
  }),
);

const rates = [
  share('success_rate', ({ requests }) => [requests.success_rate, requests.successful]),
  share('error_rate', ({ requests }) => [complement(requests.success_rate), requests.failed]),
  share('good_fraction', ({ throughput, requests }) => {
    const fraction = throughput.good_fraction;
    return [fraction, Math.round((fraction ?? 0) * (requests.successful + requests.failed))];
  }),
];

const speeds = [
  ...(['request_rps', 'goodput_rps'] as const).map((name) =>
    plain(name, 'request_rate', ({ throughput }) => throughput[name]),
  ),
  ...(
    [
      'output_tps',
      'output_tps_steady',
      'output_tps_peak_1s',
      'output_tps_per_request_mean',
      'decode_tps_per_user_mean',
      'total_tps',
      'prefill_tps_effective_mean',
    ] as const
  ).map((name) =>
    plain(name, 'token_rate', ({ throughput }) => throughput[name], name !== 'prefill_tps_effective_mean'),
  ),
];

const counts = [
  ...(['total', 'successful', 'failed', 'incomplete'] as const).map((name) =>
    plain(`requests.${name}`, 'count', ({ requests }) => requests[name]),
  ),
  ...(['prompt', 'cached_prompt'] as const).map((name) =>
    plain(`tokens.${name}`, 'count', ({ tokens }) => tokens[name]),
  ),
  ...(['completion', 'reasoning', 'total', 'per_request_mean', 'completion_per_request_mean'] as const).map((name) =>
    plain(`tokens.${name}`, 'count', ({ tokens }) => tokens[name], true),
  ),
  plain('tokens.length_mismatch', 'count', ({ tokens }) => tokens.length_mismatch),
  ...(['mean', 'peak'] as const).map((name) =>
    plain(`concurrency.${name}`, 'count', ({ concurrency }) => concurrency[name]),
  ),
];

export const MEASURES: ReadonlyMap<string, Measure> = new Map(
  [...latencies, ...rates, ...speeds, ...counts].map((measure) => [measure.name, measure]),
);

/** For a message: the metrics with a statistic, and those without. */
export const METRICS_TEXT = `${LATENCIES.join(', ')} with .${STATISTICS.join(' .')}; ${[...rates, ...speeds, ...counts]
  .map(({ name }) => name)
  .join(', ')}`;

/** Values from which a gate on this side of a quantile can be judged; undefined: any number will do. */
export function samplesFor({ probability }: Measure, isUpperLimit: boolean): number | undefined {
  if (probability === undefined) return undefined;
  return samplesNeeded(isUpperLimit ? probability : 1 - probability);
}

function ofDistribution(distribution: Distribution | null, statistic: Statistic): Reading {
  if (distribution === null) return { actual: null, ci95: null, samples: 0 };
  return { actual: distribution[statistic], ci95: intervalOf(distribution, statistic), samples: distribution.count };
}

function intervalOf(distribution: Distribution, statistic: Statistic): Reading['ci95'] {
  if (statistic === 'p50') return distribution.p50_ci95;
  if (statistic !== 'p90' && statistic !== 'p95' && statistic !== 'p99') return null;
  const upper = distribution[`${statistic}_upper95`];
  return upper === null ? null : [null, upper];
}

function isQuantile(statistic: Statistic): statistic is Quantile {
  return statistic in QUANTILES;
}

/** `read` gives the share and how many it counts. */
function share(name: string, read: (result: Judged) => readonly [number | null, number]): Measure {
  return {
    name,
    dimension: 'ratio',
    countsTokens: false,
    read: (result) => {
      const [actual, count] = read(result);
      const of = result.requests.successful + result.requests.failed;
      return { actual, ci95: actual === null ? null : wilsonInterval({ count, of }), samples: of };
    },
  };
}

function plain(
  name: string,
  dimension: Dimension,
  read: (result: Judged) => number | null,
  countsTokens = false,
): Measure {
  return { name, dimension, countsTokens, read: (result) => ({ actual: read(result), ci95: null, samples: null }) };
}

/** Without the noise of `1 - 0.99`. */
function complement(ratio: number | null): number | null {
  return ratio === null ? null : Math.round((1 - ratio) * 1e12) / 1e12;
}
