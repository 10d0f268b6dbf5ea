/** A worker thread: what takes long to read stops neither the commits nor the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { createDriver } from './create-driver.js';
import type { FromReaderThread, ThreadSetup, ToReaderThread } from './messages.js';
import { Reader } from './reader.js';
import { postedError, storageFailure } from './storage-failure.js';
import { storeFiles } from './store-folder.js';

export type ReaderThreadProgram = { readonly takes: ToReaderThread; readonly tells: FromReaderThread };

let reader: Reader | undefined;
// It is loaded while the store is still being opened.
const open = await createDriver();
parentPort?.on('message', (message: ToReaderThread) => tell(answer(message)));

function answer(message: ToReaderThread): FromReaderThread {
  switch (message.kind) {
    case 'open':
      return begin();
    case 'question':
      return answerTo(message);
    case 'close':
      parentPort?.removeAllListeners('message');
      reader?.close();
      return { kind: 'closed' };
  }
}

function begin(): FromReaderThread {
  try {
    const { folder } = workerData as ThreadSetup;
    reader = new Reader(storeFiles(folder).database, open);
    return { kind: 'ready' };
  } catch (thrown) {
    return { kind: 'refused', error: postedError(storageFailure(thrown)) };
  }
}

function answerTo({ id, question }: Extract<ToReaderThread, { kind: 'question' }>): FromReaderThread {
  try {
    if (!reader) throw new Error('the store is not open');
    return { kind: 'answer', id, answer: reader.answer(question) };
  } catch (thrown) {
    return { kind: 'failed', id, error: postedError(storageFailure(thrown)) };
  }
}

function tell(message: FromReaderThread): void {
  parentPort?.postMessage(message);
}
