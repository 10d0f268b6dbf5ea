/**
 * The life of a supervised process as a synchronous reducer: `(lifecycle, event, moment) -> lifecycle and effects`.
 * It starts no process and reads no clock; `supervisor.ts` does what the effects say and tells what happened.
 *
 * Start. Ready = HTTP answers 200 on /health (404, 401, 403 and 405 too: a server without /health that listens) AND,
 * where one is configured, the ready pattern was seen in a line. It fails, whichever comes first:
 * 1. when the process ends;
 * 2. after `startTimeoutMs` without a sign of progress (a line of output, or 503 "Loading model");
 * 3. after 20 times that with 503 alone, counted from the last line: the same answer for ever is not progress;
 * 4. after 120 times that in all, one hour by default: enough to download a model, whose progress bar makes lines.
 *
 * Ready. A process that dies is started again after a delay that doubles (`restartBackoffMs` up to 60 s); 5 failures in
 * a row without a minute of service between them end in `crash-loop`, which only a start or a recycle leaves.
 * /health is looked at every 5 s, and a time-out is no death: an engine may read a long prompt for minutes. Unanswered
 * for 30 s with no bytes on any stream is only marked in the status. A process whose port REFUSES three times in a row
 * while nothing streams has closed its listener for good (what a llama-server does that somebody else sent a signal
 * while a stream was open) and is restarted.
 *
 * Stop. SIGTERM to the group, again after 1 s, SIGKILL at `stopTimeoutMs`. SIGTERM rather than SIGINT: wrapper
 * scripts started in the background ignore SIGINT. The second signal is needed: llama-server often waits for ever for
 * open streams after the first, and ends at once at the second.
 */
import { backoffMs } from '../../base/backoff.js';
import {
  type AfterStop,
  type Failure,
  type Lifecycle,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecyclePolicy,
  type Moment,
  move,
  type Ready,
  type Starting,
  type Step,
  type Stopping,
  setTimer,
  stay,
  type TimerName,
} from './phase.js';

const FAILURES_MAX = 5;
const BACKOFF_MS_MAX = 60_000;
const BACKOFF_JITTER = 0.2;
const STABLE_MS = 60_000;
const LOADING_PATIENCE = 20;
const START_PATIENCE = 120;
const TRIES_AT_ONCE_MAX = 3;
/** Small models load in a tenth of a second; large ones take minutes. */
const PROBE_EARLY_MS = 50;
const PROBE_LATER_MS = 500;
const EARLY_MS = 2_000;
const PROBE_READY_MS = 5_000;
const HUNG_AFTER_MS = 30_000;
const REFUSALS_MAX = 3;
const SECOND_SIGNAL_MS = 1_000;
const KILL_WAIT_MS = 10_000;

export function advance(lifecycle: Lifecycle, event: LifecycleEvent, moment: Moment, policy: LifecyclePolicy): Step {
  switch (event.type) {
    case 'start-asked':
      return onStartAsked(lifecycle, moment);
    case 'stop-asked':
      return onStopAsked(lifecycle, policy);
    case 'recycle-asked':
      return onRecycleAsked(lifecycle, event.reason, moment, policy);
    case 'spawn-failed':
      if (lifecycle.phase.name === 'starting') return fail(lifecycle, event.failure, moment, policy);
      return onGroupGone(lifecycle, moment, policy);
    case 'exited':
      return onExited(lifecycle, event.failure, moment, policy);
    case 'group-gone':
      return onGroupGone(lifecycle, moment, policy);
    case 'timer-due':
      return onTimer(lifecycle, event.timer, moment, policy);
    default:
      if (lifecycle.phase.name === 'starting') return whileStarting(lifecycle, lifecycle.phase, event, moment, policy);
      if (lifecycle.phase.name === 'ready') return whileReady(lifecycle, lifecycle.phase, event, moment, policy);
      return stay(lifecycle);
  }
}

// ---- what is asked of it

function onStartAsked(lifecycle: Lifecycle, moment: Moment): Step {
  const { phase } = lifecycle;
  if (phase.name === 'starting') return stay(lifecycle);
  if (phase.name === 'ready') return stay(lifecycle, { type: 'start-settled' });
  if (phase.name === 'stopping') return stay({ ...lifecycle, phase: { ...phase, next: 'starting' } });
  return begin({ ...lifecycle, failures: 0 }, moment);
}

