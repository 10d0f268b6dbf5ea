/** The worker threads of one run, from the side of the main thread. */
import { MessageChannel, type Worker } from 'node:worker_threads';
import { type Clock, pause } from '../../src/base/clock.js';
import { GollamaError } from '../../src/base/errors.js';
import { workerBeside } from '../../src/base/program-beside.js';
import type { ThreadHealth } from '../client-health.js';
import type { Play } from '../load-generator.js';
import { monotonicUs } from '../mock/monotonic.js';
import type { Plan, WorkItem } from '../plan.js';
import type { RequestRecord } from '../record.js';
import { supply } from './item-supply.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import { unpackRecords } from './record-batch.js';
import { type Share, sharedItems } from './share.js';

export interface CrewOptions {
  readonly plan: Plan;
  readonly workers: number;
  readonly clock: Clock;
  readonly items: (index: number) => WorkItem | undefined;
  readonly warmupItems: readonly WorkItem[];
  readonly onWarmupRecord: (record: RequestRecord) => void;
  readonly onRecord: (record: RequestRecord) => void;
}

/** What an interrupted worker is given to hand over its records. */
const INTERRUPT_PATIENCE_MS = 15_000;

export class Crew implements Play {
  readonly #options: CrewOptions;
  readonly #members: Member[];

  constructor(options: CrewOptions) {
    const { workers } = options;
    this.#options = options;
    this.#members = Array.from({ length: workers }, (_, worker) => new Member(options, { worker, of: workers }));
  }

  get inFlight(): number {
    return this.#members.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  get unsent(): number {
    return this.#members.reduce((sum, { unsent }) => sum + unsent, 0);
  }

  /** Resolves when all of them are warm. Throws `internal` where one of them dies. */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#together(signal, ({ ready }) => ready);
  }

  /** Resolves when the last record of the last one is in; the moment of the start is now. */
  run(signal: AbortSignal): Promise<ThreadHealth[]> {
    const startedAtUs = monotonicUs();
    for (const member of this.#members) member.tell({ kind: 'start', startedAtUs });
    return this.#together(signal, ({ done }) => done);
  }

  /** Idempotent; resolves when none of them runs any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }

  async #together<T>(signal: AbortSignal, of: (member: Member) => Promise<T>): Promise<T[]> {
    const over = new AbortController();
    const interrupt = () => {
      for (const member of this.#members) member.tell({ kind: 'interrupt' });
    };
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      return await Promise.race([Promise.all(this.#members.map(of)), this.#stuck(signal, over.signal)]);
    } finally {
      over.abort();
      signal.removeEventListener('abort', interrupt);
    }
  }

  /** Rejects where an interrupt is not heard. */
  async #stuck(signal: AbortSignal, over: AbortSignal): Promise<never> {
    if (!signal.aborted) {
      await new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true, signal: over }),
      );
    }
    await pause(this.#options.clock, INTERRUPT_PATIENCE_MS, over);
    throw new GollamaError('internal', 'a worker thread did not hear the interrupt');
  }
}

/** One worker thread. */
class Member {
  readonly #options: CrewOptions;
  readonly #worker: Worker;
  readonly #name: string;
  readonly #port;
  readonly #ready = settleable<void>();
  readonly #done = settleable<ThreadHealth>();
  inFlight = 0;
  unsent = 0;

  constructor(options: CrewOptions, share: Share) {
    const { plan, items, warmupItems } = options;
    const { port1, port2 } = new MessageChannel();
    const deliveries = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const setup: WorkerSetup = {
      plan,
      share,
      warmupItems: warmupItems.filter((_, index) => index % share.of === share.worker),
      supply: { port: port2, deliveries },
    };
    this.#options = options;
    this.#name = `worker thread ${share.worker + 1} of ${share.of}`;
    this.#port = port1;
    // Whoever waits sees it; nobody may wait for both.
    this.#ready.promise.catch(() => {});
    this.#done.promise.catch(() => {});
    supply({ port: port1, deliveries }, sharedItems(plan, share, items), (thrown) => this.#fail(thrown));
    this.#worker = workerBeside(import.meta.url, 'program', { workerData: setup, transferList: [port2] });
    this.#worker.on('message', (message: FromWorker) => this.#heard(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('it ended')));
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get done(): Promise<ThreadHealth> {
    return this.#done.promise;
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async stop(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }

  #heard(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve();
        break;
      case 'warmup-records':
        for (const record of unpackRecords(message.batch)) this.#options.onWarmupRecord(record);
        break;
      case 'records':
        this.inFlight = message.inFlight;
        this.unsent = message.unsent;
        for (const record of unpackRecords(message.batch)) this.#options.onRecord(record);
        break;
      case 'done':
        this.#done.resolve(message.health);
        break;
      case 'failed':
        this.#fail(new Error(message.message));
        break;
    }
  }

  /** Without effect where it is done. */
  #fail(thrown: unknown): void {
    const message = `${this.#name} died: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    const error = new GollamaError('internal', message, { cause: thrown });
    this.#ready.reject(error);
    this.#done.reject(error);
  }
}

interface Settleable<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function settleable<T>(): Settleable<T> {
  let resolve: Settleable<T>['resolve'] = () => {};
  let reject: Settleable<T>['reject'] = () => {};
  const promise = new Promise<T>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve, reject };
}
