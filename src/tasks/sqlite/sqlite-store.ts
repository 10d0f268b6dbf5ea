/**
 * A task store in a folder, in SQLite: the half on the main thread. What it does not know by itself (`KnownTasks`) is
 * asked of two threads, one that writes and one that reads.
 *
 * A submission is offered before it is durable, so that a claim of it shares its commit. It is durable, and told, together
 * with the claim, or both fail.
 */
import type { Clock } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { makeFolder } from '../../base/sqlite/data-folder.js';
import { receivedError } from '../../base/sqlite/storage-failure.js';
import type { Arrivals } from '../../queue/arrivals.js';
import type { Task } from '../task.js';
import { newTag, taskId } from '../task-id.js';
import { isDelayed, newTask } from '../task-moves.js';
import type {
  Claim,
  Delivery,
  FullTask,
  Head,
  Moved,
  NewTask,
  Recovery,
  RetentionRule,
  Settlement,
  Submitted,
  TaskChange,
  TaskCounts,
  TaskFilter,
  TaskPage,
  TaskStore,
} from '../task-store.js';
import { KnownTasks } from './known-tasks.js';
import type { Operation, ReplyOf } from './messages.js';
import { Questions } from './questions.js';
import { assertStorable } from './storable-text.js';
import { type NewRow, newRow, type PackedTask, unpackFullTask, unpackTask } from './task-row.js';
import { WriterLine } from './writer-line.js';

export interface SqliteTaskStoreOptions {
  /** Made where it does not exist. */
  readonly folder: string;
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  readonly logger: Logger;
  /** Of how many models tasks may wait; beyond it a submission is `queue_full`. */
  readonly pendingModelsMax?: number;
}

interface Threads {
  readonly writer: WriterLine;
  readonly questions: Questions;
  readonly recovery: Recovery;
}

type MoveOperation = Extract<Operation, { kind: 'cancel' | 'prioritise' | 'retry' }>;
type RefillOperation = Extract<Operation, { kind: 'refill' }>;

/** After something that the store does by itself has failed. */
const PAUSE_MS = 1_000;
/** Delayed tasks that one transaction makes ready. */
const DUE_STEP = 256;

export class SqliteTaskStore implements TaskStore {
  readonly #options: SqliteTaskStoreOptions;
  readonly #clock: Clock;
  readonly #arrivals: Arrivals;
  readonly #known: KnownTasks;
  #starting: Promise<void> | undefined;
  #threads: Threads | undefined;
  #stopping: Promise<void> | undefined;
  #nextNumber = 1;