function onStopAsked(lifecycle: Lifecycle, policy: LifecyclePolicy): Step {
  const { phase } = lifecycle;
  switch (phase.name) {
    case 'stopped':
      return stay(lifecycle, { type: 'stop-settled' });
    case 'backoff':
    case 'crash-loop':
      return stopped(lifecycle);
    case 'stopping':
      return stay({ ...lifecycle, phase: { ...phase, next: 'stopped' } }, startGivenUp());
    case 'starting':
      return end(lifecycle, 'stopped', undefined, policy, startGivenUp());
    case 'ready':
      return end(lifecycle, 'stopped', undefined, policy);
  }
}

/**
 * A start under way, or one that is due after a back-off, gives fresh slots already: it is what was asked for. Killing
 * it to load the same model once more would help nobody.
 */
function onRecycleAsked(lifecycle: Lifecycle, reason: string, moment: Moment, policy: LifecyclePolicy): Step {
  if (lifecycle.phase.name === 'crash-loop') return begin({ ...lifecycle, failures: 0 }, moment);
  if (lifecycle.phase.name !== 'ready') return stay(lifecycle);
  const failure = { sentence: `restarting: ${reason}`, hint: '', againAtOnce: false };
  return end(lifecycle, 'starting', failure, policy);
}

// ---- starting

function begin(lifecycle: Lifecycle, { nowMs }: Moment, triesAtOnce = 0): Step {
  const phase: Starting = {
    name: 'starting',
    sinceMs: nowMs,
    lineAtMs: nowMs,
    progressAtMs: nowMs,
    healthy: false,
    matched: false,
    health: undefined,
    triesAtOnce,
  };
  return move({ ...lifecycle, spawns: lifecycle.spawns + 1 }, phase, { type: 'spawn' });
}

function whileStarting(
  lifecycle: Lifecycle,
  phase: Starting,
  event: LifecycleEvent,
  moment: Moment,
  policy: LifecyclePolicy,
): Step {
  const { nowMs } = moment;
  const probeAgain = setTimer('probe', probeDelayMs(nowMs - phase.sinceMs, policy));
  switch (event.type) {
    case 'spawned': {
      const begun: Starting = { ...phase, sinceMs: nowMs, lineAtMs: nowMs, progressAtMs: nowMs };
      const deadline = setTimer('start-deadline', policy.startTimeoutMs);
      return stay({ ...lifecycle, phase: begun }, deadline, setTimer('probe', PROBE_EARLY_MS));
    }
    case 'line-seen': {
      const matched = phase.matched || event.matches;
      return readyOrStay(lifecycle, { ...phase, matched, lineAtMs: nowMs, progressAtMs: nowMs }, policy);
    }
    case 'health-ok':
      return readyOrStay(lifecycle, { ...phase, healthy: true, health: undefined }, policy, probeAgain);
    case 'health-loading': {
      const counts = nowMs - phase.lineAtMs < LOADING_PATIENCE * policy.startTimeoutMs;
      const progressAtMs = counts ? nowMs : phase.progressAtMs;
      return stay({ ...lifecycle, phase: { ...phase, healthy: false, health: 'loading', progressAtMs } }, probeAgain);
    }
    case 'health-missed':
      return stay({ ...lifecycle, phase: { ...phase, healthy: false, health: event.miss } }, probeAgain);
    default:
      return stay(lifecycle);
  }
}

/** Often enough that "Loading model" is seen several times before a short start_timeout is over. */
function probeDelayMs(startedForMs: number, { startTimeoutMs }: LifecyclePolicy): number {
  if (startedForMs < EARLY_MS) return PROBE_EARLY_MS;
  return Math.max(PROBE_EARLY_MS, Math.min(PROBE_LATER_MS, startTimeoutMs / 4));
}

function readyOrStay(
  lifecycle: Lifecycle,
  phase: Starting,
  policy: LifecyclePolicy,
  ...otherwise: LifecycleEffect[]
): Step {
  if (!phase.healthy || (policy.needsLine && !phase.matched)) return stay({ ...lifecycle, phase }, ...otherwise);
  const ready: Ready = { name: 'ready', quietSinceMs: undefined, refusals: 0, hung: false };
  return move(
    { ...lifecycle, wasReady: true, failure: undefined },
    ready,
    setTimer('stable', STABLE_MS),
    setTimer('probe', PROBE_READY_MS),
    { type: 'start-settled' },
  );
}

