/** The names of what belongs to the logs in their folder. */
import { join } from 'node:path';

export interface LogFiles {
  readonly folder: string;
  readonly database: string;
  readonly journal: string;
  readonly index: string;
  readonly lock: string;
  readonly holder: string;
}

export function logFiles(folder: string): LogFiles {
  return {
    folder,
    database: join(folder, 'logs.db'),
    journal: join(folder, 'logs.db-wal'),
    index: join(folder, 'logs.db-shm'),
    lock: join(folder, 'logs.lock.db'),
    holder: join(folder, 'logs.lock.json'),
  };
}
