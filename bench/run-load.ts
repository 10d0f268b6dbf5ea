/** Plays a plan: in this thread, or split among worker threads; which of the two, its records do not tell. */
import type { Clock } from '../src/base/clock.js';
import type { ClientHealth, ThreadHealth } from './client-health.js';
import type { Play } from './load-generator.js';
import type { Plan, WorkItem } from './plan.js';
import type { RequestRecord } from './record.js';
import { Crew } from './workers/crew.js';
import { LoadThread } from './workers/load-thread.js';
import { sharedItems, usefulWorkers } from './workers/share.js';

/** The work of request `index`, the same whenever it is asked; undefined: there is no more. */
export type Items = (index: number) => WorkItem | undefined;

export interface RunLoadOptions {
  /** Threads; 1: this one. No more are used than requests can be in flight. */
  readonly workers: number;
  /** Worker threads use the system's clock. */
  readonly clock: Clock;
  /** Ends the run early: what is in flight is recorded as incomplete. */
  readonly signal: AbortSignal;
  readonly onRecord: (record: RequestRecord) => void;
  /** Sent before, on the connections of the run. */
  readonly warmupItems?: readonly WorkItem[];
  readonly onWarmupRecord?: (record: RequestRecord) => void;
  /** When the run proper begins: `play` tells how it stands, with workers a tenth of a second late. */
  readonly onStart?: (start: { readonly startedAtMs: number; readonly play: Play }) => void;
}

export interface LoadOutcome {
  readonly health: ClientHealth;
  /** `clock.now()` at the start, from which records count. */
  readonly startedAtMs: number;
}

const NOTHING = () => {};

/** Resolves when the last record is in. Throws `internal` where a worker thread dies, and what `items` throws. */
export function runLoad(plan: Plan, items: Items, options: RunLoadOptions): Promise<LoadOutcome> {
  const workers = usefulWorkers(options.workers, plan);
  return workers === 1 ? runHere(plan, items, options) : runWithCrew(plan, items, options, workers);
}

async function runHere(plan: Plan, items: Items, options: RunLoadOptions): Promise<LoadOutcome> {
  const { clock, signal, onRecord, warmupItems = [], onWarmupRecord = NOTHING, onStart } = options;
  const thread = new LoadThread({ plan, worker: 0, clock });
  try {
    await thread.warmUp(warmupItems, onWarmupRecord, signal);
    const startedAtMs = clock.now();
    onStart?.({ startedAtMs, play: thread });
    const item = sharedItems(plan, { worker: 0, of: 1 }, items);
    return await measured(plan, options, startedAtMs, async () => [
      await thread.run({ startedAtMs, item, onRecord }, signal),
    ]);
  } finally {
    await thread.close();
  }
}

async function runWithCrew(plan: Plan, items: Items, options: RunLoadOptions, workers: number): Promise<LoadOutcome> {
  const { clock, signal, onRecord, warmupItems = [], onWarmupRecord = NOTHING, onStart } = options;
  const crew = new Crew({ plan, workers, clock, items, warmupItems, onWarmupRecord, onRecord });
  try {
    await crew.ready(signal);
    const startedAtMs = clock.now();
    onStart?.({ startedAtMs, play: crew });
    return await measured(plan, options, startedAtMs, () => crew.run(signal));
  } finally {
    await crew.stop();
  }
}

/** The CPU time of the process is that of all its threads: Node 20 cannot tell them apart. */
async function measured(
  plan: Plan,
  { clock, signal }: RunLoadOptions,
  startedAtMs: number,
  run: () => Promise<ThreadHealth[]>,
): Promise<LoadOutcome> {
  const before = process.cpuUsage();
  const threads = await run();
  const { user, system } = process.cpuUsage(before);
  const wallMs = clock.now() - startedAtMs;
  return {
    startedAtMs,
    health: { threads, wallMs, cpuUs: user + system, inFlightTarget: signal.aborted ? null : inFlightTarget(plan) },
  };
}

function inFlightTarget({ load, stop }: Plan): number | null {
  if (load.kind === 'open') return null;
  return stop.kind === 'requests' ? Math.min(load.concurrency, stop.requests) : load.concurrency;
}