function onStartDeadline(lifecycle: Lifecycle, phase: Starting, { nowMs }: Moment, policy: LifecyclePolicy): Step {
  const lastMs = phase.sinceMs + START_PATIENCE * policy.startTimeoutMs;
  const deadlineMs = Math.min(phase.progressAtMs + policy.startTimeoutMs, lastMs);
  if (nowMs < deadlineMs) return stay(lifecycle, setTimer('start-deadline', deadlineMs - nowMs));
  const failure: Failure = {
    sentence: `it was not ready in time: ${missingForReady(phase)}`,
    hint: 'raise start_timeout, or look at its output with --log-level debug',
    againAtOnce: false,
  };
  return end(lifecycle, 'failure', failure, policy);
}

function missingForReady(phase: Starting): string {
  if (phase.healthy) return 'it answers, but no line of its output matches ready_pattern';
  switch (phase.health) {
    case 'loading':
      return 'it is still loading the model';
    case 'refused':
      return 'nothing listens on its address (are host and port in args and base_url the same?)';
    case 'wrong-answer':
      return 'its /health answers with an error';
    default:
      return 'it does not answer /health';
  }
}

// ---- ready

function whileReady(
  lifecycle: Lifecycle,
  phase: Ready,
  event: LifecycleEvent,
  moment: Moment,
  policy: LifecyclePolicy,
): Step {
  const probeAgain = setTimer('probe', PROBE_READY_MS);
  switch (event.type) {
    case 'health-ok':
    case 'health-loading': {
      const answered: Ready = { ...phase, quietSinceMs: undefined, refusals: 0, hung: false };
      return stay({ ...lifecycle, phase: answered }, probeAgain);
    }
    case 'health-missed': {
      const missedSinceMs = phase.quietSinceMs ?? moment.nowMs;
      const quietSinceMs = Math.max(missedSinceMs, event.lastBytesAtMs);
      const streamed = quietSinceMs > missedSinceMs;
      const refusals = event.miss === 'refused' && !streamed ? phase.refusals + 1 : 0;
      if (refusals >= REFUSALS_MAX) return end(lifecycle, 'failure', LISTENER_GONE, policy);
      const hung = moment.nowMs - quietSinceMs >= HUNG_AFTER_MS;
      return stay({ ...lifecycle, phase: { name: 'ready', quietSinceMs, refusals, hung } }, probeAgain);
    }
    default:
      return stay(lifecycle);
  }
}

const LISTENER_GONE: Failure = {
  sentence: 'the process runs, but nothing listens on its port any more',
  hint: 'somebody may have sent it a signal; it is restarted',
  againAtOnce: false,
};

// ---- ending

/** Asks the process to end; what comes after is decided when nothing of its group runs any more. */
function end(
  lifecycle: Lifecycle,
  next: AfterStop,
  failure: Failure | undefined,
  policy: LifecyclePolicy,
  ...effects: LifecycleEffect[]
): Step {
  const atOnce = policy.stopTimeoutMs <= 0;
  const phase: Stopping = { name: 'stopping', next, step: atOnce ? 'killed' : 'asked', failure };
  const waitMs = atOnce ? KILL_WAIT_MS : Math.min(SECOND_SIGNAL_MS, policy.stopTimeoutMs);
  const signal = atOnce ? 'SIGKILL' : 'SIGTERM';
  return move({ ...lifecycle, failure }, phase, { type: 'signal', signal }, setTimer('stop-step', waitMs), ...effects);
}

function onStopStep(lifecycle: Lifecycle, phase: Stopping, moment: Moment, policy: LifecyclePolicy): Step {
  if (phase.step === 'killed') {
    const step = onGroupGone(lifecycle, moment, policy);
    return { lifecycle: step.lifecycle, effects: [{ type: 'abandon' }, ...step.effects] };
  }
  const restMs = policy.stopTimeoutMs - SECOND_SIGNAL_MS;
  if (phase.step === 'asked' && restMs > 0) {
    const again: Stopping = { ...phase, step: 'asked-again' };
    const effects = [{ type: 'signal', signal: 'SIGTERM' }, setTimer('stop-step', restMs)] as const;
    return stay({ ...lifecycle, phase: again }, ...effects);
  }
  const killed: Stopping = { ...phase, step: 'killed' };
  return stay(
    { ...lifecycle, phase: killed },
    { type: 'signal', signal: 'SIGKILL' },
    setTimer('stop-step', KILL_WAIT_MS),
  );
}

