/** What the rounds say, row by row, held against the targets. Pure: medians over rounds, of ratios inside a round. */
import { type Spread, spread } from '../spread.js';
import type { Figures } from './measurement.js';

/** By step. */
export type Round = Readonly<Record<string, Figures>>;

export interface Row {
  readonly name: string;
  readonly unit: string;
  /** Undefined where it was not measured. */
  readonly measured: Spread | undefined;
  /** F in the rounds, beside it. */
  readonly syncsPerS: Spread | undefined;
  readonly target: Target | undefined;
  /** By the median; undefined where there is no target, or it was not measured. */
  readonly isMet: boolean | undefined;
}

interface Target {
  readonly kind: 'at most' | 'at least';
  readonly value: number;
  /** It is meant for disks with at least this F. */
  readonly fromSyncsPerS?: number;
}

const atMost = (value: number): Target => ({ kind: 'at most', value });
const atLeast = (value: number): Target => ({ kind: 'at least', value });

export function rowsOf(rounds: readonly Round[]): Row[] {
  const row = rowMaker(rounds);
  return [
    row('durable submits, 64 at once', 'tasks/s', 'submits.tasksPerS'),
    row('durable submits, 64 at once', 'x F', ['submits.tasksPerS', 'submits.syncsPerS'], atLeast(8)),
    row('durable submits, 64 at once', 'x BullMQ', ['submits.tasksPerS', 'bullmq-submits.tasksPerS']),
    row('durable submits, one client', 'x F', ['one-submitter.tasksPerS', 'one-submitter.syncsPerS'], atLeast(0.4)),
    row('whole lives, 256 at once', 'tasks/s', 'lives.livesPerS'),
    row('whole lives, 256 at once', 'x F', ['lives.livesPerS', 'lives.syncsPerS'], atLeast(4)),
    row('whole lives, 256 at once', 'x BullMQ', ['lives.livesPerS', 'bullmq-lives.livesPerS'], atLeast(3)),
    row('  through runner and scheduler', 'tasks/s', 'queue-lives.livesPerS'),
    row('  through runner and scheduler', 'x F', ['queue-lives.livesPerS', 'queue-lives.syncsPerS']),
    row('  through runner and scheduler', 'x BullMQ', ['queue-lives.livesPerS', 'bullmq-lives.livesPerS']),
    row('acknowledged to started, 2000/s, p50', 'ms', 'starts.acknowledgedToStartedP50Ms', atMost(0.05)),
    row('acknowledged to started, 2000/s, p99', 'ms', 'starts.acknowledgedToStartedP99Ms', atMost(1)),
    row('  to the call of its engine, p50', 'ms', 'starts.acknowledgedToCalledP50Ms'),
    row('  to the call of its engine, p99', 'ms', 'starts.acknowledgedToCalledP99Ms'),
    row('  sent to acknowledged, p50', 'ms', 'starts.sentToAcknowledgedP50Ms'),
    row('HTTP, batches of 100', 'tasks/s', 'http.tasksPerS', { ...atLeast(3000), fromSyncsPerS: 600 }),
    row('claim, long backlog / short, time', 'ratio', 'claims.timeRatio', atMost(1.5)),
    row('claim, long backlog / short, CPU', 'ratio', 'claims.cpuRatio', atMost(1.5)),
    row('first dispatch after a crash, from its start', 'ms', 'crash.processMs', atMost(1000)),
    row('memory of a long backlog', 'MiB', 'memory.addedMib', atMost(100)),
    row('page of 50 in a long backlog, p50', 'ms', 'pages.pageP50Ms'),
    row('page of 50 in a long backlog, p99', 'ms', 'pages.pageP99Ms', atMost(2)),
    row('  of it to the thread and back, p99', 'ms', 'pages.wayP99Ms'),
    row('event loop delay added, 5000 lives/s, p99', 'ms', 'loop.addedMs', atMost(2)),
    row('  idle, by the generator alone', 'ms', 'loop.idleMs'),
    row('  through runner and scheduler', 'ms', 'queue-loop.addedMs'),
    row('log of the database per life, batches of 32', 'KiB', 'wal.walKibPerLife', atMost(8)),
  ];
}

/** A figure as `step.figure`, or the ratio of two. */
type Source = string | readonly [string, string];

function rowMaker(rounds: readonly Round[]) {
  return (name: string, unit: string, source: Source, target?: Target): Row => {
    const [first = '', second] = typeof source === 'string' ? [source] : source;
    const measured = spread(
      rounds.map((round) => figureIn(round, first) / (second === undefined ? 1 : figureIn(round, second))),
    );
    const syncsPerS = spread(rounds.map((round) => figureIn(round, `${first.split('.')[0]}.syncsPerS`)));
    return { name, unit, measured, syncsPerS, target, isMet: isMet(measured, syncsPerS, target) };
  };
}

function figureIn(round: Round, path: string): number {
  const [step = '', figure = ''] = path.split('.');
  return round[step]?.[figure] ?? Number.NaN;
}

function isMet(
  measured: Spread | undefined,
  syncsPerS: Spread | undefined,
  target: Target | undefined,
): boolean | undefined {
  if (!measured || !target) return undefined;
  if (target.fromSyncsPerS !== undefined && (syncsPerS?.median ?? 0) < target.fromSyncsPerS) return undefined;
  return target.kind === 'at most' ? measured.median <= target.value : measured.median >= target.value;
}
