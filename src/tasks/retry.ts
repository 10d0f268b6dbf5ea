/** How a task goes on after an attempt. Pure. */
import { type BackoffPolicy, backoffMs } from '../base/backoff.js';
import type { Random } from '../base/random.js';
import type { AttemptOutcome } from './attempt.js';
import { CRASHES_MAX, type Task } from './task.js';
import type { Settlement } from './task-store.js';

type Failure = Extract<AttemptOutcome, { kind: 'failed' }>;

/** A server that asks for more is asked again after this. */
const RETRY_AFTER_MS_MAX = 60 * 60 * 1000;

/**
 * 1. An answer completes it.
 * 2. An attempt that was broken off (the server stops) does not count.
 * 3. An engine that died or hung up before it said anything does not count, but only so often: the task may be what kills
 *    it.
 * 4. Where the request itself is at fault (4xx but 408 and 429), trying again changes nothing.
 * 5. When the attempts are used up, it has failed.
 * 6. Otherwise it is tried again after min(initial * factor^retries, max), or when the engine says, whatever is later.
 */
export function settlementOf(
  outcome: AttemptOutcome,
  task: Task,
  policy: BackoffPolicy,
  now: { readonly epochMs: number; readonly random: Random },
): Settlement {
  if (outcome.kind === 'completed') return { kind: 'completed', result: JSON.stringify(outcome.result) };
  if (outcome.kind === 'cancelled') return { kind: 'returned', crashed: false };
  const { error, transport, producedOutput } = outcome;
  if (transport && !producedOutput && task.crashes + 1 < CRASHES_MAX) return { kind: 'returned', crashed: true };
  if (isRequestAtFault(outcome) || task.retryCount >= task.retriesMax) return { kind: 'failed', error };
  const askedMs = Math.min(outcome.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX);
  const delayMs = Math.max(backoffMs(policy, task.retryCount, now.random), askedMs);
  return { kind: 'retry', error, dueAtMs: Math.ceil(now.epochMs + delayMs) };
}

function isRequestAtFault({ status }: Failure): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
