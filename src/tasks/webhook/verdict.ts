/** What one try of a delivery came to. */
import type { Random } from '../../base/random.js';
import { retryAfterMs } from '../../protocol/retry-after.js';

export type Reply =
  /** `retryAfter`: the header as it came. */
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | string[] | undefined }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Nothing was sent, nor will it be. */
  | { readonly kind: 'refused'; readonly reason: string };

export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'given-up'; readonly reason: string }
  | { readonly kind: 'again'; readonly reason: string; readonly atMs: number };

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** After the first failure, the second and so on; the schedule of most senders of Standard Webhooks. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
];
/** Later than planned by up to this share: receivers that failed together are not called together again. */
const JITTER = 0.1;
/** A receiver cannot put us off for longer. */
const RETRY_AFTER_MS_MAX = 24 * HOUR_MS;

/** `failures`: tries before this one. */
export function judge(reply: Reply, failures: number, nowMs: number, random: Random): Verdict {
  if (reply.kind === 'refused') return { kind: 'given-up', reason: reply.reason };
  if (reply.kind === 'answered' && reply.status >= 200 && reply.status < 300) return { kind: 'delivered' };
  const reason = reply.kind === 'answered' ? `it answered ${reply.status}` : reply.reason;
  const delayMs = RETRY_DELAYS_MS[failures];
  if (reply.kind === 'answered' && reply.status === 410) return { kind: 'given-up', reason: 'it answered 410, gone' };
  if (delayMs === undefined) return { kind: 'given-up', reason: `${reason}, after ${failures + 1} tries` };
  const askedMs = (reply.kind === 'answered' && retryAfterMs(reply.retryAfter, nowMs)) || 0;
  const waitMs = Math.max(delayMs * (1 + JITTER * random()), Math.min(askedMs, RETRY_AFTER_MS_MAX));
  return { kind: 'again', reason, atMs: Math.ceil(nowMs + waitMs) };
}
