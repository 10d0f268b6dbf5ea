/** What the log of an answer says of the moves of its task. It follows what is durable. */
import type { LogBook } from '../stream/log.js';
import type { LogRecord, Usage } from '../stream/record.js';
import { statusOf, type Task } from './task.js';
import type { TaskChange } from './task-store.js';

/** The attempt that ran here until the change. */
export interface EndedRun {
  readonly usage: Usage | undefined;
}

/** The last record of a task that has ended. */
export function endOf({ state, error }: Task, usage: Usage | undefined): LogRecord {
  if (state === 'failed') return { kind: 'error', message: error ?? 'failed', code: 'engine_error' };
  return { kind: 'done', status: statusOf(state), usage };
}

export class AnswerLog {
  readonly #logs: LogBook;
  /** Tasks whose logs know already that they begin anew. */
  readonly #reopened = new Set<number>();

  constructor(logs: LogBook) {
    this.#logs = logs;
  }

  /** The next attempt is told before it starts. */
  beginsAnew(task: Task): void {
    this.#restart(task, task.retryCount + 1);
    this.#reopened.add(task.number);
  }

  follow({ move, task }: TaskChange, ended: EndedRun | undefined): void {
    switch (move) {
      case 'started':
        if (!this.#reopened.delete(task.number) && this.#isKnown(task)) this.#restart(task, task.retryCount + 1);
        this.#state(task);
        break;
      case 'retrying':
        this.#state(task);
        break;
      case 'readied':
        this.#readied(task, ended !== undefined);
        break;
      case 'completed':
      case 'cancelled':
      case 'failed':
        this.#reopened.delete(task.number);
        this.#logs.append(task.id, endOf(task, ended?.usage));
        break;
      case 'submitted':
      case 'reprioritised':
        break;
    }
  }

  /** Returned from here, or by hand after it had ended, or after a delay, which says nothing new. */
  #readied(task: Task, isReturned: boolean): void {
    if (isReturned) this.#state(task);
    // At once, so that who follows the log learns that its end was none.
    else if (task.retryCount === 0 && this.#isKnown(task)) this.beginsAnew(task);
  }

  #isKnown({ id }: Task): boolean {
    return this.#logs.last(id) !== undefined;
  }

  #restart({ id }: Task, attempt: number): void {
    this.#logs.append(id, { kind: 'restart', attempt });
  }

  #state({ id, state }: Task): void {
    this.#logs.append(id, { kind: 'state', status: statusOf(state) });
  }
}
