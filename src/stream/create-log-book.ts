/** The one place that knows which log books there are. */
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { LogBook } from './log.js';
import { MemoryLogBook } from './memory-log.js';
import { SqliteLogBook } from './sqlite/sqlite-log-book.js';

export interface LogBookOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retentionMs: number;
}

/** Without a folder: logs that end with the process. */
export function createLogBook(folder: string | undefined, options: LogBookOptions): LogBook {
  return folder === undefined ? new MemoryLogBook(options) : new SqliteLogBook({ folder, ...options });
}
