/** The one place that knows which task stores there are. */
import { resolve } from 'node:path';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Arrivals } from '../queue/arrivals.js';
import { MemoryTaskStore } from './memory-store.js';
import { SqliteTaskStore } from './sqlite/sqlite-store.js';
import type { TaskStore } from './task-store.js';

/** In place of a folder: tasks that end with the process. */
const IN_MEMORY = ':memory:';

export interface TaskStoreParts {
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  readonly logger: Logger;
}

/** The folder that `storagePath` names, seen from `cwd`; undefined for `:memory:`. */
export function taskFolder(storagePath: string, cwd: string): string | undefined {
  return storagePath === IN_MEMORY ? undefined : resolve(cwd, storagePath);
}

/** Without a folder: tasks that end with the process. */
export function createTaskStore(folder: string | undefined, parts: TaskStoreParts): TaskStore {
  return folder === undefined ? new MemoryTaskStore(parts) : new SqliteTaskStore({ folder, ...parts });
}
