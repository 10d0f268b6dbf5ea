/**
 * Gates: limits on the figures of a run that a CI job can fail on. `metric.stat op value`, as in `ttft.p95<800ms`,
 * `success_rate>=99%`, `output_tps>40`. Nothing passes silently: a figure that is missing fails, one that too few samples
 * carry is inconclusive.
 */
import { GollamaError } from '../src/base/errors.js';
import { nearest } from '../src/base/nearest.js';
import { type Dimension, type Judged, MEASURES, METRICS_TEXT, type Measure, samplesFor } from './gates/catalogue.js';
import { parseTimeMs } from './metrics/time-value.js';
import type { GateOutcome } from './result.js';

type Operator = '<' | '<=' | '>' | '>=' | '==';

export interface Gate {
  /** As it was written, without blanks around its parts. */
  readonly expr: string;
  readonly measure: Measure;
  readonly operator: Operator;
  /** In ms, tokens or requests a second, a share of 1, or a bare count. */
  readonly threshold: number;
}

export interface GateOptions {
  /** Share of failed requests that is let pass; undefined: 1 %, unless a gate asks for a rate of success itself. */
  readonly maxErrorRate?: number | undefined;
  /** Judge quantiles by their point estimate, however few the samples. */
  readonly allowSmallN?: boolean | undefined;
  /** Judge figures that are made of estimated token counts. */
  readonly allowEstimatedTokens?: boolean | undefined;
}

const ERROR_RATE_MAX = 0.01;
const GRAMMAR = /^\s*([a-z][\w.]*)\s*(<=|>=|==|<|>)\s*([^\s<>=].*?)\s*$/i;

/** Throws GollamaError `usage`, with what is known. */
export function parseGate(text: string): Gate {
  const [, name = '', operator, value = ''] = GRAMMAR.exec(text) ?? [];
  if (!isOperator(operator)) {
    throw new GollamaError('usage', `gate "${text}" is not understood`, {
      hint: 'write metric.stat, one of < <= > >= ==, and a value, as in ttft.p95<800ms or success_rate>=99%',
    });
  }
  const measure = MEASURES.get(name) ?? unknownMetric(name, text);
  const threshold = thresholdOf(value, measure.dimension);
  if (threshold === undefined) {
    throw new GollamaError('usage', `"${value}" in gate "${text}" is no value of ${name}`, {
      hint: VALUES[measure.dimension],
    });
  }
  return { expr: `${name}${operator}${value}`, measure, operator, threshold };
}

/**
 * One outcome for each gate, behind that of the error budget. A run without a single success, or without a single token,
 * fails whatever was asked for.
 */
export function judgeGates(gates: readonly Gate[], result: Judged, options: GateOptions = {}): GateOutcome[] {
  const judged = gates.map((gate) => judge(gate, result, options));
  return [...neverFine(result), ...errorBudget(gates, result, options), ...judged];
}

function judge(gate: Gate, result: Judged, options: GateOptions): GateOutcome {
  const { expr, measure, operator, threshold } = gate;
  const { actual, ci95, samples } = measure.read(result);
  const needed = samplesFor(measure, operator !== '>' && operator !== '>=');
  const outcome = { expr, actual, unit: UNITS[measure.dimension], ci95, n: samples, min_n: needed ?? null };
  if (actual === null) return { ...outcome, status: 'fail', reason: missing(measure.name) };
  if (measure.countsTokens && result.tokens.estimated && !options.allowEstimatedTokens) {
    return {
      ...outcome,
      status: 'inconclusive',
      reason: 'token counts are estimated; --allow-estimated-tokens judges them all the same',
    };
  }
  if (needed !== undefined && (samples ?? 0) < needed && !options.allowSmallN) {
    return { ...outcome, status: 'inconclusive', reason: `n=${samples}, a 95% bound needs ${needed}` };
  }
  return { ...outcome, status: holds(actual, operator, threshold) ? 'pass' : 'fail', reason: null };
}

