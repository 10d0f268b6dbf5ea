/** What a check found. */
import type { GollamaError } from '../../base/errors.js';

export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface Check {
  /** The same for the same kind of check, whatever it found. */
  readonly name: string;
  readonly status: CheckStatus;
  /** One line, but for a list of problems, which is one line each. */
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null;
}

export function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail, fix: null };
}

export function warn(name: string, detail: string, fix: string): Check {
  return { name, status: 'warn', detail, fix };
}

export function fail(name: string, detail: string, fix: string): Check {
  return { name, status: 'fail', detail, fix };
}

export function failed(name: string, { message, hint }: GollamaError, about = ''): Check {
  // A hint of others may end with the way to here.
  return fail(name, about + message, hint?.replace(/; see: gollama doctor$/, '') ?? 'see: gollama help config');
}
