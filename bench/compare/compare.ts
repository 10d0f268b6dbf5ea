/**
 * Two sets of runs against each other: is the head slower than the base, and is that certain? From five interleaved pairs on
 * run by run; below that request by request, which is weak.
 */
import { GollamaError } from '../../src/base/errors.js';
import type { Random } from '../../src/base/random.js';
import type { ComparedMetric, Comparison } from '../result.js';
import { newcombeInterval, type Share } from '../statistics/proportion.js';
import { widened } from './by-request.js';
import { changeOfPairs, noiseOf, PAIRS_MIN } from './by-run.js';
import { type Change, type Demand, decide, decideSuccess } from './decision.js';
import { FIGURES, type Figure } from './figures.js';
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

function figureRows(base: readonly Run[], head: readonly Run[], options: CompareOptions): Row[] {
  const isMeasured = ({ read }: Figure) => [...base, ...head].some((run) => read(run) !== null);
  const measured = FIGURES.filter(isMeasured);
  const isThere = (name: string) => measured.some(({ metric }) => metric === name);
  return measured.flatMap((figure) => {
    const isCore = typeof figure.core === 'boolean' ? figure.core : !isThere(figure.core.inPlaceOf);
    return figure.isSpare && !isCore ? [] : [figureRow(figure, isCore, base, head, options)];
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
  const verdict = decide({ ...change, ci95 }, { ...demandOf(figure, base.length < PAIRS_MIN, options), noise });
  const compared = { metric: figure.metric, unit: figure.unit, ...change, ci95, verdict };
  // What single runs have no interval for is shown, and decides nothing.
  return { compared, isCore: isCore && !(isByRequest && ci95 === null), noise };
}

/** Single runs differ by more than their requests show, and a rate has a small effect: it is held to that of latencies. */
function demandOf({ kind }: Figure, isWeak: boolean, options: CompareOptions): Omit<Demand, 'noise'> {
  const { minEffect = 0.1, minRateEffect = 0.05, minAbsoluteMs = 5 } = options;
  if (kind === 'rate') {
    return { effect: isWeak ? Math.max(minEffect, minRateEffect) : minRateEffect, floor: 0, isLowerBetter: false };
  }
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
