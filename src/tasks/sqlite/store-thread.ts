/** A worker thread: the tables are written here, so that syncing the disk stops nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { createDriver } from './create-driver.js';
import type { FromStoreThread, ThreadSetup, ToStoreThread } from './messages.js';
import { postedError, storageFailure } from './storage-failure.js';
import { Writer } from './writer.js';

export type StoreThreadProgram = { readonly takes: ToStoreThread; readonly tells: FromStoreThread };

try {
  const writer = Writer.open(workerData as ThreadSetup, await createDriver());
  parentPort?.on('message', (message: ToStoreThread) => tell(answer(writer, message)));
  tell({ kind: 'opened', opened: writer.opened });
} catch (thrown) {
  tell({ kind: 'refused', error: postedError(storageFailure(thrown)) });
}

function answer(writer: Writer, message: ToStoreThread): FromStoreThread {
  try {
    if (message.kind === 'batch') return { kind: 'committed', replies: writer.commit(message.operations) };
    parentPort?.removeAllListeners('message');
    writer.close();
    return { kind: 'closed' };
  } catch (thrown) {
    return { kind: 'failed', error: postedError(storageFailure(thrown)) };
  }
}

function tell(message: FromStoreThread): void {
  parentPort?.postMessage(message);
}