function neverFine(result: Judged): GateOutcome[] {
  const { requests, tokens, target } = result;
  const always = (text: string, reason: string): GateOutcome => ({ ...judge(parseGate(text), result, {}), reason });
  if (requests.successful === 0) return [always('requests.successful>0', 'no request succeeded')];
  const isMute = tokens.completion === 0 && target.endpoint !== 'embeddings';
  // An estimate of zero tokens is zero tokens.
  return isMute ? [{ ...always('tokens.completion>0', 'no answer had a token'), status: 'fail' }] : [];
}

/** The default gives way to what the user asks of the same rate. */
function errorBudget(gates: readonly Gate[], result: Judged, { maxErrorRate }: GateOptions): GateOutcome[] {
  const isAsked = gates.some(({ measure }) => measure.name === 'success_rate' || measure.name === 'error_rate');
  if (maxErrorRate === undefined && isAsked) return [];
  const least = Math.round((1 - (maxErrorRate ?? ERROR_RATE_MAX)) * 1e6) / 1e4;
  return [judge(parseGate(`success_rate>=${least}%`), result, {})];
}

function missing(name: string): string {
  return /^good/.test(name) ? 'not measured: --goodput sets the limits that a good request meets' : 'not measured';
}

function holds(actual: number, operator: Operator, threshold: number): boolean {
  switch (operator) {
    case '<':
      return actual < threshold;
    case '<=':
      return actual <= threshold;
    case '>':
      return actual > threshold;
    case '>=':
      return actual >= threshold;
    case '==':
      return actual === threshold;
  }
}

const UNITS: Readonly<Record<Dimension, string | null>> = {
  time: 'ms',
  ratio: null,
  token_rate: 'tok/s',
  request_rate: 'rps',
  count: null,
};

const VALUES: Readonly<Record<Dimension, string>> = {
  time: 'a time is written 800ms, 2s or 250us; without a unit it is in ms',
  ratio: 'a rate is written 99% or 0.99',
  token_rate: 'tokens a second are written 40 or 40tok/s',
  request_rate: 'requests a second are written 2.5 or 2.5rps',
  count: 'a count is a bare number',
};

function thresholdOf(value: string, dimension: Dimension): number | undefined {
  switch (dimension) {
    case 'time':
      return parseTimeMs(value);
    case 'ratio':
      return ratioOf(value);
    case 'token_rate':
      return numberBefore(value, /(tok\/s|tps)$/);
    case 'request_rate':
      return numberBefore(value, /(req\/s|rps)$/);
    case 'count':
      return numberBefore(value, /$/);
  }
}

/** A bare number above 1 is a percentage that was not called one: which of the two was meant nobody knows. */
function ratioOf(value: string): number | undefined {
  const isPercent = value.endsWith('%');
  const amount = numberBefore(value, /%?$/);
  if (amount === undefined || amount > (isPercent ? 100 : 1)) return undefined;
  return isPercent ? amount / 100 : amount;
}

function numberBefore(value: string, unit: RegExp): number | undefined {
  const amount = value.replace(unit, '').trim();
  return /^(\d+(\.\d+)?|\.\d+)$/.test(amount) ? Number(amount) : undefined;
}

function isOperator(text: string | undefined): text is Operator {
  return text === '<' || text === '<=' || text === '>' || text === '>=' || text === '==';
}

function unknownMetric(name: string, text: string): never {
  const meant = nearest(name, MEASURES.keys());
  const more = [...MEASURES.keys()].filter((known) => known.startsWith(`${name}.`));
  const [first] = more;
  const proposal = first ?? meant;
  const what = first === undefined ? `"${name}" is unknown` : `"${name}" needs a statistic`;
  throw new GollamaError('usage', `${what} in gate "${text}"${proposal ? `; did you mean ${proposal}?` : ''}`, {
    hint: more.length > 0 ? `one of ${more.join(', ')}` : `known: ${METRICS_TEXT}`,
  });
}
