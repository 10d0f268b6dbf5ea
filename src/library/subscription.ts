/** Changes of tasks as they come, for one reader that may lag, but not for ever. */
import { GollamaError } from '../base/errors.js';
import { TASK_EVENTS, type TaskEventName, type TaskEventReport, type TaskStatus } from '../protocol/task.js';

export interface TaskEvent {
  /** Without gaps over all events since the start. */
  readonly seq: number;
  readonly type: TaskEventName;
  readonly taskId: string;
  readonly status: TaskStatus;
  /** RFC 3339. */
  readonly timestamp: string;
}

/** Events that wait for their reader. With one more, what waits is still told, and then an error. */
const UNREAD_MAX = 1000;

/**
 * Iterate it for the events, from when it was made. It ends with `unsubscribe`, when the loop over it is left, and when the
 * queue stops; it throws `gone` where events were lost because they were not read.
 */
export class Subscription implements AsyncIterable<TaskEvent> {
  readonly #types: ReadonlySet<TaskEventName>;
  readonly #onLeft: (subscription: Subscription) => void;
  #unread: TaskEvent[] = [];
  #state: 'open' | 'overrun' | 'ended' = 'open';
  #wake: () => void = () => {};

  /** Of no type: of all of them. Throws `invalid_request` for one that there is not. */
  constructor(types: readonly TaskEventName[], onLeft: (subscription: Subscription) => void) {
    for (const type of types) if (!TASK_EVENTS.includes(type)) throw unknownType(type);
    this.#types = new Set(types.length === 0 ? TASK_EVENTS : types);
    this.#onLeft = onLeft;
  }

  tell({ seq, event, task_id, status, timestamp }: TaskEventReport): void {
    if (this.#state !== 'open' || !this.#types.has(event)) return;
    if (this.#unread.length >= UNREAD_MAX) this.#state = 'overrun';
    else this.#unread.push({ seq, type: event, taskId: task_id, status, timestamp });
    this.#wake();
  }

  /** What was told before is still read, unless it is `dropped`. Idempotent. */
  end(unread: 'kept' | 'dropped'): void {
    if (unread === 'dropped') this.#unread = [];
    if (this.#state === 'open' || unread === 'dropped') this.#state = 'ended';
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TaskEvent, void> {
    try {
      for (;;) {
        const event = this.#unread.shift();
        if (event !== undefined) yield event;
        else if (this.#state === 'open') await this.#news();
        else break;
      }
      if (this.#state === 'overrun') {
        throw new GollamaError('gone', `more than ${UNREAD_MAX} events were not read in time`, {
          hint: 'subscribe again, and look at the tasks for what was missed',
        });
      }
    } finally {
      this.#onLeft(this);
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function unknownType(type: string): GollamaError {
  const hint = `the types are ${TASK_EVENTS.join(', ')}`;
  return new GollamaError('invalid_request', `there is no event type ${type}`, { param: 'types', hint });
}
