/** How requests ended. */
import { ERROR_CLASSES, type ErrorClass, type RequestRecord } from '../record.js';
import type { BenchResult } from '../result.js';
import { wilsonInterval } from '../statistics/proportion.js';

/** Servers may say what they like; the rest is counted together. */
const KEYS_MAX = 64;
const OTHER = 'other';

export class RequestTally {
  #successful = 0;
  #failed = 0;
  #incomplete = 0;
  #retried = 0;
  readonly #byStatus = new Map<string, number>();
  readonly #byError = new Map<ErrorClass, number>();
  readonly #byFinishReason = new Map<string, number>();

  get successful(): number {
    return this.#successful;
  }

  get failed(): number {
    return this.#failed;
  }

  get incomplete(): number {
    return this.#incomplete;
  }

  /** Requests that were asked again, without `stream_options`. */
  get retried(): number {
    return this.#retried;
  }

  add(record: RequestRecord): void {
    this.#retried += record.attempts - 1;
    if (record.status !== null) count(this.#byStatus, String(record.status));
    if (record.incomplete) this.#incomplete += 1;
    else if (record.ok) this.#successful += 1;
    else this.#failed += 1;
    if (record.ok && record.finishReason !== null) count(this.#byFinishReason, record.finishReason);
    if (record.errorClass !== null)
      this.#byError.set(record.errorClass, (this.#byError.get(record.errorClass) ?? 0) + 1);
  }

  /** A request that the end of the run cut off is neither a success nor a failure. */
  result(): BenchResult['requests'] {
    const judged = this.#successful + this.#failed;
    return {
      total: judged + this.#incomplete,
      successful: this.#successful,
      failed: this.#failed,
      incomplete: this.#incomplete,
      success_rate: judged === 0 ? null : this.#successful / judged,
      success_rate_ci95: wilsonInterval({ count: this.#successful, of: judged }),
      by_status: sorted(this.#byStatus),
      by_error: Object.fromEntries(
        ERROR_CLASSES.flatMap((name) => {
          const times = this.#byError.get(name);
          return times === undefined ? [] : [[name, times]];
        }),
      ),
      by_finish_reason: sorted(this.#byFinishReason),
      retried_attempts: this.#retried,
    };
  }
}

function count(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) || counts.size < KEYS_MAX ? key : OTHER;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
}
