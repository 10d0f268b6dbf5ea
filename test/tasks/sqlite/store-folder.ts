/** Folders of task stores for tests, and stores in them. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/base/clock.js';
import { silentLogger } from '../../../src/base/logger.js';
import { Arrivals } from '../../../src/queue/arrivals.js';
import { SqliteTaskStore } from '../../../src/tasks/sqlite/sqlite-store.js';
import { type StoreFiles, storeFiles } from '../../../src/tasks/sqlite/store-folder.js';

/** Memory where there is any: no test of these cuts the power, and hundreds of stores would wait for the disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A new folder; the name of one that does not exist yet in it. */
export function newFolder(): { folder: string; remove: () => void } {
  const place = mkdtempSync(join(PLACE, 'gollama-store-'));
  return { folder: join(place, 'tasks'), remove: () => rmSync(place, { recursive: true, force: true }) };
}

export function storeIn(folder: string, clock: Clock = systemClock, arrivals = new Arrivals()): SqliteTaskStore {
  return new SqliteTaskStore({ folder, clock, arrivals, logger: silentLogger });
}

/** What a process that is killed now would leave: the files of a store that is open, copied into another folder. */
export function copyAsKilled(folder: string, target: string): StoreFiles {
  const from = storeFiles(folder);
  const to = storeFiles(target);
  mkdirSync(target, { recursive: true });
  for (const name of ['database', 'log', 'marker'] as const)
    if (existsSync(from[name])) copyFileSync(from[name], to[name]);
  return to;
}
