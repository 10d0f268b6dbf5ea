/**
 * What the server was asked and what it promised, from the side of its clients. What contradicts a promise is seen here as
 * soon as it happens; `verdict.ts` looks at the rest at the end. Times are milliseconds of one clock, `epochMs` those of the
 * wall clock.
 */
import type { TaskReport, TaskStatus, TaskType } from '../../src/protocol/task.js';
import type { Life } from './life.js';

/** `doubt`: nobody knows, as the connection was cut before the answer came. */
type Outcome = 'acknowledged' | 'doubt';

export interface Wish {
  /** Stands in the prompt, once. */
  readonly mark: string;
  readonly type: TaskType;
  readonly model: string;
  readonly priority: number;
  readonly delayMs: number | undefined;
  readonly key: string | undefined;
  readonly givenId: string | undefined;
  readonly retriesMax: number;
}

interface PriorityChange {
  readonly priority: number;
  readonly sentEpochMs: number;
  readonly endedEpochMs: number;
  readonly isCertain: boolean;
}

/** Its end was promised or shown; no run of it begins after that, unless it is tried again by hand. */
interface EndKnown {
  readonly sinceMs: number;
  readonly life: Life;
  /** Undefined after a cancel, which leaves a task that has ended as it is. */
  readonly status: TaskStatus | undefined;
}

export interface Entry extends Wish {
  readonly sentEpochMs: number;
  outcome: Outcome;
  id: string | undefined;
  /** A client changes it; nobody else does meanwhile. */
  isBusy: boolean;
  endKnown: EndKnown | undefined;
  /** End of the last manual retry: what was asked before it tells nothing. */
  reopenedAtMs: number;
  /** Manual retries that may have been done. */
  retries: number;
  cancels: number;
  readonly priorities: PriorityChange[];
  /** Runs that began, that gave a whole answer, that failed, that a kill ended, and that a stop ended. */
  begun: number;
  answered: number;
  failed: number;
  killed: number;
  stopped: number;
  lastRefusal: { readonly atMs: number; readonly life: Life } | undefined;
}

/** A call of a task to an engine. */
export interface Run {
  readonly mark: string;
  readonly life: Life;
  isLive: boolean;
}

/** What two sockets tell may be read in the other order. */
const SAME_TIME_MS = 250;
const OVERLAP_MS = 100;
const VIOLATIONS_MAX = 50;
export const RETRY_DELAY_MS = 50;

export class Ledger {
  readonly entries: Entry[] = [];
  readonly batches: (readonly Entry[])[] = [];
  readonly violations: string[] = [];
  readonly #byMark = new Map<string, Entry>();
  readonly #live = new Map<string, Run>();

  get byMark(): ReadonlyMap<string, Entry> {
    return this.#byMark;
  }

  violated(what: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(what);
  }

  /** Before it is sent for the first time. */
  open(wish: Wish): Entry {
    const entry: Entry = {
      ...wish,
      sentEpochMs: Date.now(),
      outcome: 'doubt',
      id: undefined,
      isBusy: true,
      endKnown: undefined,
      reopenedAtMs: 0,
      retries: 0,
      cancels: 0,
      priorities: [],
      begun: 0,
      answered: 0,
      failed: 0,
      killed: 0,
      stopped: 0,
      lastRefusal: undefined,
    };
    this.entries.push(entry);
    this.#byMark.set(wish.mark, entry);
    return entry;
  }

  acknowledged(entry: Entry, id: string): void {
    if (entry.id !== undefined && entry.id !== id)
      this.violated(`${name(entry)}: submitted again with its key it became another task, ${id}`);
    entry.id ??= id;
    entry.outcome = 'acknowledged';
  }

  cancelled(entry: Entry, life: Life): void {
    entry.endKnown ??= { sinceMs: performance.now(), life, status: undefined };
  }

