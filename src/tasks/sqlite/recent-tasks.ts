/**
 * Tasks that were written a moment ago, as they are in the tables: most are moved again soon, and reading a row costs more
 * than all else in a move. Only the connection that writes may have this, and a transaction that fails empties it.
 */
import { bornTask, NEW_NUMBER, type NewRow, type StoredTask } from './task-row.js';

export interface RecentTask {
  readonly stored: StoredTask;
  /** Undefined where it is long, or was not seen. */
  readonly body: string | undefined;
}

/** 16 MiB of bodies at most, in two generations. */
const GENERATION_MAX = 2048;
const BODY_CHARS_MAX = 4096;

export class RecentTasks {
  /** When the younger ones are so many, the older ones are forgotten: cheaper than to look for the oldest one each time. */
  #younger = new Map<number, RecentTask | NewRow>();
  #older = new Map<number, RecentTask | NewRow>();

  get(number: number): RecentTask | undefined {
    const found = this.#found(number);
    return found && 'values' in found ? { stored: bornTask(found), body: shortBody(found.body) } : found;
  }

  born(row: NewRow): void {
    this.#put(Number(row.values[NEW_NUMBER]), row);
  }

  /** Its body stays the one that is known. */
  moved(stored: StoredTask): void {
    const { number } = stored.task;
    const body = this.#found(number)?.body;
    this.#put(number, { stored, body: body && shortBody(body) });
  }

  delete(number: number): void {
    this.#younger.delete(number);
    this.#older.delete(number);
  }

  clear(): void {
    this.#younger.clear();
    this.#older.clear();
  }

  #found(number: number): RecentTask | NewRow | undefined {
    return this.#younger.get(number) ?? this.#older.get(number);
  }

  #put(number: number, task: RecentTask | NewRow): void {
    this.#younger.set(number, task);
    if (this.#younger.size < GENERATION_MAX) return;
    this.#older = this.#younger;
    this.#younger = new Map();
  }
}

function shortBody(body: string): string | undefined {
  return body.length <= BODY_CHARS_MAX ? body : undefined;
}
