/**
 * Which logs there are, what of them is in memory, and what the next commit does: all rules of the logs, no I/O.
 *
 * 1. The records of a commit go into the journal, one row for all logs.
 * 2. A log that has ended, has grown, or holds back the journal is stored: all of it that is not in pieces yet goes there.
 * 3. Readers see what is durable. The one exception: where the disk takes nothing for so long that memory is full, a log
 *    that still grows is cut off with an error that readers see at once.
 */
import type { GollamaError } from '../../base/errors.js';
import { isTerminal, type LogRecord } from '../record.js';
import { JournalSpan } from './journal-span.js';
import { bytesOf, LiveLog } from './live-log.js';
import type { Commit, JournalPart, OpenedLogs, StoredLog } from './messages.js';
import { itemsOf } from './packed-records.js';
import { piecesOf } from './pieces.js';
import { Shelf, type ShelfLimits, type ShelvedLog } from './shelf.js';

export interface LogTableLimits {
  readonly shelf: ShelfLimits;
  /** Of records that wait for the disk; a log that grows beyond it is cut off. */
  readonly waitingBytesMax: number;
  /** Of all records in memory that could be read from the disk as well. */
  readonly memoryBytesMax: number;
  /** A log with so much in memory alone is stored. */
  readonly storeBytes: number;
  /** What stays in memory of a log that was stored and goes on. */
  readonly tailBytes: number;
  readonly journalRowsMax: number;
  readonly journalBytesMax: number;
}

const MIB = 1024 * 1024;

export const LOG_TABLE_LIMITS: Omit<LogTableLimits, 'shelf'> = {
  waitingBytesMax: 64 * MIB,
  memoryBytesMax: 64 * MIB,
  storeBytes: MIB / 4,
  tailBytes: MIB / 8,
  journalRowsMax: 4096,
  journalBytesMax: 64 * MIB,
};

/** Ended logs that one commit removes at most. */
const REMOVE_STEP = 50;

interface UnderWay {
  readonly commit: Commit;
  readonly begun: Set<LiveLog>;
  readonly journaled: readonly LiveLog[];
  readonly stored: ReadonlySet<LiveLog>;
  readonly waitingBytes: number;
}

export class LogTable {
  readonly #limits: LogTableLimits;
  readonly #live = new Map<string, LiveLog>();
  readonly #shelf: Shelf;
  readonly #journal = new JournalSpan();
  /** With records that are to be written. */
  readonly #dirty = new Set<LiveLog>();
  /** Ended and stored, in memory only to be read faster. */
  readonly #cached = new Set<LiveLog>();
  #removing: number[] = [];
  #underWay: UnderWay | undefined;
  #waitingBytes = 0;
  #memoryBytes = 0;
  #nextNumber = 1;
  #dead: GollamaError | undefined;

  constructor(limits: LogTableLimits) {
    this.#limits = limits;
    this.#shelf = new Shelf(limits.shelf);
  }

  open({ nextNumber, logs }: OpenedLogs): void {
    this.#nextNumber = nextNumber;
    for (const { id, endedAtMs, ...place } of logs) {
      if (endedAtMs !== undefined) {
        this.#shelf.put(id, { number: place.number, last: place.last, sizeBytes: place.sizeBytes, endedAtMs });
        continue;
      }
      const log = new LiveLog(id, place);
      log.isBegun = true;
      this.#live.set(id, log);
    }
  }

