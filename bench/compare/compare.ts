/**
 * Two sets of runs against each other: is the head slower than the base, and is that certain? From five interleaved pairs on
 * run by run; below that request by request, which is weak.
 */
import { GollamaError } from '../../src/base/errors.js';
import type { Random } from '../../src/base/random.js';
import type { ComparedMetric, Comparison } from '../result.js';
import { samplesNeeded } from '../statistics/order-statistic.js';
import { type Interval, newcombeInterval, type Share } from '../statistics/proportion.js';
import { outputInterval, quantileInterval, widened } from './by-request.js';
import { changeOfPairs, noiseOf, PAIRS_MIN } from './by-run.js';
import { type Change, decide, decideSuccess } from './decision.js';
import { guardsOf } from './guards.js';
import type { Run } from './run.js';

export interface CompareOptions {
  readonly random: Random;
  readonly baseName?: string | undefined;
  readonly headName?: string | undefined;
  /** Relative change of a latency that matters; 0.1 by default. */
  readonly minEffect?: number | undefined;
  /** Relative change of a rate that matters; 0.05 by default. */
  readonly minRateEffect?: number | undefined;
  /** Change of a latency in ms below which none matters; 5 by default, and a twentieth of it for times per token. */
  readonly minAbsoluteMs?: number | undefined;
  /** Drop of the success rate that matters; 0.005 by default. */
  readonly minSuccessDrop?: number | undefined;
}

/** `base[i]` and `head[i]` ran next to each other. Throws GollamaError `usage` where they are not as many. */
export function compare(base: readonly Run[], head: readonly Run[], options: CompareOptions): Comparison {
  if (base.length === 0 || base.length !== head.length) {
    throw new GollamaError('usage', `${base.length} runs cannot be compared with ${head.length}`, {
      hint: 'give as many results of the head as of the base',
    });
  }
  const rows = [successRow(base, head, options), ...figureRows(base, head, options)];
  const guards = guardsOf(base, head);
  const noises = rows.flatMap(({ isCore, noise }) => (isCore && noise !== null ? [noise] : []));
  return {
    base: options.baseName ?? nameOf(base),
    head: options.headName ?? nameOf(head),
    pairs: base.length,
    method: base.length >= PAIRS_MIN ? 'paired-bootstrap' : 'request-bootstrap',
    noise: noises.length > 0 ? Math.max(...noises) : null,
    metrics: rows.map(({ compared }) => compared),
    guards,
    confirmed: false,
    status: statusOf(rows, guards),
  };
}

/**
 * `first` after another set of pairs was run to see whether its difference comes again. What does not come again is
 * inconclusive; a comparison that found no difference stays as it is.
 */
export function confirm(first: Comparison, again: Comparison): Comparison {
  if (first.status !== 'regression' && first.status !== 'improvement') return first;
  const wanted = first.status === 'regression' ? 'worse' : 'better';
  const metrics = first.metrics.map((compared): ComparedMetric => {
    const other = again.metrics.find(({ metric }) => metric === compared.metric);
    const isOpen = compared.verdict === wanted && other?.verdict !== wanted;
    return isOpen ? { ...compared, verdict: 'inconclusive' } : compared;
  });
  const guards = [...first.guards, ...again.guards];
  const confirmed = guards.length === 0 && metrics.some(({ verdict }) => verdict === wanted);
  return { ...first, metrics, guards, confirmed, status: confirmed ? first.status : 'inconclusive' };
}

interface Row {
  readonly compared: ComparedMetric;
  /** While it is open, the comparison is. */
  readonly isCore: boolean;
  readonly noise: number | null;
}

