/** The words of a supervised process's life: its phases and the moves between them, what happens to it, what it asks for. */
import type { GollamaError } from '../../base/errors.js';

export interface LifecyclePolicy {
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly restartBackoffMs: number;
  /** True where a ready pattern must be seen. */
  readonly needsLine: boolean;
  /** True: a first start that fails is tried again; false: it ends in `stopped`. */
  readonly keepTrying: boolean;
}

/** When an event happened, and the luck of the draw for the jitter of a delay. */
export interface Moment {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly luck: number;
}

export interface Failure {
  /** One sentence without a full stop: why. */
  readonly sentence: string;
  readonly hint: string;
  /** True where the next start has other means at once (another free port). */
  readonly againAtOnce: boolean;
  /** What the caller of a start gets to see, where it says more than the sentence. */
  readonly error?: GollamaError;
}

export type HealthMiss = 'refused' | 'silent' | 'wrong-answer';

export type LifecycleEvent =
  | { readonly type: 'start-asked' }
  | { readonly type: 'stop-asked' }
  | { readonly type: 'recycle-asked'; readonly reason: string }
  | { readonly type: 'spawned' }
  | { readonly type: 'spawn-failed'; readonly failure: Failure }
  | { readonly type: 'line-seen'; readonly matches: boolean }
  | { readonly type: 'health-ok' }
  | { readonly type: 'health-loading' }
  | { readonly type: 'health-missed'; readonly miss: HealthMiss; readonly lastBytesAtMs: number }
  | { readonly type: 'exited'; readonly failure: Failure }
  | { readonly type: 'group-gone' }
  | { readonly type: 'timer-due'; readonly timer: TimerName };

export type TimerName = 'start-deadline' | 'probe' | 'stable' | 'backoff' | 'stop-step';

export type LifecycleEffect =
  | { readonly type: 'spawn' }
  | { readonly type: 'probe' }
  | { readonly type: 'signal'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  /** Replaces a timer of the same name. */
  | { readonly type: 'set-timer'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly type: 'clear-timers' }
  /** The process could not be killed: it is left to itself. */
  | { readonly type: 'abandon' }
  /** The start that was asked for has ended; without a failure: as wished. */
  | { readonly type: 'start-settled'; readonly failure?: Failure }
  | { readonly type: 'stop-settled' };

export interface Starting {
  readonly name: 'starting';
  readonly sinceMs: number;
  readonly lineAtMs: number;
  readonly progressAtMs: number;
  readonly healthy: boolean;
  readonly matched: boolean;
  /** What the last look at /health saw, for the problem. */
  readonly health: 'loading' | HealthMiss | undefined;
  readonly triesAtOnce: number;
}

export interface Ready {
  readonly name: 'ready';
  /** Since when it neither answered /health nor sent a byte; undefined while it answers. */
  readonly quietSinceMs: number | undefined;
  /** Looks in a row that were refused, with no byte between them. */
  readonly refusals: number;
  readonly hung: boolean;
}

/** What comes when nothing of the group runs any more. */
export type AfterStop = 'stopped' | 'starting' | 'failure';

export interface Stopping {
  readonly name: 'stopping';
  readonly next: AfterStop;
  readonly step: 'asked' | 'asked-again' | 'killed';
  readonly failure: Failure | undefined;
}

export type Phase =
  | { readonly name: 'stopped' }
  | Starting
  | Ready
  | Stopping
  | { readonly name: 'backoff'; readonly delayMs: number }
  | { readonly name: 'crash-loop' };
type PhaseName = Phase['name'];

export interface Lifecycle {
  readonly phase: Phase;
  /** In a row, without a stable time between them. */
  readonly failures: number;
  readonly spawns: number;
  /** Since it was last stopped on purpose. */
  readonly wasReady: boolean;
  /** Why the last start or run ended; undefined once it is ready, or stopped on purpose. */
  readonly failure: Failure | undefined;
}

export interface Step {
  readonly lifecycle: Lifecycle;
  readonly effects: readonly LifecycleEffect[];
}

export const NEW_LIFECYCLE: Lifecycle = {
  phase: { name: 'stopped' },
  failures: 0,
  spawns: 0,
  wasReady: false,
  failure: undefined,
};

const LEGAL_MOVES: Record<PhaseName, readonly PhaseName[]> = {
  stopped: ['starting'],
  starting: ['starting', 'ready', 'stopping', 'backoff', 'crash-loop', 'stopped'],
  ready: ['stopping', 'backoff', 'crash-loop'],
  stopping: ['stopped', 'starting', 'backoff', 'crash-loop'],
  backoff: ['starting', 'stopped'],
  'crash-loop': ['starting', 'stopped'],
};

/** The one place where the phase changes its name; timers belong to a phase and end with it. */
export function move(lifecycle: Lifecycle, phase: Phase, ...effects: LifecycleEffect[]): Step {
  const from = lifecycle.phase.name;
  if (!LEGAL_MOVES[from].includes(phase.name)) throw new Error(`illegal move from ${from} to ${phase.name}`);
  return { lifecycle: { ...lifecycle, phase }, effects: [{ type: 'clear-timers' }, ...effects] };
}

export function stay(lifecycle: Lifecycle, ...effects: LifecycleEffect[]): Step {
  return { lifecycle, effects };
}

export function setTimer(timer: TimerName, delayMs: number): LifecycleEffect {
  return { type: 'set-timer', timer, delayMs };
}
