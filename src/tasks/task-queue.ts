/** Durable tasks as everything above sees them: routes, the embedded library, tests. */
import type { Clock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Service } from '../base/service.js';
import { PRIORITIES } from '../protocol/priority.js';
import type { TaskReport, TaskSubmission } from '../protocol/task.js';
import type { LogBook } from '../stream/log.js';
import { Reader } from '../stream/reader.js';
import type { LogEntry } from '../stream/record.js';
import { endOf } from './answer-log.js';
import { restOfAnswer } from './rest-of-answer.js';
import type { TaskRunner } from './runner.js';
import { isFinal } from './task.js';
import { encodeBody } from './task-body.js';
import { TaskEvents } from './task-events.js';
import { parseTaskId } from './task-id.js';
import { taskReport } from './task-report.js';
import type { FullTask, Moved, NewTask, TaskCounts, TaskFilter, TaskStore } from './task-store.js';
import { reportFor, viewOf } from './visitor-view.js';

/** Records of a log in one step. */
const LOG_STEP = 1_000;

export interface TaskQueueParts {
  readonly store: TaskStore;
  readonly runner: TaskRunner;
  readonly logs: LogBook;
  readonly clock: Clock;
  /** Ready, delayed and being submitted; one more is `queue_full`. */
  readonly pendingMax: number;
  /** Tries after the first, where a submission does not say. */
  readonly retriesMax: number;
  readonly workersMax: number;
}

/** Who asks. Others than admins see and touch only tasks of their own. */
export interface Visitor {
  readonly name: string;
  readonly admin: boolean;
  /** Higher wishes become this one. */
  readonly maxPriority: number | undefined;
}

export interface SubmittedTask {
  readonly id: string;
  /** False where its idempotency key was known. */
  readonly isNew: boolean;
}

export interface TaskList {
  readonly tasks: readonly TaskReport[];
  readonly total: number;
  readonly cursor: number | undefined;
}

export interface Workers {
  readonly active: number;
  readonly idle: number;
}

export class TaskQueue implements Service {
  readonly events = new TaskEvents();
  readonly #parts: TaskQueueParts;
  readonly #stopListening: () => void;
  #submitting = 0;

  constructor(parts: TaskQueueParts) {
    this.#parts = parts;
    this.#stopListening = parts.store.onChange((change) => this.events.tell(change));
  }

  /** Opens the store, then lets the tasks run. Rejects with `configuration`, see `TaskStore`. */
  async start(): Promise<void> {
    await this.#parts.store.start();
    await this.#parts.logs.start();
    await this.#endFoundLogs();
    await this.#parts.runner.start();
  }

  /** Starts no task any more; what runs goes on. */
  close(): void {
    this.#parts.runner.close();
  }

  /** Breaks off what still runs, so that it will run again after the next start. */
  async stop(): Promise<void> {
    await this.#parts.runner.stop();
    await this.#parts.logs.stop();
    await this.#parts.store.stop();
    this.#stopListening();
  }

