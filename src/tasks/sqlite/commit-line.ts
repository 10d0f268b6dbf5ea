/**
 * Operations on their way to the store thread. One batch is under way; meanwhile the next one collects, so that what comes
 * together shares one commit. The first of a quiet line waits for the end of this turn of the loop; of a busy one, until
 * half as many have come as were in the last batch, so that this thread and the store's work at the same time on one half
 * each, and do not wait for each other. When as many have come as are under way, they are sent too: the thread goes on with
 * them as soon as it is done, without asking. Replies are told in the order of the operations.
 */
import type { GollamaError } from '../../base/errors.js';
import type { Operation, Reply, ReplyOf } from './messages.js';

interface Pending {
  readonly operation: Operation;
  readonly done: (reply: Reply) => void;
  readonly failed: (error: GollamaError) => void;
}

/**
 * A batch is closed where it has so many tasks, or so many characters of them. Its replies are told in one turn of the loop:
 * where more tasks come than can be stored, a longer batch would hold up everything else for longer.
 */
const BATCH_TASKS_MAX = 512;
const BATCH_CHARS_MAX = 16 * 1024 * 1024;
/** A line with fewer is a quiet one: what follows from a submission in the same turn, a claim, is to share its commit. */
const BUSY_LINE_MIN = 32;
/** Batches at the thread: the one that it works on, and the next. */
const UNDER_WAY_MAX = 2;
/** More submissions than these do not get into the line. */
const LINE_MAX = 100_000;

export class CommitLine {
  readonly #send: (operations: readonly Operation[]) => void;
  readonly #onIdle: () => void;
  #waiting: Pending[] = [];
  readonly #underWay: (readonly Pending[])[] = [];
  #isScheduled = false;
  #lastLength = 0;
  #broken: GollamaError | undefined;
  #idlers: (() => void)[] = [];
  /** Batches that were sent. */
  batches = 0;

  constructor(send: (operations: readonly Operation[]) => void, onIdle: () => void) {
    this.#send = send;
    this.#onIdle = onIdle;
  }

  get isFull(): boolean {
    return this.#waiting.length >= LINE_MAX;
  }

  /** Exactly one of the two is called, never before this returns, except where the line is broken. */
  add<O extends Operation>(
    operation: O,
    done: (reply: ReplyOf[O['kind']]) => void,
    failed: (error: GollamaError) => void,
  ): void {
    if (this.#broken) {
      failed(this.#broken);
      return;
    }
    this.#waiting.push({ operation, done: done as (reply: Reply) => void, failed });
    const wanted = this.#underWay.length === 0 ? this.#lastLength / 2 : this.#lastLength;
    if (this.#waiting.length >= Math.max(BUSY_LINE_MIN, wanted)) this.#flush();
    else if (this.#underWay.length === 0) this.#scheduleFlush();
  }

  committed(replies: readonly Reply[]): void {
    const batch = this.#next();
    for (const [place, { done }] of batch.entries()) done(replies[place]);
    this.#rest();
  }

  /** Nothing of the batch happened. */
  failed(error: GollamaError): void {
    const batch = this.#next();
    // First submissions, so that nobody puts back what never was.
    const isSubmit = ({ operation }: Pending) => operation.kind === 'submit';
    for (const pending of batch) if (isSubmit(pending)) pending.failed(error);
    for (const pending of batch) if (!isSubmit(pending)) pending.failed(error);
    this.#rest();
  }

  /** Nothing goes any more. */
  break(error: GollamaError): void {
    if (this.#broken) return;
    this.#broken = error;
    const lost = [...this.#underWay.splice(0).flat(), ...this.#waiting];
    this.#waiting = [];
    for (const { failed } of lost) failed(error);
    this.#rest();
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (this.#underWay.length === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** The batch that is over; the thread goes on with the next one while the replies are told. */
  #next(): readonly Pending[] {
    const batch = this.#underWay.shift() ?? [];
    if (this.#underWay.length === 0) this.#flush();
    return batch;
  }

  #flush(): void {
    if (this.#underWay.length >= UNDER_WAY_MAX || this.#waiting.length === 0 || this.#broken) return;
    const batch = this.#waiting.splice(0, batchLength(this.#waiting));
    this.#underWay.push(batch);
    this.#lastLength = batch.length;
    this.batches += 1;
    this.#send(batch.map(({ operation }) => operation));
  }

  #scheduleFlush(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #rest(): void {
    if (this.#underWay.length > 0) return;
    if (this.#waiting.length > 0) {
      this.#flush();
      return;
    }
    this.#onIdle();
    for (const resolve of this.#idlers.splice(0)) resolve();
  }
}

/** At least one. What prunes goes alone: others must not wait for it longer than they do. */
function batchLength(waiting: readonly Pending[]): number {
  let tasks = 0;
  let chars = 0;
  for (const [place, { operation }] of waiting.entries()) {
    if (operation.kind === 'prune') return Math.max(place, 1);
    const [moreTasks, moreChars] = sizeOf(operation);
    tasks += moreTasks;
    chars += moreChars;
    if (tasks >= BATCH_TASKS_MAX || chars >= BATCH_CHARS_MAX) return place + 1;
  }
  return waiting.length;
}

function sizeOf(operation: Operation): readonly [tasks: number, chars: number] {
  switch (operation.kind) {
    case 'submit':
      return [operation.rows.length, operation.rows.reduce((sum, { body }) => sum + body.length, 0)];
    case 'settle':
      return [1, operation.settlement.kind === 'completed' ? operation.settlement.result.length : 0];
    case 'refill':
      return [operation.limit, 0];
    case 'ready-due':
      return [operation.orders.length, 0];
    default:
      return [1, 0];
  }
}
