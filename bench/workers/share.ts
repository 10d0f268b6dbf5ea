/** How a run is split among threads, so that together they do what one would do. Pure. */
import { seededRandom } from '../../src/base/random.js';
import { dueTimes } from '../arrival.js';
import type { Load, Plan, Stop, WorkItem } from '../plan.js';

/** Thread `worker` of `of` threads: it does the requests whose index leaves `worker` when divided by `of`. */
export interface Share {
  readonly worker: number;
  readonly of: number;
}

/** Events a second that one thread can stamp with a delay that does not show. */
const EVENTS_PER_SECOND_MAX = 10_000;

/** Threads for this many events a second: one core stays free, for the server or for the rest of this process. */
export function automaticWorkers(eventsPerSecond: number, cores: number): number {
  const needed = Math.ceil(eventsPerSecond / EVENTS_PER_SECOND_MAX);
  return Math.max(1, Math.min(needed, cores - 1));
}

/** No more threads than requests can be in flight, or than there are requests. */
export function usefulWorkers(workers: number, { load, stop }: Plan): number {
  const inFlightMax = load.kind === 'closed' ? load.concurrency : load.inFlightMax;
  const requests = stop.kind === 'requests' ? stop.requests : Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(Math.floor(workers), inFlightMax, requests));
}

export function sharedPlan(plan: Plan, share: Share): Plan {
  return { ...plan, load: sharedLoad(plan.load, share), stop: sharedStop(plan.stop, share) };
}

function sharedIndex(localIndex: number, { worker, of }: Share): number {
  return localIndex * of + worker;
}

/**
 * The work of one thread by its own count, due when it would be due if there were one thread: the arrivals of one seeded
 * sequence, of which every thread takes its own.
 */
export function sharedItems(
  plan: Plan,
  share: Share,
  items: (index: number) => WorkItem | undefined,
): (localIndex: number) => WorkItem | undefined {
  const { load } = plan;
  if (load.kind === 'closed') return (localIndex) => items(sharedIndex(localIndex, share));
  const times = dueTimes(load, seededRandom(plan.seed));
  let passed = -1;
  let dueMs = 0;
  return (localIndex) => {
    const index = sharedIndex(localIndex, share);
    const item = items(index);
    for (; passed < index; passed += 1) dueMs = times.next().value ?? dueMs;
    return item && { ...item, dueMs: item.dueMs ?? dueMs };
  };
}

/** A whole number split so that the parts add up to it. */
export function part(whole: number, { worker, of }: Share): number {
  return Math.floor(whole / of) + (worker < whole % of ? 1 : 0);
}

function sharedLoad(load: Load, share: Share): Load {
  if (load.kind === 'closed') return { ...load, concurrency: part(load.concurrency, share) };
  return { ...load, rate: load.rate / share.of, inFlightMax: part(load.inFlightMax, share) };
}

function sharedStop(stop: Stop, share: Share): Stop {
  return stop.kind === 'duration' ? stop : { ...stop, requests: part(stop.requests, share) };
}
