/** Folders of logs for tests, and log books in them. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.js';
import { silentLogger } from '../../../src/base/logger.js';
import { logFiles } from '../../../src/stream/sqlite/log-files.js';
import { SqliteLogBook, type SqliteLogBookOptions } from '../../../src/stream/sqlite/sqlite-log-book.js';

/** The name of a folder that does not exist yet, in a new one. */
export function newLogFolder(): { folder: string; remove: () => void } {
  const place = mkdtempSync(join(tmpdir(), 'gollama-logs-'));
  return { folder: join(place, 'logs'), remove: () => rmSync(place, { recursive: true, force: true }) };
}

export function logBookIn(folder: string, options: Partial<SqliteLogBookOptions> = {}): SqliteLogBook {
  return new SqliteLogBook({ folder, clock: systemClock, logger: silentLogger, retentionMs: 3_600_000, ...options });
}

/** What a process that is killed now would leave: the files of logs that are open, copied into another folder. */
export function copyAsKilled(folder: string, target: string): void {
  const from = logFiles(folder);
  const to = logFiles(target);
  mkdirSync(target, { recursive: true });
  for (const name of ['database', 'journal'] as const) if (existsSync(from[name])) copyFileSync(from[name], to[name]);
}
