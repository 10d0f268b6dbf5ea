/** Logs that have ended and are on the disk: which are there, and which have been there long enough. No I/O. */
import type { LogPlace } from './live-log.js';

export interface ShelfLimits {
  /** How long a log stays after its last record. */
  readonly keepMs: number;
  readonly countMax: number;
  /** Characters of all of them. */
  readonly sizeBytesMax: number;
}

export interface ShelvedLog extends LogPlace {
  /** Epoch milliseconds. */
  readonly endedAtMs: number;
}

export class Shelf {
  readonly #limits: ShelfLimits;
  /** In the order in which they ended. */
  readonly #logs = new Map<string, ShelvedLog>();
  #sizeBytes = 0;

  constructor(limits: ShelfLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#logs.size;
  }

  get(id: string): ShelvedLog | undefined {
    return this.#logs.get(id);
  }

  put(id: string, log: ShelvedLog): void {
    this.take(id);
    this.#logs.set(id, log);
    this.#sizeBytes += log.sizeBytes;
  }

  take(id: string): ShelvedLog | undefined {
    const log = this.#logs.get(id);
    if (!log) return undefined;
    this.#logs.delete(id);
    this.#sizeBytes -= log.sizeBytes;
    return log;
  }

  /** Takes the oldest ones out whose time is over or that have no room; at most `countMax` of them. */
  takeSurplus(nowMs: number, countMax: number): [id: string, log: ShelvedLog][] {
    const taken: [string, ShelvedLog][] = [];
    const { keepMs, countMax: keptMax, sizeBytesMax } = this.#limits;
    for (const [id, log] of this.#logs) {
      const isSurplus = this.#logs.size > keptMax || this.#sizeBytes > sizeBytesMax || log.endedAtMs <= nowMs - keepMs;
      if (!isSurplus || taken.length >= countMax) break;
      this.take(id);
      taken.push([id, log]);
    }
    return taken;
  }
}
