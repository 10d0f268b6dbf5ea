import type { Random } from './random.js';

export interface BackoffPolicy {
  /** Delay before the first try again. */
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Share of the delay that is random: 0.2 spreads it over 90 % to 110 %. */
  readonly jitter: number;
}

/** Delay before try number `attempt` (0 = the first try again): min(initial * factor^attempt, max), spread by jitter. */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: Random): number {
  const plainMs = Math.min(policy.initialMs * policy.factor ** attempt, policy.maxMs);
  return plainMs * (1 + policy.jitter * (random() - 0.5));
}
