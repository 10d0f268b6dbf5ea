/** The one connection that writes: a batch of operations is one transaction. */
import type { OpenDatabase } from './driver.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { Marker } from './marker.js';
import type { Opened, Operation, Reply, ThreadSetup } from './messages.js';
import { type OpenStore, openStore } from './opening.js';
import { perform } from './operations.js';
import { recover } from './recovery.js';
import { pragma } from './schema.js';
import { type StoreFiles, storeFiles } from './store-folder.js';
import { TaskTable } from './task-table.js';

/** Free pages are kept for what comes next up to so many, and given back in steps of so many. */
const FREE_PAGES_KEPT = 1024;
const FREE_PAGES_STEP = 1024;

export class Writer {
  readonly #lock: FolderLock;
  readonly #store: OpenStore;
  readonly #table: TaskTable;
  readonly #marker: Marker;
  readonly opened: Opened;

  /** Throws `configuration`, see `lockFolder` and `openStore`; then nothing stays open. */
  static open({ folder, nowMs }: ThreadSetup, open: OpenDatabase): Writer {
    const files = storeFiles(folder);
    const lock = lockFolder(files, open);
    try {
      return new Writer(lock, openStore(files, open), files, nowMs);
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
  }

  private constructor(lock: FolderLock, store: OpenStore, files: StoreFiles, nowMs: number) {
    this.#lock = lock;
    this.#store = store;
    const { statements, counters, checkLater } = store;
    this.#table = new TaskTable(statements, counters);
    const recovery = this.#transact(() => recover(this.#table, nowMs));
    this.#marker = new Marker(files.marker, counters.commits);
    const nextDue = statements.nextDue.get()?.due_at;
    this.opened = {
      recovery,
      nextNumber: counters.lastNumber + 1,
      orderHigh: counters.orderHigh,
      nextDueAtMs: typeof nextDue === 'number' ? nextDue : undefined,
      counts: counters.states(),
      checkLater,
    };
  }

  /** All of them are done and durable, or none is and it throws. */
  commit(operations: readonly Operation[]): Reply[] {
    const replies = this.#transact(() => operations.map((operation) => perform(this.#table, operation)));
    this.#marker.committed(this.#store.counters.commits);
    if (operations.some(({ kind }) => kind === 'prune')) this.#giveBack();
    return replies;
  }

  close(): void {
    const { database, counters } = this.#store;
    try {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
      this.#marker.close(counters.commits);
    } finally {
      this.#lock.release();
    }
  }

  #transact<T>(work: () => T): T {
    const { database, counters } = this.#store;
    database.exec('BEGIN IMMEDIATE');
    try {
      this.#table.written = false;
      const result = work();
      if (this.#table.written) counters.write();
      database.exec('COMMIT');
      if (this.#table.written) counters.committed();
      return result;
    } catch (thrown) {
      counters.rolledBack();
      this.#rollBack();
      throw thrown;
    }
  }

  #rollBack(): void {
    try {
      this.#store.database.exec('ROLLBACK');
    } catch {
      // A full disk has rolled it back already.
    }
  }

  /** Pages of removed tasks go back to the file system, a few at a time. */
  #giveBack(): void {
    const { database } = this.#store;
    if (pragma(database, 'freelist_count') <= FREE_PAGES_KEPT) return;
    try {
      database.exec(`PRAGMA incremental_vacuum(${FREE_PAGES_STEP})`);
    } catch {
      // They can stay: what was asked for is done.
    }
  }
}
