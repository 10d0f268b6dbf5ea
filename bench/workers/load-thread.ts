/** What one thread does of a run, be it the main one: its connections, its requests, and a watch over itself. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../src/base/clock.js';
import { seededRandom } from '../../src/base/random.js';
import type { ThreadHealth } from '../client-health.js';
import { HealthWatch } from '../health-watch.js';
import { LoadGenerator, type Play, type Sender } from '../load-generator.js';
import type { Plan, WorkItem } from '../plan.js';
import type { RequestRecord } from '../record.js';
import { RequestClient } from '../request-client.js';

export interface LoadThreadOptions {
  /** This thread's share. */
  readonly plan: Plan;
  readonly worker: number;
  readonly clock: Clock;
}

export interface Work {
  /** `clock.now()` at the start of the run. */
  readonly startedAtMs: number;
  readonly item: (index: number) => WorkItem | undefined;
  readonly onRecord: (record: RequestRecord) => void;
}

export class LoadThread implements Play {
  readonly #options: LoadThreadOptions;
  readonly #client: RequestClient;
  #startedAtMs: number;
  #generator: LoadGenerator | undefined;

  constructor(options: LoadThreadOptions) {
    const { plan, worker, clock } = options;
    const startedAtMs = () => this.#startedAtMs;
    this.#options = options;
    this.#startedAtMs = clock.now();
    this.#client = new RequestClient({
      target: plan.target,
      settings: plan.request,
      clock,
      worker,
      // The connections of the warm-up go on into the run, which starts later.
      get startedAtMs() {
        return startedAtMs();
      },
    });
  }

  get inFlight(): number {
    return this.#generator?.inFlight ?? 0;
  }

  get unsent(): number {
    return this.#generator?.unsent ?? 0;
  }

  /** Sends all of it, as many at once as the run will have in flight. */
  async warmUp(
    items: readonly WorkItem[],
    onRecord: (record: RequestRecord) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { load } = this.#options.plan;
    const inFlightMax = load.kind === 'closed' ? load.concurrency : load.inFlightMax;
    const concurrency = Math.min(inFlightMax, items.length);
    if (concurrency === 0) return;
    const generator = new LoadGenerator({
      load: { kind: 'closed', concurrency, rampMs: 0 },
      stop: { kind: 'requests', requests: items.length },
      sender: this.#client,
      clock: this.#options.clock,
      random: seededRandom(0),
      startedAtMs: this.#startedAtMs,
      item: (index) => items[index],
      onRecord,
    });
    await generator.run(widened(signal));
  }

  /** Resolves when the last record is in. */
  async run({ startedAtMs, item, onRecord }: Work, signal: AbortSignal): Promise<ThreadHealth> {
    const { plan, clock } = this.#options;
    const watch = new HealthWatch();
    this.#startedAtMs = startedAtMs;
    const generator = new LoadGenerator({
      load: plan.load,
      stop: plan.stop,
      sender: watched(this.#client, watch),
      clock,
      random: seededRandom(plan.seed),
      startedAtMs,
      item,
      onRecord,
      onLag: (dueMs, lagMs) => watch.late(dueMs, lagMs),
    });
    this.#generator = generator;
    watch.start();
    try {
      await generator.run(widened(signal));
    } catch (thrown) {
      watch.finish(generator.unsent);
      throw thrown;
    }
    return watch.finish(generator.unsent);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Every request listens to it: Node warns of more than ten. */
function widened(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  return own;
}

function watched(sender: Sender, watch: HealthWatch): Sender {
  return {
    async send(order, signal) {
      watch.sent();
      const record = await sender.send(order, signal);
      watch.ended(record);
      return record;
    },
  };
}
