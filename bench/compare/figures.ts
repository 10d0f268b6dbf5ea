/** The figures that are compared, but for the success rate, and how far each may decide. */
import type { Random } from '../../src/base/random.js';
import { samplesNeeded } from '../statistics/order-statistic.js';
import type { Interval } from '../statistics/proportion.js';
import { outputInterval, quantileInterval } from './by-request.js';
import type { Run } from './run.js';

export interface Figure {
  readonly metric: string;
  readonly unit: string;
  readonly kind: 'latency' | 'per_token' | 'rate';
  /** Core by itself, core in place of another figure that nobody has, or never. */
  readonly core: boolean | { readonly inPlaceOf: string };
  /** Left out where that other figure is there: it would say the same again. */
  readonly isSpare?: boolean;
  read(run: Run): number | null;
  /** The change's interval from the requests of each run; null where there is no way. */
  byRequest(base: readonly Run[], head: readonly Run[], random: Random): Interval | null;
}

/** In the order of trust. */
export const FIGURES: readonly Figure[] = [
  latency('ttft', 'p50', true),
  latency('tpot', 'p50', true),
  latency('e2e', 'p50', { inPlaceOf: 'ttft.p50' }),
  {
    metric: 'output_tps',
    unit: 'tok/s',
    kind: 'rate',
    core: true,
    read: ({ throughput }) => throughput.output_tps,
    byRequest: outputInterval,
  },
  {
    metric: 'request_rps',
    unit: 'rps',
    kind: 'rate',
    core: { inPlaceOf: 'output_tps' },
    isSpare: true,
    read: ({ throughput }) => throughput.request_rps,
    byRequest: () => null,
  },
  latency('ttft', 'p95', false),
  latency('tpot', 'p95', false),
];

/** A tail of too few values is left out. */
function latency(name: 'ttft' | 'tpot' | 'e2e', statistic: 'p50' | 'p95', core: Figure['core']): Figure {
  const probability = statistic === 'p50' ? 0.5 : 0.95;
  return {
    metric: `${name}.${statistic}`,
    unit: 'ms',
    kind: name === 'tpot' ? 'per_token' : 'latency',
    core,
    read: ({ latency_ms }) => {
      const figures = latency_ms[name];
      const isCarried = statistic === 'p50' || (figures?.count ?? 0) >= samplesNeeded(probability);
      return figures && isCarried ? figures[statistic] : null;
    },
    byRequest: (base, head, random) => quantileInterval(base, head, { latency: name, probability }, random),
  };
}
