/** The one connection that writes: a batch of operations is one transaction. */
import { giveBackPages, rollBack } from '../../base/sqlite/connection.js';
import type { OpenDatabase } from '../../base/sqlite/driver.js';
import { type FolderLock, lockFolder } from '../../base/sqlite/folder-lock.js';
import { Marker } from './marker.js';
import type { Opened, Operation, Reply, ThreadSetup } from './messages.js';
import { type OpenStore, openStore } from './opening.js';
import { perform } from './operations.js';
import { recover } from './recovery.js';
import { type StoreFiles, storeFiles } from './store-folder.js';
import { TaskTable } from './task-table.js';

export class Writer {
  readonly #lock: FolderLock;
  readonly #store: OpenStore;
  readonly #table: TaskTable;
  readonly #marker: Marker;
  readonly opened: Opened;

  /** Throws `configuration`, see `lockFolder` and `openStore`; then nothing stays open. */
  static open({ folder, nowMs }: ThreadSetup, open: OpenDatabase): Writer {
    const files = storeFiles(folder);
    const lock = lockFolder('the task store', files, open);
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
    if (operations.some(({ kind }) => kind === 'prune')) giveBackPages(this.#store.database);
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
      this.#table.flush();
      if (this.#table.written) counters.write();
      database.exec('COMMIT');
      if (this.#table.written) counters.committed();
      return result;
    } catch (thrown) {
      this.#table.rolledBack();
      rollBack(database);
      throw thrown;
    }
  }
}
