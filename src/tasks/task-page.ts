/** One page of a list of tasks, from tasks in memory. */
import type { Task } from './task.js';
import type { TaskFilter } from './task-store.js';

export interface Page<T> {
  readonly found: readonly T[];
  readonly total: number;
  readonly cursor: number | undefined;
}

/** `tasks` in the order of their numbers. */
export function pageOf<T extends { readonly task: Task }>(tasks: Iterable<T>, filter: TaskFilter): Page<T> {
  const matching = [...tasks].filter(({ task }) => matches(task, filter));
  if (filter.newestFirst) matching.reverse();
  const rest = matching.filter(({ task }) => isAfter(task.number, filter));
  const from = filter.offset ?? 0;
  const found = rest.slice(from, from + filter.limit);
  const hasNext = from + filter.limit < rest.length;
  return { found, total: matching.length, cursor: hasNext ? found.at(-1)?.task.number : undefined };
}

function matches(task: Task, filter: TaskFilter): boolean {
  return (
    (filter.owner === undefined || task.owner === filter.owner) &&
    (filter.states?.includes(task.state) ?? true) &&
    (filter.types?.includes(task.type) ?? true) &&
    (filter.priorities?.includes(task.priority) ?? true) &&
    (filter.models?.includes(task.model) ?? true) &&
    (filter.sinceMs === undefined || task.createdAtMs >= filter.sinceMs)
  );
}

function isAfter(number: number, { cursor, newestFirst }: TaskFilter): boolean {
  if (cursor === undefined) return true;
  return newestFirst ? number < cursor : number > cursor;
}
