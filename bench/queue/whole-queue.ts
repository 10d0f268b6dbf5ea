/** The queue as a server has it, without the HTTP around it: store, runner, scheduler, logs, and an instant engine. */
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { seededRandom } from '../../src/base/random.js';
import { Pool } from '../../src/pool/pool.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { Dispatcher } from '../../src/queue/dispatcher.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { TaskRunner } from '../../src/tasks/runner.js';
import { TaskQueue, type Visitor } from '../../src/tasks/task-queue.js';
import type { TaskChange } from '../../src/tasks/task-store.js';
import { InstantEngine } from './instant-engine.js';
import { storeIn } from './stores.js';

const NO_LIMIT = Number.POSITIVE_INFINITY;
const LIMITS = { inFlightMax: NO_LIMIT, waitingMax: 1, waitingBytesMax: 1, waitMaxMs: 0, startWaitMaxMs: 0 };
const RETRY = { initialMs: 1000, maxMs: 1000, factor: 1, jitter: 0 };
const LOG_RETENTION_MS = 60_000;
const PENDING_MAX = 1_000_000;

export const SUBMITTER: Visitor = { name: 'bench', admin: true, maxPriority: undefined };

export interface QueueEars {
  /** The claim of a task is durable, and the runner has it. */
  readonly claimed?: (taskNumber: number) => void;
  /** A task has come to the engine. */
  readonly called?: (taskNumber: number) => void;
  readonly changed?: (change: TaskChange) => void;
}

/** Runs `use` with a queue on an empty folder, with so many slots. */
export async function withQueue<T>(
  folder: string,
  slots: number,
  ears: QueueEars,
  use: (tasks: TaskQueue) => Promise<T>,
): Promise<T> {
  const clock = systemClock;
  const logger = silentLogger;
  const arrivals = new Arrivals();
  const store = storeIn(folder, arrivals);
  // Engines are called in the order of the claims.
  const claimed: number[] = [];
  const claim = store.claim.bind(store);
  store.claim = async (model, name) => {
    const taken = await claim(model, name);
    if (taken) {
      claimed.push(taken.task.number);
      ears.claimed?.(taken.task.number);
    }
    return taken;
  };
  store.onChange((change) => ears.changed?.(change));
  const engine = new InstantEngine(slots, () => ears.called?.(claimed.shift() ?? 0));
  const pool = new Pool([{ engine, models: [], aliases: [], weight: 1 }], logger);
  const dispatcher = new Dispatcher({ clock, pool, limits: LIMITS, arrivals });
  const parts = { store, logs: new MemoryLogBook({ clock, retentionMs: LOG_RETENTION_MS }), clock, workersMax: slots };
  const runner = new TaskRunner({ ...parts, dispatcher, pool, random: seededRandom(1), logger, retry: RETRY });
  const tasks = new TaskQueue({ ...parts, runner, pendingMax: PENDING_MAX, retriesMax: 3 });
  await pool.start();
  await tasks.start();
  try {
    return await use(tasks);
  } finally {
    await tasks.stop();
    await pool.stop();
  }
}
