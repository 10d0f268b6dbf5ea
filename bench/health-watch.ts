/** Watches the thread that it runs in while a run lasts. */
import {
  createHistogram,
  type EventLoopUtilization,
  monitorEventLoopDelay,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import type { ThreadHealth } from './client-health.js';
import { quantilesOf } from './quantiles.js';
import type { RequestRecord } from './record.js';

/** How often it looks for a delay of the event loop. */
const RESOLUTION_MS = 5;
const NS_PER_MS = 1e6;

export class HealthWatch {
  readonly #loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  /** Whole microseconds, one more than measured: a histogram holds no 0. */
  readonly #lag = createHistogram();
  readonly #collections = new PerformanceObserver((list) => this.#collected(list.getEntries()));
  #utilization: EventLoopUtilization | undefined;
  #gcPauseMs = 0;
  #events = 0;
  #coalesced = 0;
  #inFlight = 0;
  #inFlightPeak = 0;
  #firstDueMs: number | undefined;
  #lastDueMs = 0;
  #lastLagMs = 0;

  start(): void {
    this.#utilization = performance.eventLoopUtilization();
    this.#collections.observe({ entryTypes: ['gc'] });
    this.#loopDelay.enable();
  }

  sent(): void {
    this.#inFlight += 1;
    this.#inFlightPeak = Math.max(this.#inFlightPeak, this.#inFlight);
  }

  ended(record: RequestRecord): void {
    this.#inFlight -= 1;
    this.#events += record.chunks;
    this.#coalesced += record.coalesced;
  }

  /** A request was due at `dueMs` and sent `lagMs` after it could have been. */
  late(dueMs: number, lagMs: number): void {
    this.#firstDueMs ??= dueMs;
    this.#lastDueMs = dueMs;
    this.#lastLagMs = lagMs;
    this.#lag.record(Math.max(0, Math.round(lagMs * 1000)) + 1);
  }

  /** Ends the watch. Call it once. */
  finish(unsent: number): ThreadHealth {
    this.#loopDelay.disable();
    this.#collected(this.#collections.takeRecords());
    this.#collections.disconnect();
    return {
      elu: performance.eventLoopUtilization(this.#utilization).utilization,
      // It counts the time from look to look.
      loopDelayMs: quantilesOf(this.#loopDelay, (ns) => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS)),
      gcPauseMs: this.#gcPauseMs,
      events: this.#events,
      coalesced: this.#coalesced,
      lagMs: quantilesOf(this.#lag, (us) => Math.max(0, us - 1) / 1000),
      dueSpanMs: this.#lastDueMs - (this.#firstDueMs ?? 0),
      lastLagMs: this.#lastLagMs,
      inFlightPeak: this.#inFlightPeak,
      unsent,
    };
  }

  #collected(entries: readonly { readonly duration: number }[]): void {
    for (const { duration } of entries) this.#gcPauseMs += duration;
  }
}
