/** The query of `GET /api/tasks`. Pure. */

import { parseDurationMs } from '../base/duration.js';
import { GollamaError } from '../base/errors.js';
import { parsePriority } from '../protocol/priority.js';
import { parseRfc3339 } from '../protocol/rfc3339.js';
import { TASK_STATUSES, TASK_TYPES, type TaskStatus } from '../protocol/task.js';
import type { TaskState } from '../tasks/task.js';
import { PAGE_MAX, type TaskFilter } from '../tasks/task-store.js';

const STATES: Readonly<Record<TaskStatus, readonly TaskState[]>> = {
  pending: ['ready', 'delayed'],
  running: ['running'],
  completed: ['completed'],
  failed: ['failed'],
  cancelled: ['cancelled'],
};

/**
 * `status`, `type`, `priority` (name or number) and `model` may be repeated, and hold lists with commas. `limit`: absent, 0
 * and everything above 10,000 mean 10,000. `since`: a time (RFC 3339), or how long ago (`1h`). `order`: `oldest` (first) or
 * `newest`. Empty values count as absent. Throws `invalid_request` that names what is wrong.
 */
export function taskFilter(query: URLSearchParams, nowMs: number): TaskFilter {
  const states = list(query, 'status').flatMap((status) => STATES[oneOf(TASK_STATUSES, status, 'status')]);
  const types = list(query, 'type').map((type) => oneOf(TASK_TYPES, type, 'type'));
  const priorities = list(query, 'priority').map(priority);
  const models = list(query, 'model');
  const since = query.get('since') || undefined;
  const offset = wholeNumber(query, 'offset');
  const cursor = wholeNumber(query, 'cursor');
  return {
    limit: Math.min(wholeNumber(query, 'limit') || PAGE_MAX, PAGE_MAX),
    newestFirst: oneOf(['oldest', 'newest'], query.get('order') || 'oldest', 'order') === 'newest',
    ...(states.length === 0 ? {} : { states }),
    ...(types.length === 0 ? {} : { types }),
    ...(priorities.length === 0 ? {} : { priorities }),
    ...(models.length === 0 ? {} : { models }),
    ...(since === undefined ? {} : { sinceMs: sinceMs(since, nowMs) }),
    ...(offset === undefined ? {} : { offset }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** The words of a parameter that may be repeated and may hold commas. */
export function list(query: URLSearchParams, name: string): string[] {
  const words = query.getAll(name).flatMap((value) => value.split(','));
  return words.map((word) => word.trim()).filter((word) => word !== '');
}

export function oneOf<T extends string>(known: readonly T[], value: string, name: string): T {
  const found = known.find((word) => word === value);
  if (found === undefined) throw badValue(name, value, known.join(', '));
  return found;
}

function priority(value: string): number {
  const found = parsePriority(value);
  if (found === undefined) throw badValue('priority', value, 'low, normal, high, critical or an integer');
  return found;
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name) || undefined;
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw badValue(name, value, 'a whole number');
  return Number(value);
}

function sinceMs(value: string, nowMs: number): number {
  const ageMs = parseDurationMs(value);
  const atMs = ageMs === undefined || ageMs < 0 ? parseRfc3339(value) : nowMs - ageMs;
  if (atMs === undefined) throw badValue('since', value, 'a time such as 2026-11-21T16:30:00Z, or how long ago: 1h');
  return atMs;
}

function badValue(name: string, value: string, expected: string): GollamaError {
  return new GollamaError('invalid_request', `${name}: "${value.slice(0, 200)}" is unknown: expected ${expected}`, {
    param: name,
  });
}