/** 1. Guards. 2. Anything worse. 3. A core figure is open. 4. Anything better. 5. The same. */
function statusOf(rows: readonly Row[], guards: readonly string[]): Comparison['status'] {
  const has = (verdict: ComparedMetric['verdict']) => rows.some(({ compared }) => compared.verdict === verdict);
  if (guards.length > 0) return 'inconclusive';
  if (has('worse')) return 'regression';
  if (rows.some(({ compared, isCore }) => isCore && compared.verdict === 'inconclusive')) return 'inconclusive';
  return has('better') ? 'improvement' : 'same';
}

function successRow(base: readonly Run[], head: readonly Run[], { minSuccessDrop = 0.005 }: CompareOptions): Row {
  const [baseShare, headShare] = [successes(base), successes(head)];
  const [baseRate, headRate] = [rateOf(baseShare), rateOf(headShare)];
  const change: Change = {
    base: baseRate,
    head: headRate,
    change: baseRate === null || headRate === null ? null : headRate - baseRate,
    ci95: newcombeInterval(headShare, baseShare),
  };
  const verdict = decideSuccess(change, minSuccessDrop);
  return { compared: { metric: 'success_rate', unit: '', ...change, verdict }, isCore: true, noise: null };
}

interface Figure {
  readonly metric: string;
  readonly unit: string;
  readonly kind: 'latency' | 'per_token' | 'rate';
  /** Core by itself, core in place of another figure that nobody has, or never. */
  readonly core: boolean | { readonly inPlaceOf: string };
  read(run: Run): number | null;
  /** The change's interval from the requests of each run; null where there is no way. */
  byRequest(base: readonly Run[], head: readonly Run[], random: Random): Interval | null;
}

/** In the order of trust. */
const FIGURES: readonly Figure[] = [
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

function figureRows(base: readonly Run[], head: readonly Run[], options: CompareOptions): Row[] {
  const isMeasured = ({ read }: Figure) => [...base, ...head].some((run) => read(run) !== null);
  const measured = FIGURES.filter(isMeasured);
  const isThere = (name: string) => measured.some(({ metric }) => metric === name);
  return measured.map((figure) => {
    const isCore = typeof figure.core === 'boolean' ? figure.core : !isThere(figure.core.inPlaceOf);
    return figureRow(figure, isCore, base, head, options);
  });
}

function figureRow(
  figure: Figure,
  isCore: boolean,
  base: readonly Run[],
  head: readonly Run[],
  options: CompareOptions,
): Row {
  const [baseValues, headValues] = [base.map(figure.read), head.map(figure.read)];
  const change = changeOfPairs(baseValues, headValues, options.random);
  const isByRequest = change.change !== null && base.length < PAIRS_MIN;
  const drawn = isByRequest ? figure.byRequest(base, head, options.random) : null;
  const ci95 = isByRequest ? drawn && widened(drawn, baseValues, headValues) : change.ci95;
  const noise = noiseOf(baseValues);
  const verdict = decide({ ...change, ci95 }, { ...demandOf(figure, options), noise });
  const compared = { metric: figure.metric, unit: figure.unit, ...change, ci95, verdict };
  // What single runs have no interval for is shown, and decides nothing.
  return { compared, isCore: isCore && !(isByRequest && ci95 === null), noise };
}

function demandOf({ kind }: Figure, options: CompareOptions) {
  const { minEffect = 0.1, minRateEffect = 0.05, minAbsoluteMs = 5 } = options;
  if (kind === 'rate') return { effect: minRateEffect, floor: 0, isLowerBetter: false };
  return { effect: minEffect, floor: kind === 'per_token' ? minAbsoluteMs / 20 : minAbsoluteMs, isLowerBetter: true };
}

function successes(runs: readonly Run[]): Share {
  const count = runs.reduce((sum, { requests }) => sum + requests.successful, 0);
  return { count, of: count + runs.reduce((sum, { requests }) => sum + requests.failed, 0) };
}

function rateOf({ count, of }: Share): number | null {
  return of === 0 ? null : count / of;
}

function nameOf([first]: readonly Run[]): string {
  return first?.run.labels.git_sha ?? first?.run.id ?? '';
}
