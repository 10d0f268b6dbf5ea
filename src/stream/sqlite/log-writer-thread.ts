/** A worker thread: the logs are written here, so that syncing the disk stops nothing else. */
import { workerData } from 'node:worker_threads';
import { createDriver } from '../../base/sqlite/create-driver.js';
import { serveCalls } from '../../base/sqlite/serve-calls.js';
import type { ThreadCalls } from '../../base/sqlite/thread-calls.js';
import { LogWriter } from './log-writer.js';
import type { Commit, LogSetup, OpenedLogs, WriterAnswers } from './messages.js';

export type LogWriterCalls = ThreadCalls<Commit, WriterAnswers, OpenedLogs>;

const open = await createDriver();

serveCalls<Commit>(() => {
  const writer = LogWriter.open(workerData as LogSetup, open);
  return { opened: writer.opened, answer: (commit) => writer.commit(commit), close: () => writer.close() };
});
