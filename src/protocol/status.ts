/** `GET /api/status`, as seen on the wire. */
import { PRIORITIES } from './priority.js';

export interface EngineReport {
  readonly name: string;
  readonly kind: string;
  readonly models: readonly string[];
  readonly state: string;
  readonly slots_total: number;
  readonly slots_busy: number;
  /** Slots that a cancelled request did not free; they come back when the engine was restarted. */
  readonly slots_quarantined: number;
  /** Requests that wait and that this engine could answer. */
  readonly waiting: number;
  readonly restarts: number;
  readonly last_error: string | null;
  /** Tokens of one request, prompt and answer together; null until known, and where the engine does not tell. */
  readonly context_length: number | null;
}

/** The queue of tasks, as its clients know it. */
export interface QueueStats {
  readonly pending_tasks: number;
  readonly running_tasks: number;
  readonly completed_tasks: number;
  readonly failed_tasks: number;
  readonly cancelled_tasks: number;
  readonly total_tasks: number;
  /** Pending tasks by priority, keys are integers as strings; the four named ones are always there. */
  readonly queues_by_priority: Readonly<Record<string, number>>;
  /** Tasks that run, and how many more may. */
  readonly workers_active: number;
  readonly workers_idle: number;
}

/** The nine fields of the task queue first; then what is ours. */
export interface ServerStatus extends QueueStats {
  readonly version: string;
  readonly uptime_s: number;
  readonly engines: readonly EngineReport[];
  readonly waiting_interactive: number;
  readonly node: string;
  /** The process of the server; older ones do not tell. */
  readonly pid?: number;
}

/** Counts by priority with the four named ones always there. */
export function countsByPriority(counts: ReadonlyMap<number, number>): Record<string, number> {
  const all: Record<string, number> = {};
  for (const priority of Object.values(PRIORITIES)) all[String(priority)] = 0;
  for (const [priority, count] of counts) all[String(priority)] = count;
  return all;
}