  /** Of records that wait for the disk. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** There is something for the next commit. */
  get hasWork(): boolean {
    if (this.#dead) return false;
    const { rows, sizeBytes } = this.#journal;
    const { journalRowsMax, journalBytesMax } = this.#limits;
    return this.#dirty.size + this.#removing.length > 0 || rows > journalRowsMax || sizeBytes > journalBytesMax;
  }

  live(id: string): LiveLog | undefined {
    return this.#live.get(id);
  }

  shelved(id: string): ShelvedLog | undefined {
    return this.#shelf.get(id);
  }

  /** Of logs that have not ended. */
  *unfinished(): Generator<string, void> {
    for (const [id, { endedAtMs }] of this.#live) if (endedAtMs === undefined) yield id;
  }

  /** Returns true where readers see something new. */
  append(id: string, record: LogRecord, nowMs: number): boolean {
    const log = this.#writable(id, record);
    if (!log) return false;
    if (this.#dead) return this.#cutOff(log, this.#dead, nowMs);
    const bytes = bytesOf(record);
    if (!isTerminal(record) && this.#waitingBytes + bytes > this.#limits.waitingBytesMax)
      return this.#cutOff(log, NO_ROOM, nowMs);
    log.append(record);
    if (isTerminal(record)) log.endedAtMs = nowMs;
    this.#waitingBytes += bytes;
    this.#memoryBytes += bytes;
    this.#dirty.add(log);
    return false;
  }

  /** The log is gone. Returns false where there was none, or none that has ended. */
  forget(id: string): boolean {
    const log = this.#live.get(id);
    if (log && log.endedAtMs === undefined) return false;
    const place = this.#shelf.take(id) ?? log;
    if (log) this.#drop(log);
    if (place) this.#removing.push(place.number);
    return place !== undefined;
  }

  /** Forgets the oldest ended logs whose time is over or that have no room, some of them; returns which. */
  prune(nowMs: number): string[] {
    const surplus = this.#shelf.takeSurplus(nowMs, REMOVE_STEP);
    for (const [id, { number }] of surplus) {
      const log = this.#live.get(id);
      if (log) this.#drop(log);
      this.#removing.push(number);
    }
    return surplus.map(([id]) => id);
  }

  /** Undefined where there is nothing to do, or one is under way. */
  nextCommit(): Commit | undefined {
    if (this.#underWay || this.#dead || !this.hasWork) return undefined;
    const { journaled, stored } = this.#sorted();
    const begun = new Set<LiveLog>();
    for (const log of this.#dirty) if (!log.isBegun) begun.add(log);
    const commit: Commit = {
      kind: 'commit',
      removed: this.#removing,
      begun: [...begun].map(({ number, id }) => [number, id]),
      row: this.#journal.next,
      journal: journaled.length > 0 ? JSON.stringify(journaled.map(journalPart)) : '',
      stored: [...stored].map(storedLog),
      journalFrom: this.#journal.firstNeeded(stored),
    };
    this.#removing = [];
    this.#dirty.clear();
    this.#underWay = { commit, begun, journaled, stored, waitingBytes: this.#waitingBytes };
    return commit;
  }

  /** The commit that was under way is durable. Returns the ids of the logs that have something new. */
  committed(): string[] {
    const { commit, begun, journaled, stored, waitingBytes } = this.#takeUnderWay();
    this.#waitingBytes -= waitingBytes;
    for (const log of begun) log.isBegun = true;
    for (const log of journaled) log.committed(false);
    for (const log of stored) log.committed(true);
    const isKnown = (log: LiveLog) => !log.isForgotten;
    if (commit.journal !== '') this.#journal.add(commit.journal.length, journaled.filter(isKnown));
    this.#journal.release(stored);
    this.#journal.cut(commit.journalFrom);
    const sizes = new Map(commit.stored.map(({ number, sizeBytes }) => [number, sizeBytes]));
    for (const log of stored) if (isKnown(log)) this.#settle(log, sizes.get(log.number) ?? log.sizeBytes);
    this.#freeMemory();
    return [...journaled, ...stored].map(({ id }) => id);
  }

  /** Nothing of what was under way happened; it is to be done again. Returns the logs whose readers see an error. */
  failed(nowMs: number): string[] {
    const { commit, journaled, stored } = this.#takeUnderWay();
    this.#removing.unshift(...commit.removed);
    const seen: string[] = [];
    for (const log of [...journaled, ...stored]) {
      const unsentBytes = log.unsentBytes;
      log.failed();
      if (log.isForgotten) {
        this.#waitingBytes -= log.unsentBytes - unsentBytes;
        continue;
      }
      this.#dirty.add(log);
      if (log.isCutOff && this.#cutOff(log, NO_ROOM, nowMs)) seen.push(log.id);
    }
    return seen;
  }

  /** Nothing is stored any more: every log that is written is cut off. Returns the ids of these. */
  die(error: GollamaError, nowMs: number): string[] {
    if (this.#underWay) this.failed(nowMs);
    this.#dead = error;
    const ids = [...this.unfinished()];
    for (const id of ids) {
      const log = this.#live.get(id);
      if (log) this.#cutOff(log, error, nowMs);
    }
    return ids;
  }

  #writable(id: string, record: LogRecord): LiveLog | undefined {
    const known = this.#live.get(id);
    if (known && known.endedAtMs === undefined) return known;
    const shelved = this.#shelf.get(id);
    if ((known ?? shelved) && record.kind !== 'restart') return undefined;
    this.#shelf.take(id);
    if (!known) return this.#begin(id, shelved);
    known.endedAtMs = undefined;
    known.isCutOff = false;
    known.isBegun = false;
    this.#underWay?.begun.delete(known);
    this.#cached.delete(known);
    return known;
  }

  #begin(id: string, shelved: ShelvedLog | undefined): LiveLog {
    const log = new LiveLog(id, shelved ?? { number: this.#nextNumber, last: 0, sizeBytes: 0 });
    if (!shelved) this.#nextNumber += 1;
    this.#live.set(id, log);
    return log;
  }

  #cutOff(log: LiveLog, { message, code }: Pick<GollamaError, 'message' | 'code'>, nowMs: number): boolean {
    const before = log.visible;
    const freedBytes = log.cutOff({ kind: 'error', message, code });
    this.#waitingBytes -= freedBytes;
    this.#memoryBytes -= freedBytes;
    log.endedAtMs = nowMs;
    this.#dirty.add(log);
    return log.visible > before;
  }

  #sorted(): { readonly journaled: readonly LiveLog[]; readonly stored: ReadonlySet<LiveLog> } {
    const { storeBytes, journalRowsMax, journalBytesMax } = this.#limits;
    const journaled: LiveLog[] = [];
    const stored = new Set<LiveLog>();
    const { oldest, rows, sizeBytes } = this.#journal;
    if (oldest && (rows > journalRowsMax || sizeBytes > journalBytesMax)) stored.add(oldest);
    for (const log of this.#dirty) {
      if (log.endedAtMs !== undefined || log.unstoredBytes > storeBytes) stored.add(log);
      else if (log.isUnsent && !stored.has(log)) journaled.push(log);
    }
    return { journaled, stored };
  }

  #settle(log: LiveLog, sizeBytes: number): void {
    log.sizeBytes = sizeBytes;
    const { number, visible: last, endedAtMs } = log;
    if (endedAtMs !== undefined && !log.isUnstored) {
      this.#shelf.put(log.id, { number, last, sizeBytes, endedAtMs });
      this.#cached.add(log);
    } else this.#trim(log, this.#limits.tailBytes);
  }

  /** First what has ended, the oldest first, then what was stored of the others. */
  #freeMemory(): void {
    const { memoryBytesMax } = this.#limits;
    for (const log of this.#cached) {
      if (this.#memoryBytes <= memoryBytesMax) return;
      this.#drop(log);
    }
    for (const log of this.#live.values()) {
      if (this.#memoryBytes <= memoryBytesMax) return;
      this.#trim(log, 0);
    }
  }

  #trim(log: LiveLog, keepBytes: number): void {
    const before = log.memoryBytes;
    log.trim(keepBytes);
    this.#memoryBytes -= before - log.memoryBytes;
  }

  #drop(log: LiveLog): void {
    log.isForgotten = true;
    this.#live.delete(log.id);
    this.#cached.delete(log);
    if (this.#dirty.delete(log)) this.#waitingBytes -= log.unsentBytes;
    this.#journal.release([log]);
    this.#memoryBytes -= log.memoryBytes;
  }

  #takeUnderWay(): UnderWay {
    const underWay = this.#underWay;
    if (!underWay) throw new Error('no commit is under way');
    this.#underWay = undefined;
    return underWay;
  }
}

const NO_ROOM = {
  code: 'storage_full',
  message: 'the answer could not be kept: there is no room left on the disk',
} as const;

function journalPart(log: LiveLog): JournalPart {
  const entries = log.send();
  return [log.number, entries[0]?.sequence ?? 0, itemsOf(entries)];
}

function storedLog(log: LiveLog): StoredLog {
  const pieces = piecesOf(log.sendAll());
  const sizeBytes = pieces.reduce((sum, { data }) => sum + data.length, log.sizeBytes);
  return { number: log.number, last: log.last, sizeBytes, endedAtMs: log.endedAtMs, pieces };
}