  /** What a request that was sent at `askedAtMs` shows of it. */
  seen(entry: Entry, report: TaskReport, askedAtMs: number, life: Life): void {
    if (askedAtMs < entry.reopenedAtMs) return;
    const { status } = report;
    const { endKnown } = entry;
    const isFinal = status !== 'pending' && status !== 'running';
    if (endKnown && askedAtMs > endKnown.sinceMs && status !== (endKnown.status ?? status))
      this.violated(`${name(entry)}: was shown as ${endKnown.status}, then as ${status}`);
    if (endKnown && askedAtMs > endKnown.sinceMs && !isFinal)
      this.violated(`${name(entry)}: had ended (${endKnown.status ?? 'cancelled'}), then was ${status}`);
    if (!isFinal) return;
    // A cancel does not tell how it ended; this does.
    if (endKnown === undefined || endKnown.status === undefined)
      entry.endKnown = { sinceMs: endKnown?.sinceMs ?? performance.now(), life: endKnown?.life ?? life, status };
  }

  /** A manual retry is about to be sent: it may run from now on. */
  reopening(entry: Entry): void {
    entry.endKnown = undefined;
    entry.retries += 1;
    entry.reopenedAtMs = Number.POSITIVE_INFINITY;
  }

  reopened(entry: Entry): void {
    entry.reopenedAtMs = performance.now();
  }

  /** The manual retry was refused: it is as it was. */
  notReopened(entry: Entry, endKnown: EndKnown | undefined): void {
    entry.retries -= 1;
    this.reopened(entry);
    entry.endKnown = endKnown;
    if (endKnown?.status === 'failed' || endKnown?.status === 'cancelled')
      this.violated(`${name(entry)}: is ${endKnown.status}, and cannot be tried again`);
  }

  runBegan(mark: string, life: Life): Run {
    const run: Run = { mark, life, isLive: true };
    const entry = this.#byMark.get(mark);
    if (!entry) {
      this.violated(`a task runs that nobody submitted: ${mark}`);
      return run;
    }
    entry.begun += 1;
    this.#assertMayBegin(entry, life);
    this.#assertAlone(run);
    this.#live.set(mark, run);
    return run;
  }

  runEnded(run: Run, how: 'answered' | 'refused' | 'cut' | 'left'): void {
    if (!run.isLive) return;
    run.isLive = false;
    if (this.#live.get(run.mark) === run) this.#live.delete(run.mark);
    const entry = this.#byMark.get(run.mark);
    if (!entry) return;
    if (how === 'answered') entry.answered += 1;
    else if (how !== 'left') entry.failed += 1;
    else if (run.life.isStopped) entry.stopped += 1;
    else if (run.life.isOver) entry.killed += 1;
    if (how === 'refused') entry.lastRefusal = { atMs: performance.now(), life: run.life };
  }

  #assertMayBegin(entry: Entry, life: Life): void {
    const nowMs = performance.now();
    const { endKnown, delayMs, lastRefusal } = entry;
    const slackMs = endKnown?.life === life && endKnown.status !== 'completed' ? SAME_TIME_MS : 0;
    if (endKnown && nowMs > endKnown.sinceMs + slackMs)
      this.violated(`${name(entry)}: runs although it has ended (${endKnown.status ?? 'cancelled'})`);
    if (entry.retries > 0) return;
    if (delayMs !== undefined && Date.now() < entry.sentEpochMs + delayMs - 1)
      this.violated(`${name(entry)}: runs before its delay of ${delayMs} ms is over`);
    if (lastRefusal?.life === life && nowMs < lastRefusal.atMs + RETRY_DELAY_MS - 2)
      this.violated(`${name(entry)}: is tried again ${Math.round(nowMs - lastRefusal.atMs)} ms after it failed`);
  }

  #assertAlone(run: Run): void {
    const other = this.#live.get(run.mark);
    if (!other?.isLive) return;
    setTimeout(() => {
      if (other.isLive && run.isLive) this.violated(`${run.mark}: is run by two calls at the same time`);
    }, OVERLAP_MS).unref();
  }
}

export function name({ mark, id }: Entry): string {
  return id === undefined ? mark : `${mark} (${id})`;
}
