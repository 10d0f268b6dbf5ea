/**
 * One process uses a folder. The lock is SQLite's own on a file beside the store: the system releases it when the process
 * ends, however it ends, so there are no stale locks. Who holds it stands in a file that is only read for the message.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { GollamaError } from '../../base/errors.js';
import type { Database, OpenDatabase } from './driver.js';
import { isBusy } from './storage-failure.js';
import type { StoreFiles } from './store-folder.js';

export interface FolderLock {
  release(): void;
}

/** Throws `configuration` where another process, or another store of this one, has it. */
export function lockFolder(files: StoreFiles, open: OpenDatabase): FolderLock {
  const database = open(files.lock);
  try {
    // Not in a write-ahead log: only without one does a lock keep everybody out.
    database.exec('PRAGMA journal_mode=DELETE; PRAGMA busy_timeout=0; BEGIN EXCLUSIVE');
  } catch (thrown) {
    close(database);
    throw isBusy(thrown) ? inUse(files) : thrown;
  }
  writeFileSync(files.holder, `${JSON.stringify({ pid: process.pid })}\n`);
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      // A closed database may live on until its statements are collected; the lock must not.
      database.exec('ROLLBACK');
      close(database);
    },
  };
}

function inUse({ folder, holder }: StoreFiles): GollamaError {
  const pid = pidIn(holder);
  const who = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`;
  return new GollamaError('configuration', `the task store ${folder} is in use by ${who}`, {
    hint: 'stop the other gollama first, or give this one a folder of its own (queue.storage_path)',
  });
}

function pidIn(path: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(path, 'utf8')) as { readonly pid?: unknown };
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined;
  }
}

function close(database: Database): void {
  try {
    database.close();
  } catch {
    // It may be busy; it ends with the process.
  }
}
