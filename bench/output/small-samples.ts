/**
 * Percentiles that so many values do not carry: no value of the sample is above them with 95 % confidence, so what is printed
 * is the luck of this run.
 */
import { samplesNeeded } from '../statistics/order-statistic.js';

export const SAMPLES_FOR_BOUND = {
  P50: samplesNeeded(0.5),
  P90: samplesNeeded(0.9),
  P95: samplesNeeded(0.95),
  P99: samplesNeeded(0.99),
  P999: samplesNeeded(0.999),
} as const;

const SHOWN = ['P50', 'P90', 'P95', 'P99'] as const;

/** Of the percentiles that a report shows, those of which `count` values give no bound. */
export function unboundedQuantiles(count: number): readonly (typeof SHOWN)[number][] {
  return SHOWN.filter((name) => count < SAMPLES_FOR_BOUND[name]);
}
