/** What the main thread and a worker say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { ThreadHealth } from '../client-health.js';
import type { Plan, WorkItem } from '../plan.js';
import type { RecordBatch } from './record-batch.js';
import type { Share } from './share.js';

/** Given to a worker when it is created. */
export interface WorkerSetup {
  /** Of the whole run. */
  readonly plan: Plan;
  readonly share: Share;
  readonly warmupItems: readonly WorkItem[];
  readonly supply: SupplySetup;
}

export interface SupplySetup {
  readonly port: MessagePort;
  /** One 32-bit counter: deliveries so far. */
  readonly deliveries: SharedArrayBuffer;
}

export type ToWorker =
  /** The moment of the start, on the clock that all threads share (`monotonicUs`). */
  { readonly kind: 'start'; readonly startedAtUs: number } | { readonly kind: 'interrupt' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'warmup-records'; readonly batch: RecordBatch }
  | { readonly kind: 'records'; readonly batch: RecordBatch; readonly inFlight: number; readonly unsent: number }
  | { readonly kind: 'done'; readonly health: ThreadHealth }
  | { readonly kind: 'failed'; readonly message: string };

/** Work on its way to a worker. */
export interface Delivery {
  readonly items: readonly WorkItem[];
  /** There is no more behind these. */
  readonly isLast: boolean;
}
