/** What the header of a request says of being sent again. */
import type { IncomingHttpHeaders } from 'node:http';
import { parseName } from '../../protocol/task-submission.js';

export interface Marks {
  readonly key: string | undefined;
  /** Of the client's own count: 0 for its first attempt; undefined where it does not count. */
  readonly attempt: number | undefined;
}

/** Undefined where it says nothing. Throws `invalid_request` for a key that is none. */
export function marksOf(headers: IncomingHttpHeaders): Marks | undefined {
  const sentKey = headers['idempotency-key'];
  const count = headers['x-stainless-retry-count'];
  if (sentKey === undefined && count === undefined) return undefined;
  const key = parseName(sentKey, 'Idempotency-Key');
  const attempt = typeof count === 'string' && /^\d{1,3}$/.test(count) ? Number(count) : undefined;
  return key === undefined && attempt === undefined ? undefined : { key, attempt };
}
