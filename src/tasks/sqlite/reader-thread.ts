/** A worker thread: what takes long to read stops neither the commits nor the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { createDriver } from './create-driver.js';
import type { FromReaderThread, ThreadSetup, ToReaderThread } from './messages.js';
import { Reader } from './reader.js';
import { postedError, storageFailure } from './storage-failure.js';
import { storeFiles } from './store-folder.js';

export type ReaderThreadProgram = { readonly takes: ToReaderThread; readonly tells: FromReaderThread };

try {
  const { folder } = workerData as ThreadSetup;
  const reader = new Reader(storeFiles(folder).database, await createDriver());
  parentPort?.on('message', (message: ToReaderThread) => tell(answer(reader, message)));
  tell({ kind: 'ready' });
} catch (thrown) {
  tell({ kind: 'refused', error: postedError(storageFailure(thrown)) });
}

function answer(reader: Reader, message: ToReaderThread): FromReaderThread {
  if ('kind' in message) {
    parentPort?.removeAllListeners('message');
    reader.close();
    return { kind: 'closed' };
  }
  const { id, question } = message;
  try {
    return { kind: 'answer', id, answer: reader.answer(question) };
  } catch (thrown) {
    return { kind: 'failed', id, error: postedError(storageFailure(thrown)) };
  }
}

function tell(message: FromReaderThread): void {
  parentPort?.postMessage(message);
}