  /**
   * Stores all of them, or none; they are durable when it resolves. Rejects with `queue_full` (with the seconds after which
   * there may be room), `conflict`, `storage_full`.
   */
  async submit(submissions: readonly TaskSubmission[], visitor: Visitor): Promise<readonly SubmittedTask[]> {
    const { store, runner, pendingMax } = this.#parts;
    const { states } = store.counts();
    if (states.ready + states.delayed + this.#submitting + submissions.length > pendingMax) {
      const message = `the queue is full (${states.ready + states.delayed} tasks wait)`;
      throw new GollamaError('queue_full', message, { retryAfterS: runner.retryAfterS() });
    }
    this.#submitting += submissions.length;
    try {
      const submitted = await store.submit(submissions.map((submission) => this.#newTask(submission, visitor)));
      return submitted.map(({ task, isNew }) => ({ id: task.id, isNew }));
    } finally {
      this.#submitting -= submissions.length;
    }
  }

  /** Rejects with `not_found`, as everything that takes an id. */
  async get(id: string, visitor: Visitor): Promise<TaskReport> {
    return reportFor(taskReport(await this.#find(id, visitor)), visitor);
  }

  async list(filter: TaskFilter, visitor: Visitor): Promise<TaskList> {
    const page = await this.#parts.store.list(visitor.admin ? filter : { ...filter, owner: visitor.name });
    const tasks = page.tasks.map((task) => reportFor(taskReport(task), visitor));
    return { tasks, total: page.total, cursor: page.cursor };
  }

  /** A task that has ended stays as it is. A running one is `cancelled` at once; its engine is told to stop. */
  async cancel(id: string, visitor: Visitor): Promise<boolean> {
    return (await this.#move(id, visitor, (store) => store.cancel(id))).moved;
  }

  /** True where the task still waited or ran. */
  async setPriority(id: string, priority: number, visitor: Visitor): Promise<boolean> {
    const granted = Math.min(priority, visitor.maxPriority ?? priority);
    return (await this.#move(id, visitor, (store) => store.setPriority(id, granted))).moved;
  }

  /** A failed or cancelled task waits again, under its id. `conflict` where it is neither. */
  async retry(id: string, visitor: Visitor): Promise<void> {
    const { task, moved } = await this.#move(id, visitor, (store) => store.retry(id));
    if (!moved)
      throw new GollamaError('conflict', `task ${id} is ${task.state}: only failed and cancelled tasks can be retried`);
    // Whoever follows it from now on is not told the end of the attempt before.
    await this.#parts.logs.settled(task.id);
  }

  /** Removes a task that has ended, with its log. `conflict` where it has not. */
  async forget(id: string, visitor: Visitor): Promise<void> {
    const task = await this.#find(id, visitor);
    const removed = await this.#parts.store.remove(id);
    if (removed === false) throw new GollamaError('conflict', `task ${id} is ${task.state}: cancel it first`);
    this.#parts.logs.forget(task.id);
  }

  counts(): TaskCounts {
    return this.#parts.store.counts();
  }

  workers(): Workers {
    const active = this.#parts.runner.running;
    return { active, idle: Math.max(0, this.#parts.workersMax - active) };
  }

  /**
   * The log of the task's answer, to be read from any position. Undefined where it is not kept any more and the task has
   * ended: then `get` has all there is.
   */
  async follow(id: string, visitor: Visitor): Promise<Reader | undefined> {
    const task = await this.#find(id, visitor);
    const { logs, clock } = this.#parts;
    const known = logs.last(task.id) !== undefined;
    return known || !isFinal(task.state) ? new Reader(logs, task.id, clock, viewOf(visitor)) : undefined;
  }

  get logEpoch(): string {
    return this.#parts.logs.epoch;
  }

  /** A task may have ended a moment before the process did, and its log not: nobody is to wait for what it lacks. */
  async #endFoundLogs(): Promise<void> {
    const { store, logs, runner } = this.#parts;
    for (const id of logs.found) {
      const task = await store.get(id);
      if (task === undefined) logs.append(id, { kind: 'error', message: `task not found: ${id}`, code: 'not_found' });
      else if (task.state === 'completed') await this.#tellRest(task);
      else if (isFinal(task.state)) logs.append(id, endOf(task, undefined));
      else runner.beginsAnew(task);
    }
  }

  async #tellRest(task: FullTask): Promise<void> {
    const { logs } = this.#parts;
    const last = logs.last(task.id) ?? 0;
    const entries: LogEntry[] = [];
    while (entries.length < last) {
      const step = await logs.read(task.id, entries.length, LOG_STEP);
      if (step === undefined || step.length === 0) break;
      entries.push(...step);
    }
    for (const record of restOfAnswer(entries, taskReport(task))) logs.append(task.id, record);
  }

  #newTask(submission: TaskSubmission, visitor: Visitor): NewTask {
    if (submission.id !== undefined && parseTaskId(submission.id)) {
      const message = `the id "${submission.id}" has the form of those that are given here`;
      throw new GollamaError('invalid_request', message, { param: 'id', hint: 'leave it out, or choose another form' });
    }
    const priority = submission.priority ?? PRIORITIES.normal;
    return {
      owner: visitor.name,
      type: submission.type,
      model: submission.model,
      priority: Math.min(priority, visitor.maxPriority ?? priority),
      retriesMax: submission.maxRetries ?? this.#parts.retriesMax,
      dueAtMs: submission.notBeforeMs,
      body: encodeBody(submission),
      givenId: submission.id,
      idempotencyKey: submission.idempotencyKey,
      notify: submission.webhook !== undefined,
    };
  }

  async #find(id: string, visitor: Visitor): Promise<FullTask> {
    const task = await this.#parts.store.get(id);
    if (!task || !(visitor.admin || task.owner === visitor.name)) throw notFound(id);
    return task;
  }

  async #move(id: string, visitor: Visitor, move: (store: TaskStore) => Promise<Moved | undefined>): Promise<Moved> {
    if (!visitor.admin) await this.#find(id, visitor);
    const moved = await move(this.#parts.store);
    if (!moved) throw notFound(id);
    return moved;
  }
}

function notFound(id: string): GollamaError {
  return new GollamaError('not_found', `task not found: ${id}`);
}
