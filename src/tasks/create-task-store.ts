/** The one place that knows which task stores there are. */
import { resolve } from 'node:path';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Arrivals } from '../queue/arrivals.js';
import { MemoryTaskStore } from './memory-store.js';
import { SqliteTaskStore } from './sqlite/sqlite-store.js';
import type { TaskStore } from './task-store.js';

/** In place of a folder: tasks that end with the process. */
export const IN_MEMORY = ':memory:';

export interface TaskStoreParts {
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  readonly logger: Logger;
  readonly cwd: string;
}

/** `storagePath` is a folder, or `:memory:`. */
export function createTaskStore(storagePath: string, { cwd, ...parts }: TaskStoreParts): TaskStore {
  if (storagePath === IN_MEMORY) return new MemoryTaskStore(parts);
  return new SqliteTaskStore({ folder: resolve(cwd, storagePath), ...parts });
}
