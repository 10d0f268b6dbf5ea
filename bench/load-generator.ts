/**
 * Plays work against a target and hands over a record for each request. It knows when requests start, and nothing of what
 * their figures mean.
 */
import { type Clock, pause } from '../src/base/clock.js';
import type { Random } from '../src/base/random.js';
import { dueTimes } from './arrival.js';
import type { Load, Stop, WorkItem } from './plan.js';
import type { RequestRecord } from './record.js';
import type { RequestOrder } from './request-client.js';

export interface Sender {
  send(order: RequestOrder, signal: AbortSignal): Promise<RequestRecord>;
}

export interface LoadGeneratorOptions {
  readonly load: Load;
  readonly stop: Stop;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly random: Random;
  /** As in the sender: times of records count from here. */
  readonly startedAtMs: number;
  /** The work of request `index`; undefined: there is no more. */
  readonly item: (index: number) => WorkItem | undefined;
  readonly onRecord: (record: RequestRecord) => void;
  /** Open loop: a request is sent `lagMs` after it was due, or after `inFlightMax` let it, whichever came last. */
  readonly onLag?: (dueMs: number, lagMs: number) => void;
}

export interface Play {
  /** In flight now. */
  readonly inFlight: number;
  /** Requests that were due before the end, and never sent. */
  readonly unsent: number;
}

/** Due: less than this is lost in the rounding of sums. */
const NEAR_MS = 0.001;

export class LoadGenerator implements Play {
  readonly #options: LoadGeneratorOptions;
  #started = 0;
  #inFlight = 0;
  #unsent = 0;

  constructor(options: LoadGeneratorOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get unsent(): number {
    return this.#unsent;
  }

  /**
   * Resolves when the last record is in. `signal` interrupts: what is in flight is recorded as incomplete. A stop by duration
   * ends starting; what is in flight then may come to its end.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { load } = this.#options;
    if (load.kind === 'closed') await this.#closed(load, signal);
    else await this.#open(load, signal);
  }

  /** Every slot starts its next request the moment its last one is over. */
  async #closed(load: Extract<Load, { kind: 'closed' }>, signal: AbortSignal): Promise<void> {
    const slots = Array.from({ length: load.concurrency }, async (_, slot) => {
      const waitMs = (load.rampMs * slot) / load.concurrency;
      // A timer for no time would still take a millisecond.
      if (waitMs > 0) await pause(this.#options.clock, waitMs, signal);
      while (!signal.aborted && this.#goesOn()) {
        const item = this.#nextItem();
        if (item === undefined) break;
        await this.#send(item, this.#now(), signal);
      }
    });
    await Promise.all(slots);
  }

  /** Requests are due when they are due, whatever the server does. Beyond `inFlightMax` they wait, and the wait counts. */
  async #open(load: Extract<Load, { kind: 'open' }>, signal: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>();
    const times = dueTimes(load, this.#options.random);
    let letMs = 0;
    while (!signal.aborted && this.#moreRequests()) {
      const item = this.#options.item(this.#started);
      const dueMs = item?.dueMs ?? times.next().value ?? 0;
      if (item === undefined || this.#isOver(dueMs)) break;
      await this.#until(dueMs, signal);
      while (running.size >= load.inFlightMax && !signal.aborted) {
        await Promise.race(running);
        letMs = this.#now();
      }
      if (signal.aborted) {
        this.#unsent += 1;
        break;
      }
      this.#started += 1;
      this.#options.onLag?.(dueMs, Math.max(0, this.#now() - Math.max(dueMs, letMs)));
      const sent = this.#send({ item, index: this.#started - 1 }, dueMs, signal).finally(() => running.delete(sent));
      running.add(sent);
    }
    await Promise.all(running);
  }

  /** Timers are early by up to a millisecond; one for a moment that has passed would still take a millisecond. */
  async #until(dueMs: number, signal: AbortSignal): Promise<void> {
    for (let leftMs = dueMs - this.#now(); leftMs > NEAR_MS && !signal.aborted; leftMs = dueMs - this.#now()) {
      await pause(this.#options.clock, leftMs, signal);
    }
  }

  async #send(work: { item: WorkItem; index: number }, scheduledMs: number, signal: AbortSignal): Promise<void> {
    this.#inFlight += 1;
    try {
      this.#options.onRecord(await this.#options.sender.send({ ...work, scheduledMs }, signal));
    } finally {
      this.#inFlight -= 1;
    }
  }

  #nextItem(): { item: WorkItem; index: number } | undefined {
    const index = this.#started;
    const item = this.#options.item(index);
    if (item === undefined) return undefined;
    this.#started += 1;
    return { item, index };
  }

  #goesOn(): boolean {
    return this.#moreRequests() && !this.#isOver(this.#now());
  }

  #moreRequests(): boolean {
    const { stop } = this.#options;
    return stop.kind !== 'requests' || this.#started < stop.requests;
  }

  #isOver(atMs: number): boolean {
    const { stop } = this.#options;
    return stop.kind === 'duration' && atMs >= stop.durationMs;
  }

  #now(): number {
    return this.#options.clock.now() - this.#options.startedAtMs;
  }
}
