/** The names in the folder of a store. */
import { join } from 'node:path';

export interface StoreFiles {
  readonly folder: string;
  readonly database: string;
  /** The write-ahead log: the latest commits are only there. */
  readonly log: string;
  readonly marker: string;
  /** A database of its own that is held locked while a process uses the folder, and who that is. */
  readonly lock: string;
  readonly holder: string;
}

export function storeFiles(folder: string): StoreFiles {
  return {
    folder,
    database: join(folder, 'tasks.db'),
    log: join(folder, 'tasks.db-wal'),
    marker: join(folder, 'STORE'),
    lock: join(folder, 'lock.db'),
    holder: join(folder, 'lock.json'),
  };
}
