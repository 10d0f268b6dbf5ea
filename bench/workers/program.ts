/** A worker thread: does its share of a run and reports to the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { messageOf } from '../../src/base/errors.js';
import { monotonicUs } from '../mock/monotonic.js';
import type { RequestRecord } from '../record.js';
import { ItemStock } from './item-supply.js';
import { LoadThread } from './load-thread.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import { packRecords } from './record-batch.js';
import { sharedPlan } from './share.js';

/** Records are sent this often, and where this many have come together. */
const FLUSH_MS = 100;
const FLUSH_RECORDS = 128;

const { plan, share, warmupItems, supply } = workerData as WorkerSetup;
const clock: Clock = systemClock;
const interrupt = new AbortController();
const stock = new ItemStock(supply);
const thread = new LoadThread({ plan: sharedPlan(plan, share), worker: share.worker, clock });
let records: RequestRecord[] = [];

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'interrupt') interrupt.abort();
  else void attempt(() => run(message.startedAtUs));
});
void attempt(warmUp);

async function warmUp(): Promise<void> {
  const warmupRecords: RequestRecord[] = [];
  await thread.warmUp(warmupItems, (record) => void warmupRecords.push(record), interrupt.signal);
  if (warmupRecords.length > 0) tell({ kind: 'warmup-records', batch: packRecords(warmupRecords) });
  tell({ kind: 'ready' });
}

async function run(startedAtUs: number): Promise<void> {
  const startedAtMs = clock.now() - (monotonicUs() - startedAtUs) / 1000;
  const item = (localIndex: number) => stock.item(localIndex);
  const onRecord = (record: RequestRecord) => {
    // The thread counts its own requests; the run counts all of them.
    records.push({ ...record, index: record.index * share.of + share.worker });
    if (records.length >= FLUSH_RECORDS) flush();
  };
  const tick = () => {
    flush();
    timer = clock.after(FLUSH_MS, tick);
  };
  let timer = clock.after(FLUSH_MS, tick);
  const health = await thread.run({ startedAtMs, item, onRecord }, interrupt.signal);
  timer.cancel();
  flush();
  tell({ kind: 'done', health });
  await thread.close();
  parentPort?.close();
}

function flush(): void {
  const batch = packRecords(records);
  records = [];
  tell({ kind: 'records', batch, inFlight: thread.inFlight, unsent: thread.unsent });
}

function tell(message: FromWorker): void {
  const transfer = 'batch' in message ? [message.batch.gapsUs.buffer] : [];
  parentPort?.postMessage(message, transfer);
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    tell({ kind: 'failed', message: messageOf(thrown) });
    parentPort?.close();
  }
}
