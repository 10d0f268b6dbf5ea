/**
 * How this side fared during a run, and whether that spoilt it: a busy client measures itself, and tells it as the
 * server's latency. Pure; `health-watch.ts` takes the figures.
 */
import { maxOf, percentileOf, type Quantiles } from './quantiles.js';
import type { ClientReport } from './result.js';

/** What one thread saw of itself. */
export interface ThreadHealth {
  /** Event loop utilization, 0 to 1. */
  readonly elu: number;
  /** How late the event loop came to a timer, in ms. */
  readonly loopDelayMs: Quantiles;
  readonly gcPauseMs: number;
  /** Events that bear tokens. */
  readonly events: number;
  /** Of those, how many came in the same read as the one before. */
  readonly coalesced: number;
  /** Open loop: how late requests were sent by this side's own fault, in ms; waiting for `inFlightMax` is none. */
  readonly lagMs: Quantiles;
  /** Due time of the last request that was sent, less that of the first, and how late the last was. */
  readonly dueSpanMs: number;
  readonly lastLagMs: number;
  readonly inFlightPeak: number;
  readonly unsent: number;
}

/** What all threads of a run saw. */
export interface ClientHealth {
  readonly threads: readonly ThreadHealth[];
  readonly wallMs: number;
  /** Of the whole process. */
  readonly cpuUs: number;
  /** Requests in flight that there should have been at least once; null in an open loop and where the run was interrupted. */
  readonly inFlightTarget: number | null;
}

/** What the verdict needs of the run itself. */
export interface RunFigures {
  readonly ttftP50Ms: number | null;
  readonly iclP50Ms: number | null;
  readonly calibration: ClientReport['calibration'];
}

export interface ClientFigures {
  readonly cpuUtil: number | null;
  readonly elu: number | null;
  readonly loopDelayP99Ms: number | null;
  readonly lagP99Ms: number | null;
  /** Achieved rate / planned rate. */
  readonly achievedShare: number | null;
  readonly inFlightPeak: number;
  readonly inFlightTarget: number | null;
  readonly ttftP50Ms: number | null;
  readonly iclP50Ms: number | null;
}

const BUSY_MAX = 0.85;
const LOOP_DELAY_MS_MAX = 5;
const LOOP_DELAY_OF_ICL_MAX = 0.2;
const LAG_MS_MAX = 10;
const LAG_OF_TTFT_MAX = 0.01;
const ACHIEVED_MIN = 0.98;
/** In a shorter run the 99th percentile is the slowest of a handful of looks at the event loop. */
const LOOP_DELAY_WALL_MS_MIN = 1_000;
/** A shorter run has hardly done more than to compile the client. */
const BUSY_WALL_MS_MIN = 250;

/** Saturated where any of these holds; each reason names its figure and its limit. */
export function judge(figures: ClientFigures): { saturated: boolean; reasons: string[] } {
  const loopDelayMax = Math.max(LOOP_DELAY_MS_MAX, LOOP_DELAY_OF_ICL_MAX * (figures.iclP50Ms ?? 0));
  const lagMax = Math.max(LAG_MS_MAX, LAG_OF_TTFT_MAX * (figures.ttftP50Ms ?? 0));
  const { inFlightPeak: peak, inFlightTarget: target } = figures;
  const reasons = [
    above(figures.cpuUtil, BUSY_MAX, (is, max) => `CPU use of a thread ${percent(is)} > ${percent(max)}`),
    above(figures.elu, BUSY_MAX, (is, max) => `event loop busy ${percent(is)} > ${percent(max)}`),
    above(figures.loopDelayP99Ms, loopDelayMax, (is, max) => `event loop delay p99 ${ms(is)} > ${ms(max)}`),
    above(figures.lagP99Ms, lagMax, (is, max) => `requests sent late, p99 ${ms(is)} > ${ms(max)}`),
    figures.achievedShare !== null && figures.achievedShare < ACHIEVED_MIN
      ? `achieved rate ${percent(figures.achievedShare)} of the target < ${percent(ACHIEVED_MIN)}`
      : undefined,
    target !== null && peak < target ? `in flight never reached ${target}, only ${peak}` : undefined,
  ].filter((reason) => reason !== undefined);
  return { saturated: reasons.length > 0, reasons };
}

export function clientReport(health: ClientHealth, run: RunFigures): ClientReport {
  const figures = figuresOf(health, run);
  const { threads, wallMs, cpuUs } = health;
  const events = sum(threads.map((thread) => thread.events));
  const isBrief = wallMs < BUSY_WALL_MS_MIN;
  return {
    ...judge(isBrief ? { ...figures, cpuUtil: null, elu: null } : figures),
    workers: threads.length,
    cpu_util: figures.cpuUtil,
    elu: figures.elu,
    event_loop_delay_ms: delayOf(threads.map(({ loopDelayMs }) => loopDelayMs)),
    gc_pause_ms: sum(threads.map(({ gcPauseMs }) => gcPauseMs)),
    events_per_s: wallMs > 0 ? (events * 1000) / wallMs : null,
    cpu_us_per_event: events > 0 ? cpuUs / events : null,
    coalesced_event_ratio: events > 0 ? sum(threads.map(({ coalesced }) => coalesced)) / events : null,
    schedule_lag_ms: lagOf(threads.map(({ lagMs }) => lagMs)),
    unsent: sum(threads.map(({ unsent }) => unsent)),
    calibration: run.calibration,
  };
}

/** Of several threads the busiest counts: its streams are the ones that are measured wrong. */
function figuresOf({ threads, wallMs, cpuUs, inFlightTarget }: ClientHealth, run: RunFigures): ClientFigures {
  const loopDelays = threads.map(({ loopDelayMs }) => loopDelayMs);
  const lags = threads.map(({ lagMs }) => lagMs);
  const shares = threads
    .filter(({ lagMs, dueSpanMs }) => lagMs.count > 1 && dueSpanMs > 0)
    .map(({ dueSpanMs, lastLagMs }) => dueSpanMs / (dueSpanMs + lastLagMs));
  return {
    cpuUtil: wallMs > 0 && threads.length > 0 ? cpuUs / 1000 / wallMs / threads.length : null,
    elu: threads.length > 0 ? Math.max(...threads.map(({ elu }) => elu)) : null,
    loopDelayP99Ms: wallMs < LOOP_DELAY_WALL_MS_MIN ? null : percentileOf(loopDelays, 99),
    lagP99Ms: percentileOf(lags, 99),
    achievedShare: shares.length > 0 ? Math.min(...shares) : null,
    inFlightPeak: sum(threads.map(({ inFlightPeak }) => inFlightPeak)),
    inFlightTarget,
    ttftP50Ms: run.ttftP50Ms,
    iclP50Ms: run.iclP50Ms,
  };
}

function delayOf(parts: readonly Quantiles[]): { p50: number; p99: number; max: number } | null {
  const [p50, p99, max] = [percentileOf(parts, 50), percentileOf(parts, 99), maxOf(parts)];
  return p50 === null || p99 === null || max === null ? null : { p50, p99, max };
}

function lagOf(parts: readonly Quantiles[]): { p50: number; p99: number } | null {
  const [p50, p99] = [percentileOf(parts, 50), percentileOf(parts, 99)];
  return p50 === null || p99 === null ? null : { p50, p99 };
}

function above(is: number | null, max: number, reason: (is: number, max: number) => string): string | undefined {
  return is !== null && is > max ? reason(is, max) : undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.995 ? 0 : 1)} %`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
