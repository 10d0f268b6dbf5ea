/** A worker thread: what takes long to read stops neither the commits nor the main thread. */
import { workerData } from 'node:worker_threads';
import { createDriver } from '../../base/sqlite/create-driver.js';
import { serveCalls } from '../../base/sqlite/serve-calls.js';
import type { AnswerTo, Question, ThreadSetup } from './messages.js';
import { Reader } from './reader.js';
import { storeFiles } from './store-folder.js';

export type ReaderThreadProgram = { readonly takes: Question; readonly tells: AnswerTo };

// It is loaded while the store is still being opened.
const open = await createDriver();

serveCalls<ReaderThreadProgram['takes']>(() => {
  const { folder } = workerData as ThreadSetup;
  const reader = new Reader(storeFiles(folder).database, open);
  return { opened: undefined, answer: (question) => reader.answer(question), close: () => reader.close() };
});