  constructor(options: SqliteTaskStoreOptions) {
    const { clock, arrivals, logger, pendingModelsMax } = options;
    this.#options = options;
    this.#clock = clock;
    this.#arrivals = arrivals;
    this.#known = new KnownTasks({
      clock,
      logger,
      pendingModelsMax,
      askForMore: (model, after, limit) => this.#refill({ kind: 'refill', model, after, limit }),
      onDue: () => this.#readyDue(),
    });
  }

  async start(): Promise<void> {
    if (this.#stopping) throw stopped();
    this.#starting ??= this.#open();
    try {
      await this.#starting;
    } catch (thrown) {
      this.#starting = undefined;
      throw thrown;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  get recovery(): Recovery {
    if (!this.#threads) throw notStarted();
    return this.#threads.recovery;
  }

  /** Transactions so far. */
  get commits(): number {
    return this.#threads?.writer.batches ?? 0;
  }

  async submit(asked: readonly NewTask[]): Promise<readonly Submitted[]> {
    const { writer } = this.#opened();
    if (asked.length === 0) return [];
    if (writer.isFull) throw new GollamaError('queue_full', 'too many tasks are being stored', { retryAfterS: 1 });
    for (const task of asked) assertStorable(task);
    const born = this.#born(asked);
    const tasks = born.map(({ task }) => task);
    // With a key or an id it may be there already.
    const isOffered = asked.every((task) => task.idempotencyKey === undefined && task.givenId === undefined);
    this.#known.admit(tasks);
    const submitted = new Promise<readonly Submitted[]>((resolve, reject) => {
      const failed = (error: GollamaError) => {
        for (const task of tasks) this.#known.dismissed(task);
        reject(error);
      };
      const done = (reply: ReplyOf['submit']) => {
        if (reply && 'refused' in reply) failed(receivedError(reply.refused));
        else resolve(this.#stored(tasks, reply?.known, isOffered));
      };
      writer.add({ kind: 'submit', rows: born.map(({ row }) => row) }, done, failed);
    });
    // The submission is in the line: whoever hears of the tasks may claim them at once.
    if (isOffered) for (const task of tasks) if (task.state === 'ready') this.#known.offer(task);
    return submitted;
  }

  models(): Iterable<string> {
    return this.#known.ready.models();
  }

  head(model: string): Head | undefined {
    return this.#known.ready.head(model);
  }

  onHead(listener: (model: string) => void): () => void {
    return this.#known.onHead(listener);
  }

  async claim(model: string, engine: string | undefined): Promise<Claim | undefined> {
    const { writer } = this.#opened();
    const { ready } = this.#known;
    const number = ready.take(model)?.number;
    if (number === undefined) return undefined;
    return new Promise((resolve, reject) => {
      const done = (reply: ReplyOf['claim']) => {
        ready.taken(number);
        resolve(reply && { task: this.#known.moved(reply.made), body: reply.body, turn: reply.turn });
      };
      const failed = (error: GollamaError) => {
        ready.putBack(number);
        reject(error);
      };
      writer.add({ kind: 'claim', number, engine, atMs: this.#clock.epoch() }, done, failed);
    });
  }

  async settle({ task: { number }, turn }: Claim, settlement: Settlement): Promise<boolean> {
    const made = await this.#write({ kind: 'settle', number, turn, settlement, atMs: this.#clock.epoch() }, (reply) => {
      if (reply) this.#known.moved(reply);
    });
    return made !== undefined;
  }

  async cancel(id: string): Promise<Moved | undefined> {
    return this.#move({ kind: 'cancel', id, atMs: this.#clock.epoch() });
  }

  async setPriority(id: string, priority: number): Promise<Moved | undefined> {
    return this.#move({ kind: 'prioritise', id, priority, atMs: this.#clock.epoch() });
  }

  async retry(id: string): Promise<Moved | undefined> {
    return this.#move({ kind: 'retry', id, order: this.#arrivals.next(), atMs: this.#clock.epoch() });
  }

  async get(id: string): Promise<FullTask | undefined> {
    const found = await this.#opened().questions.ask({ kind: 'get', id });
    return found && unpackFullTask(found);
  }

  async list(filter: TaskFilter): Promise<TaskPage> {
    const { tasks, total, cursor } = await this.#opened().questions.ask({ kind: 'list', filter });
    return { tasks: tasks.map(unpackFullTask), total, cursor };
  }

  counts(): TaskCounts {
    return this.#known.counts();
  }

  onChange(listener: (change: TaskChange) => void): () => void {
    return this.#known.onChange(listener);
  }

  async remove(id: string): Promise<boolean | undefined> {
    const reply = await this.#write({ kind: 'remove', id }, (removed) => {
      if (typeof removed === 'object') this.#known.removed(removed.from, 1);
    });
    return reply && reply !== 'not ended';
  }

  async prune(rule: RetentionRule): Promise<number> {
    const { removed } = await this.#write({ kind: 'prune', rule }, (reply) => {
      this.#known.removed(rule.state, reply.removed);
    });
    return removed;
  }

  async nextDelivery(
    except: ReadonlySet<number>,
  ): Promise<{ readonly delivery: Delivery; readonly dueAtMs: number } | undefined> {
    const next = await this.#opened().questions.ask({ kind: 'next-delivery', except: [...except] });
    if (!next) return undefined;
    return { delivery: { task: unpackFullTask(next.task), failures: next.failures }, dueAtMs: next.dueAtMs };
  }

  async settleDelivery(taskNumber: number, retryAtMs: number | undefined): Promise<void> {
    await this.#write({ kind: 'settle-delivery', number: taskNumber, retryAtMs });
  }

  async #open(): Promise<void> {
    const { folder, logger } = this.#options;
    const setup = { folder, nowMs: this.#clock.epoch() };
    await makeFolder('the task store', folder);
    const writer = new WriterLine(setup, (error) =>
      logger.error({ err: error }, 'the task store does not work any more'),
    );
    const questions = new Questions(setup);
    try {
      const opened = await writer.opened;
      this.#nextNumber = opened.nextNumber;
      this.#arrivals.skipTo(opened.orderHigh);
      this.#threads = { writer, questions, recovery: opened.recovery };
      this.#known.open(opened);
      // The first refills are before it in the line: what is first of each model is known then.
      await this.#write({ kind: 'settle-delivery', number: 0, retryAtMs: undefined });
      if (opened.checkLater) void this.#check(questions);
    } catch (thrown) {
      await questions.close();
      await writer.close();
      this.#threads = undefined;
      throw cannotOpen(thrown, folder);
    }
  }

  async #close(): Promise<void> {
    await this.#starting?.catch(() => {});
    this.#known.close();
    if (!this.#threads) return;
    const { writer, questions } = this.#threads;
    await questions.close();
    const error = await writer.close();
    if (error) this.#options.logger.error({ err: error }, 'the task store was not closed in good order');
  }

  #opened(): Threads {
    if (this.#stopping) throw stopped();
    if (!this.#threads) throw notStarted();
    return this.#threads;
  }

  /** What `then` does comes before anything that follows from a later operation. */
  #write<O extends Operation>(
    operation: O,
    then: (reply: ReplyOf[O['kind']]) => void = () => {},
  ): Promise<ReplyOf[O['kind']]> {
    const { writer } = this.#opened();
    return new Promise((resolve, reject) => {
      const done = (reply: ReplyOf[O['kind']]) => {
        then(reply);
        resolve(reply);
      };
      writer.add(operation, done, reject);
    });
  }

  async #move(operation: MoveOperation): Promise<Moved | undefined> {
    let task: Task | undefined;
    const reply = await this.#write(operation, (moved) => {
      if (moved && 'made' in moved) task = this.#known.moved(moved.made);
    });
    if (task) return { task, moved: true };
    return reply && 'task' in reply ? { task: unpackTask(reply.task), moved: false } : undefined;
  }

  #born(asked: readonly NewTask[]): { task: Task; row: NewRow }[] {
    const nowMs = this.#clock.epoch();
    return asked.map((wishes) => {
      const number = this.#nextNumber;
      this.#nextNumber += 1;
      const tag = newTag();
      const order = isDelayed(wishes, nowMs) ? 0 : this.#arrivals.next();
      const task = newTask(wishes, { number, id: wishes.givenId ?? taskId(number, tag), order, nowMs });
      return { task, row: newRow(wishes, task, tag) };
    });
  }

  #stored(
    tasks: readonly Task[],
    known: readonly (readonly [number, PackedTask])[] | undefined,
    isOffered: boolean,
  ): Submitted[] {
    const before = known && new Map(known);
    return tasks.map((task, place) => {
      const there = before?.get(place);
      if (there) this.#known.dismissed(task);
      else this.#known.stored(task, isOffered);
      return there ? { task: unpackTask(there), isNew: false } : { task, isNew: true };
    });
  }

  #refill(operation: RefillOperation): void {
    const { model } = operation;
    const { ready } = this.#known;
    const failed = () => {
      ready.notRefilled(model);
      this.#later(() => ready.lookAgain(model));
    };
    this.#threads?.writer.add(operation, ({ places, more }) => ready.refilled(model, places, more), failed);
  }

  #readyDue(): void {
    const orders = Array.from({ length: DUE_STEP }, () => this.#arrivals.next());
    const atMs = this.#clock.epoch();
    const done = ({ made, nextDueAtMs }: ReplyOf['ready-due']) => {
      for (const move of made) this.#known.moved(move);
      if (nextDueAtMs !== undefined && nextDueAtMs <= this.#clock.epoch()) this.#readyDue();
      else this.#known.nextDue(nextDueAtMs);
    };
    const failed = () => this.#later(() => this.#known.nextDue(atMs));
    this.#threads?.writer.add({ kind: 'ready-due', orders, atMs }, done, failed);
  }

  #later(run: () => void): void {
    this.#clock.after(PAUSE_MS, () => {
      if (!this.#stopping) run();
    });
  }

  async #check(questions: Questions): Promise<void> {
    const { logger, folder } = this.#options;
    try {
      const fault = await questions.ask({ kind: 'check' });
      if (fault === undefined) return;
      logger.error(
        { folder, fault },
        'the database of the tasks is damaged: stop gollama and restore a backup of its folder',
      );
    } catch (error) {
      logger.warn({ err: error }, 'the database of the tasks could not be checked');
    }
  }
}

function stopped(): GollamaError {
  return new GollamaError('shutting_down', 'the task store is stopped');
}

function notStarted(): GollamaError {
  return new GollamaError('storage_error', 'the task store is not started');
}

/** Later a full disk is waited for; a start that needs room is over. */
function cannotOpen(thrown: unknown, folder: string): unknown {
  if (!(thrown instanceof GollamaError) || thrown.code !== 'storage_full') return thrown;
  return new GollamaError('configuration', `the tasks in ${folder} cannot be opened: ${thrown.message}`, {
    cause: thrown,
    hint: 'make room there and start again',
  });
}
