/** `X-Gollama-Priority`: how urgent a request is. */
import type { IncomingHttpHeaders } from 'node:http';
import { GollamaError } from '../base/errors.js';
import { parsePriority } from '../protocol/priority.js';

/** Not yet bounded by what the caller's key allows. Throws `invalid_request`. */
export function wantedPriority(headers: IncomingHttpHeaders, defaultPriority: number): number {
  const header = headers['x-gollama-priority'];
  const wanted = typeof header === 'string' ? parsePriority(header) : defaultPriority;
  if (wanted !== undefined) return wanted;
  throw new GollamaError(
    'invalid_request',
    `"${header}" is no priority: expected low, normal, high, critical or an integer`,
    { param: 'X-Gollama-Priority' },
  );
}
