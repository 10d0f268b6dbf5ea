/**
 * Runs tasks: lease first, claim second. For each model with ready tasks one offer waits in the queue of slots, with the
 * priority and the place of the first of them. When a slot is held, whatever is first then is claimed and runs on it.
 * Nothing is polled: offers follow the heads of the store, everything else follows a promise.
 */
import { type BackoffPolicy, backoffMs } from '../base/backoff.js';
import { type Clock, pause, type Timer } from '../base/clock.js';
import { type GollamaError, messageOf, toGollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Random } from '../base/random.js';
import type { Service } from '../base/service.js';
import type { Lease } from '../pool/member.js';
import type { Pool } from '../pool/pool.js';
import type { Dispatcher, Grant } from '../queue/dispatcher.js';
import { goesBefore, type Ordered } from '../queue/priority-queue.js';
import { ServiceRate } from '../queue/service-rate.js';
import type { LogBook } from '../stream/log.js';
import type { Usage } from '../stream/record.js';
import { AnswerLog } from './answer-log.js';
import { type AttemptOutcome, runAttempt } from './attempt.js';
import { settlementOf } from './retry.js';
import type { Task } from './task.js';
import { decodeBody } from './task-body.js';
import type { Claim, Head, Settlement, TaskChange, TaskMove, TaskStore } from './task-store.js';

export interface TaskRunnerParts {
  readonly store: TaskStore;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
  readonly logs: LogBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly retry: BackoffPolicy;
  /** Tasks in flight at once. */
  readonly workersMax: number;
}

interface Offer extends Head {
  /** For which it waits in the queue. */
  readonly route: string;
  withdraw: () => void;
}

interface Run {
  readonly claim: Claim;
  readonly controller: AbortController;
  usage: Usage | undefined;
  /** The store told how the task went on: it is another claim's now, or nobody's. */
  isOver: boolean;
}

/** All tasks are one caller of the queue; no API key has such a name. */
const CALLER = '\0tasks';

/** Before a model is offered again after its engine or the store failed. */
const REST: BackoffPolicy = { initialMs: 100, maxMs: 5_000, factor: 2, jitter: 0.2 };

