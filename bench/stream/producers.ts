/** Who writes, in the process of the server, and what that costs it. */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { pause, systemClock } from '../../src/base/clock.js';
import { monotonicUs } from '../mock/monotonic.js';
import { ascending, quantile } from '../statistics/quantile.js';
import type { Figures, ServerOrder } from './measurement.js';
import { recordText } from './record-text.js';
import type { StreamServer } from './stream-server.js';

const TICK_MS = 1;
/** Of CPU time after the last record was written, for its way to the sockets. */
const REST_MS = 300;
const SLICE_MS = 50;
const FILL_TEXT = 'x'.repeat(64 * 1024);
const FILL_RECORDS_MAX = 2_000;
const FILL_PAUSE_MS = 30;
/** Of a log, by a reader that takes one record. */
const READS_MAX = 3;
/** So often in a row nobody may take a record. */
const FILL_QUIET = 5;

export class Producers {
  readonly #server: StreamServer;

  constructor(server: StreamServer) {
    this.#server = server;
  }

  async obey(order: ServerOrder): Promise<Figures> {
    switch (order.kind) {
      case 'rss':
        return this.#rss();
      case 'pace':
        return this.#pace(order.ratePerS, order.seconds);
      case 'burst':
        return this.#burst(order.records);
      case 'fill':
        return this.#fill(order.alive);
      case 'slices':
        return this.#slices(order.seconds);
    }
  }

  async #rss(): Promise<Figures> {
    // Twice: the first lets go what finalizers hold.
    for (let at = 0; at < 2; at += 1) {
      globalThis.gc?.();
      await pause(systemClock, REST_MS);
    }
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return { rssBytes: Number(kib) * 1024 };
  }

  async #pace(ratePerS: number, seconds: number): Promise<Figures> {
    const producers = this.#server.channels.length;
    const wanted = Math.round(ratePerS * producers * seconds);
    const cpu = process.cpuUsage();
    const beganAt = systemClock.now();
    let written = 0;
    while (written < wanted) {
      const due = Math.min(wanted, 1 + Math.floor(((systemClock.now() - beganAt) / 1000) * ratePerS * producers));
      for (; written < due; written += 1) await this.#append(written % producers);
      const nextAtMs = beganAt + (written / (ratePerS * producers)) * 1000;
      await pause(systemClock, Math.max(TICK_MS, nextAtMs - systemClock.now()));
    }
    await pause(systemClock, REST_MS);
    const { user, system } = process.cpuUsage(cpu);
    return { records: written, cpuUs: user + system };
  }

  async #burst(records: number): Promise<Figures> {
    const producers = this.#server.channels.length;
    const beganUs = monotonicUs();
    for (let at = 0; at < records * producers; at += 1) {
      await this.#append(at % producers);
      await turn();
    }
    return { records: records * producers, beganUs };
  }

  async #fill(alive: number): Promise<Figures> {
    const { channels } = this.#server;
    let reads = 0;
    const stop = this.#server.onRead((channel) => {
      if (channel === channels[0]) reads += 1;
    });
    let quiet = 0;
    let records = 0;
    for (; quiet < FILL_QUIET && records < FILL_RECORDS_MAX; records += 1) {
      reads = 0;
      if (!this.#server.append(0, FILL_TEXT)) await this.#server.drained();
      await pause(systemClock, FILL_PAUSE_MS);
      // Whoever is alive reads the record, then that there is no other, then that this is not the end.
      quiet = reads <= alive * READS_MAX ? quiet + 1 : 0;
    }
    stop();
    if (quiet < FILL_QUIET) throw new Error('the readers did not stall');
    return { records };
  }

  /** The first channel beside the second, in slices that follow each other and so see the same machine. */
  async #slices(seconds: number): Promise<Figures> {
    const ratios: { perS: number; cpu: number }[] = [];
    const rates: number[] = [];
    let records = 0;
    await this.#slice(1);
    await this.#slice(0);
    for (let at = 0; at < (seconds * 1000) / SLICE_MS / 2; at += 1) {
      // Each is as often the first.
      const [one, other] = at % 2 === 0 ? [1, 0] : [0, 1];
      const slices = { [one]: await this.#slice(one), [other]: await this.#slice(other) };
      const [stalled, free] = [slices[0], slices[1]];
      if (!stalled || !free) continue;
      records += stalled.records + free.records;
      rates.push(free.perS);
      ratios.push({ perS: stalled.perS / free.perS, cpu: stalled.cpuUsEach / free.cpuUsEach });
    }
    return {
      records,
      freePerS: middle(rates),
      rateRatio: middle(ratios.map(({ perS }) => perS)),
      cpuRatio: middle(ratios.map(({ cpu }) => cpu)),
    };
  }

  async #slice(channel: number) {
    const cpu = process.cpuUsage();
    const beganAt = systemClock.now();
    let records = 0;
    while (systemClock.now() - beganAt < SLICE_MS) {
      await this.#append(channel);
      records += 1;
      await turn();
    }
    const { user, system } = process.cpuUsage(cpu);
    return { records, perS: (records * 1000) / (systemClock.now() - beganAt), cpuUsEach: (user + system) / records };
  }

  async #append(at: number): Promise<void> {
    if (!this.#server.append(at, recordText(monotonicUs()))) await this.#server.drained();
  }
}

function middle(values: readonly number[]): number {
  return quantile(ascending(values), 0.5);
}
