/** How long an answer waits for the client that it lost. Pure. */

/**
 * - `keyed`: it has an Idempotency-Key
 * - `retried`: by a client that tells how often it has tried, and tries again by itself where it got no head
 */
export type Manner = 'keyed' | 'retried';

export interface LostAnswer {
  readonly manner: Manner;
  /** What the client got: once it had a head it does not try again by itself. */
  readonly wasAnswered: boolean;
  /** Of the client's own count: 0 for its first attempt. */
  readonly attempt: number;
  /** Since the request came. */
  readonly ageMs: number;
}

/** Who sends a key will come again: by a person's or a script's hand perhaps. */
const KEYED_MS = 60_000;
/** What was begun so lately is no loss: its slot is worth more to others. */
const YOUNG_MS = 5_000;
/** The `openai` client waits 0.5 s, doubled with every attempt, 8 s at most. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 8_000;
/** For the way, and for a new connection. */
const MARGIN_MS = 1_500;

/** While it is being made, it holds a slot for nobody. 0: it ends at once. */
export function graceMs({ manner, wasAnswered, attempt, ageMs }: LostAnswer): number {
  if (manner === 'keyed') return KEYED_MS;
  if (wasAnswered || ageMs < YOUNG_MS) return 0;
  return Math.min(RETRY_MS * 2 ** attempt, RETRY_MS_MAX) + MARGIN_MS;
}

/** Once it is complete, it costs its bytes alone. */
export const COMPLETE_MS: Readonly<Record<Manner, number>> = { keyed: 10 * 60_000, retried: 2 * 60_000 };
