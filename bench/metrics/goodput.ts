/**
 * Goodput: the rate of requests that met every limit set for them. Y. Zhong et al., "DistServe" (OSDI 2024). Failed requests
 * stay in the denominator of the good fraction: else dropping requests would improve it.
 */
import { GollamaError } from '../../src/base/errors.js';
import { REQUEST_LATENCIES, type RequestFigures, type RequestLatency } from './request-figures.js';
import { parseTimeMs } from './time-value.js';

/** Upper limits in ms. */
export type GoodputLimits = Readonly<Partial<Record<RequestLatency, number>>>;

/** `ttft:800,tpot:60ms,e2e:10s`; a number without a unit is in ms. Throws GollamaError `usage`. */
export function parseGoodput(text: string): GoodputLimits {
  const limits: Partial<Record<RequestLatency, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split(':', 2).map((side) => side.trim());
    const latency = REQUEST_LATENCIES.find((known) => known === name);
    const limitMs = parseTimeMs(value);
    if (latency === undefined || limitMs === undefined) {
      throw new GollamaError('usage', `goodput limit "${part.trim()}" is not understood`, {
        hint: `write name:ms, as in ttft:800,tpot:60; names: ${REQUEST_LATENCIES.join(', ')}`,
      });
    }
    limits[latency] = limitMs;
  }
  return limits;
}

/**
 * Whether a successful request met them all. What was not measured is not met; but a request of a single token, which has no
 * time per token, was not slow at it.
 */
export function meets(limits: GoodputLimits, figures: RequestFigures, completionTokens: number): boolean {
  return REQUEST_LATENCIES.every((name) => {
    const limitMs = limits[name];
    if (limitMs === undefined) return true;
    const valueMs = figures[name];
    return valueMs === null ? name === 'tpot' && completionTokens === 1 : valueMs <= limitMs;
  });
}