function onExited(lifecycle: Lifecycle, failure: Failure, moment: Moment, policy: LifecyclePolicy): Step {
  const { name } = lifecycle.phase;
  // While it is being stopped the exit is as wished; the group may still have members.
  return name === 'starting' || name === 'ready' ? fail(lifecycle, failure, moment, policy) : stay(lifecycle);
}

function onGroupGone(lifecycle: Lifecycle, moment: Moment, policy: LifecyclePolicy): Step {
  const { phase } = lifecycle;
  if (phase.name !== 'stopping') return stay(lifecycle);
  switch (phase.next) {
    case 'stopped':
      return stopped(lifecycle);
    case 'starting': {
      const step = begin(lifecycle, moment);
      return { lifecycle: step.lifecycle, effects: [{ type: 'stop-settled' }, ...step.effects] };
    }
    case 'failure':
      return fail(lifecycle, phase.failure ?? LISTENER_GONE, moment, policy);
  }
}

/** Stopped on purpose: what happened before does not count any more. */
function stopped(lifecycle: Lifecycle): Step {
  const afresh: Lifecycle = { ...lifecycle, failures: 0, failure: undefined, wasReady: false };
  return move(afresh, { name: 'stopped' }, { type: 'stop-settled' });
}

/** A start or a run ended that should not have. What follows is decided in this order:
 * 1. other means are at hand (the free port we had chosen was taken meanwhile): again at once, a few times
 * 2. the first start, and nobody wants it kept up: `stopped`, the caller of start() hears why
 * 3. too many failures in a row: `crash-loop`
 * 4. again after a delay
 */
function fail(lifecycle: Lifecycle, failure: Failure, moment: Moment, policy: LifecyclePolicy): Step {
  const { phase } = lifecycle;
  if (failure.againAtOnce && phase.name === 'starting' && phase.triesAtOnce < TRIES_AT_ONCE_MAX) {
    return begin(lifecycle, moment, phase.triesAtOnce + 1);
  }
  const failures = lifecycle.failures + 1;
  const failed: Lifecycle = { ...lifecycle, failures, failure };
  const settled: LifecycleEffect = { type: 'start-settled', failure };
  if (!lifecycle.wasReady && !policy.keepTrying) return move(failed, { name: 'stopped' }, settled);
  if (failures >= FAILURES_MAX) return move(failed, { name: 'crash-loop' }, settled);
  const plan = {
    initialMs: policy.restartBackoffMs,
    maxMs: Math.max(BACKOFF_MS_MAX, policy.restartBackoffMs),
    factor: 2,
    jitter: BACKOFF_JITTER,
  };
  const delayMs = backoffMs(plan, failures - 1, () => moment.luck);
  return move(failed, { name: 'backoff', delayMs }, setTimer('backoff', delayMs), settled);
}

function startGivenUp(): LifecycleEffect {
  const failure = { sentence: 'it was stopped before it was ready', hint: '', againAtOnce: false };
  return { type: 'start-settled', failure };
}

// ---- timers

function onTimer(lifecycle: Lifecycle, timer: TimerName, moment: Moment, policy: LifecyclePolicy): Step {
  const { phase } = lifecycle;
  switch (timer) {
    case 'start-deadline':
      return phase.name === 'starting' ? onStartDeadline(lifecycle, phase, moment, policy) : stay(lifecycle);
    case 'probe':
      return stay(lifecycle, { type: 'probe' });
    case 'stable':
      return stay(phase.name === 'ready' ? { ...lifecycle, failures: 0 } : lifecycle);
    case 'backoff':
      return phase.name === 'backoff' ? begin(lifecycle, moment) : stay(lifecycle);
    case 'stop-step':
      return phase.name === 'stopping' ? onStopStep(lifecycle, phase, moment, policy) : stay(lifecycle);
  }
}