export class TaskRunner implements Service {
  readonly #parts: TaskRunnerParts;
  /** By model. */
  readonly #offers = new Map<string, Offer>();
  /** Models that rest after a failure. */
  readonly #resting = new Map<string, Timer>();
  /** How many failures there were in a row. */
  readonly #troubles = new Map<string, number>();
  /** Models of which nobody knows yet whether they are served. */
  readonly #unknown = new Set<string>();
  /** Models that nobody serves, whose tasks are failing one after the other. */
  readonly #failing = new Set<string>();
  /** In the order of their claims. A task may have two: one that was cancelled and is still on its engine, and a later one. */
  readonly #runs = new Set<Run>();
  readonly #work = new Set<Promise<void>>();
  /** For each claim that is on its way back the tasks that were cancelled meanwhile. */
  readonly #claiming = new Set<Set<number>>();
  readonly #answerLog: AnswerLog;
  readonly #rate = new ServiceRate();
  readonly #cut = new AbortController();
  #stopListening: (() => void)[] = [];
  #closed = true;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
    this.#answerLog = new AnswerLog(parts.logs);
  }

  /** Tasks in flight. */
  get running(): number {
    return this.#runs.size;
  }

  /** Seconds after which there may be room for one task more, 1 to 60. */
  retryAfterS(): number {
    return this.#rate.retryAfterS(0, this.#parts.workersMax);
  }

  start(): Promise<void> {
    if (!this.#closed || this.#cut.signal.aborted) return Promise.resolve();
    this.#closed = false;
    const { store, pool } = this.#parts;
    this.#stopListening = [
      store.onChange((change) => this.#follow(change)),
      store.onHead((model) => this.#offer(model)),
      pool.onChange(() => this.#lookAgain()),
    ];
    for (const model of [...store.models()]) this.#offer(model);
    return Promise.resolve();
  }

  /** What the log of the task says will be said again: who reads it before the task starts is told so. */
  beginsAnew(task: Task): void {
    this.#answerLog.beginsAnew(task);
  }

  /** Starts nothing any more; what runs goes on. */
  close(): void {
    this.#closed = true;
    for (const { withdraw } of this.#offers.values()) withdraw();
    this.#offers.clear();
  }

  /** Breaks off what still runs, so that it will run again; resolves when nothing does. */
  async stop(): Promise<void> {
    this.close();
    this.#cut.abort();
    for (const { controller } of this.#runs) controller.abort();
    await Promise.all(this.#work);
    for (const timer of this.#resting.values()) timer.cancel();
    for (const stop of this.#stopListening.splice(0)) stop();
  }

  /** Sees to it that the model's first ready task, and no other, stands for it in the queue. */
  #offer(model: string): void {
    if (this.#closed || this.#resting.has(model) || this.#failing.has(model)) return;
    const head = this.#parts.store.head(model);
    const offer = this.#offers.get(model);
    if (offer !== undefined && offer.priority === head?.priority && offer.order === head.order) return;
    offer?.withdraw();
    this.#offers.delete(model);
    this.#unknown.delete(model);
    if (head === undefined) return;
    const { dispatcher, pool, workersMax } = this.#parts;
    const { priority, order } = head;
    const ticket = { model, priority, sequence: order, caller: CALLER, callerInFlightMax: workersMax };
    try {
      const made: Offer = { priority, order, route: pool.route(model), withdraw: () => {} };
      made.withdraw = dispatcher.offer(ticket, (grant) => this.#use(model, made, grant));
      this.#offers.set(model, made);
    } catch (thrown) {
      const error = toGollamaError(thrown);
      if (error.retryable) this.#unknown.add(model);
      else this.#track(this.#failAll(model));
    }
  }

  /** The engines changed: perhaps it is known now who serves the models that nobody knew, or others serve a model now. */
  #lookAgain(): void {
    for (const [model, { route, withdraw }] of [...this.#offers]) {
      // Whom nobody serves any more may be served again: it waits.
      const routeNow = this.#routeOf(model);
      if (routeNow === undefined || routeNow === route) continue;
      withdraw();
      this.#offers.delete(model);
      this.#offer(model);
    }
    for (const model of [...this.#unknown]) this.#offer(model);
  }

  #routeOf(model: string): string | undefined {
    try {
      return this.#parts.pool.route(model);
    } catch {
      return undefined;
    }
  }

  /** A slot is held. Never rejects. */
  #use(model: string, offer: Offer, grant: Grant): Promise<void> {
    // Another one may have taken its place meanwhile.
    if (this.#offers.get(model) === offer) this.#offers.delete(model);
    const work = this.#runNext(model, grant);
    this.#track(work);
    return work;
  }

  async #runNext(granted: string, grant: Grant): Promise<void> {
    if (this.#closed) return;
    const model = this.#firstFor(grant.lease, granted);
    const claiming = this.#claim(model, grant.lease.engine.name);
    if (model !== granted) this.#offer(granted);
    const run = await claiming;
    if (run === undefined) return;
    const outcome = await this.#attempt(run, grant);
    if (outcome.kind === 'failed' && outcome.transport) this.#rest(model);
    else if (outcome.kind !== 'cancelled') this.#troubles.delete(model);
    await this.#settle(run, outcome);
  }

  /**
   * The model whose first task goes first on that engine. It is another one than the slot was granted to where several slots
   * became free at once: a model has one offer, so each of them got one.
   */
  #firstFor({ engine }: Lease, granted: string): string {
    const { store, pool } = this.#parts;
    const member = pool.members.find((member) => member.engine === engine);
    let first = { model: granted, head: store.head(granted) };
    for (const [model, { route }] of this.#offers) {
      const head = store.head(model);
      if (member === undefined || head === undefined || !pool.isOn(route, member)) continue;
      if (first.head === undefined || goesBefore(placeOf(head), placeOf(first.head))) first = { model, head };
    }
    return first.model;
  }

  /** Takes what is first of the model now, and offers what is first then. */
  async #claim(model: string, engine: string | undefined): Promise<Run | undefined> {
    const cancelled = new Set<number>();
    this.#claiming.add(cancelled);
    try {
      const claiming = this.#parts.store.claim(model, engine);
      this.#offer(model);
      const claim = await claiming;
      if (claim === undefined) return undefined;
      const run: Run = {
        claim,
        controller: new AbortController(),
        usage: undefined,
        isOver: cancelled.has(claim.task.number),
      };
      this.#runs.add(run);
      if (run.isOver) run.controller.abort();
      return run;
    } catch (error) {
      this.#parts.logger.error({ err: error, model }, 'a task could not be claimed');
      this.#rest(model);
      return undefined;
    } finally {
      this.#claiming.delete(cancelled);
    }
  }

  async #attempt(run: Run, { lease }: Grant): Promise<AttemptOutcome> {
    const { clock, logs, pool } = this.#parts;
    const { task, body } = run.claim;
    if (this.#cut.signal.aborted) return { kind: 'cancelled' };
    const startedAt = clock.now();
    try {
      const outcome = await runAttempt(
        { type: task.type, model: task.model, ...decodeBody(body) },
        {
          lease,
          engineModel: pool.engineModel(lease.engine.name, task.model),
          signal: run.controller.signal,
          clock,
          onRecord: (record) => logs.append(task.id, record),
          drained: (signal) => logs.drained(signal),
        },
      );
      if (outcome.kind === 'completed') run.usage = outcome.usage;
      return outcome;
    } catch (thrown) {
      // A fault of ours: it must cost this task alone.
      this.#parts.logger.error({ err: thrown, task: task.id }, 'an attempt broke');
      return failure(`${task.type} execution failed: ${messageOf(thrown)}`, undefined);
    } finally {
      this.#rate.record(clock.now() - startedAt);
    }
  }

  /** What came of it, told to the store until the store has taken it. */
  async #settle(run: Run, outcome: AttemptOutcome): Promise<void> {
    const { clock, random, retry, logger } = this.#parts;
    const { claim } = run;
    const { task } = claim;
    const settlement = settlementOf(outcome, task, retry, { epochMs: clock.epoch(), random });
    try {
      const isOurs = await this.#insist(claim, settlement);
      logger.info(
        {
          task: task.id,
          model: task.model,
          engine: task.engine,
          turn: claim.turn,
          outcome: isOurs ? settlement.kind : 'cancelled',
          ...('error' in settlement ? { error: settlement.error } : {}),
        },
        'task attempt over',
      );
    } catch (error) {
      // It is still claimed in the store; the next start finds it and returns it.
      logger.error({ err: error, task: task.id }, 'the end of an attempt could not be stored');
    } finally {
      this.#runs.delete(run);
    }
  }

  /** A full disk is waited for: an answer that was paid for is not thrown away. */
  async #insist(claim: Claim, settlement: Settlement): Promise<boolean> {
    const { store, clock, random, logger } = this.#parts;
    for (let tries = 0; ; tries += 1) {
      try {
        return await store.settle(claim, settlement);
      } catch (thrown) {
        const error = toGollamaError(thrown);
        if (error.code === 'shutting_down' || this.#cut.signal.aborted) throw error;
        if (tries === 0) logger.warn({ err: error, task: claim.task.id }, 'the end of an attempt waits to be stored');
        await pause(clock, backoffMs(REST, tries, random), this.#cut.signal);
      }
    }
  }

  /** Nobody serves the model: its tasks fail, without a slot, as no engine is asked. */
  async #failAll(model: string): Promise<void> {
    this.#failing.add(model);
    while (!this.#closed && !this.#resting.has(model) && this.#parts.store.head(model) !== undefined) {
      const error = this.#refusal(model);
      if (error === undefined) break;
      const run = await this.#claim(model, undefined);
      if (run) {
        const message = `${run.claim.task.type} execution failed: ${error.message}`;
        await this.#settle(run, failure(message, error.status));
      }
    }
    this.#failing.delete(model);
    this.#offer(model);
  }

  /** Why no engine will ever serve the model, as things are. */
  #refusal(model: string): GollamaError | undefined {
    try {
      this.#parts.pool.route(model);
      return undefined;
    } catch (thrown) {
      const error = toGollamaError(thrown);
      return error.retryable ? undefined : error;
    }
  }

  /** After trouble with its engine or the store a model is not offered for a while, longer each time. */
  #rest(model: string): void {
    const troubles = this.#troubles.get(model) ?? 0;
    this.#troubles.set(model, troubles + 1);
    this.#offers.get(model)?.withdraw();
    this.#offers.delete(model);
    if (this.#resting.has(model)) return;
    const timer = this.#parts.clock.after(backoffMs(REST, troubles, this.#parts.random), () => {
      this.#resting.delete(model);
      this.#offer(model);
    });
    this.#resting.set(model, timer);
  }

  /** What follows from a change, whoever made it: perhaps another server of the same store. */
  #follow(change: TaskChange): void {
    const { move, task } = change;
    const run = isLeaving(move) ? this.#runOf(task) : undefined;
    this.#answerLog.follow(change, run);
    if (run) run.isOver = true;
    if (move !== 'cancelled') return;
    run?.controller.abort();
    for (const cancelled of this.#claiming) cancelled.add(task.number);
  }

  #runOf({ number }: Task): Run | undefined {
    for (const run of this.#runs) if (run.claim.task.number === number && !run.isOver) return run;
    return undefined;
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

function isLeaving(move: TaskMove): boolean {
  return move !== 'submitted' && move !== 'started' && move !== 'reprioritised';
}

function placeOf({ priority, order }: Head): Ordered {
  return { priority, sequence: order };
}

function failure(error: string, status: number | undefined): AttemptOutcome {
  return { kind: 'failed', error, status, retryAfterMs: undefined, producedOutput: false, transport: false };
}
