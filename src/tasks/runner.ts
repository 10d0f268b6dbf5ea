/**
 * Runs tasks: lease first, claim second. For each model with ready tasks one offer waits in the queue of slots, with the
 * priority and the place of the first of them. When a slot is held, whatever is first then is claimed and runs on it.
 * Nothing is polled: offers follow the heads of the store, everything else follows a promise.
 */
import { type BackoffPolicy, backoffMs } from '../base/backoff.js';
import { type Clock, pause } from '../base/clock.js';
import { type GollamaError, messageOf, toGollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Random } from '../base/random.js';
import type { Service } from '../base/service.js';
import type { Pool } from '../pool/pool.js';
import type { Dispatcher, Grant } from '../queue/dispatcher.js';
import { ServiceRate } from '../queue/service-rate.js';
import type { LogBook } from '../stream/log.js';
import type { Usage } from '../stream/record.js';
import { type AttemptOutcome, runAttempt } from './attempt.js';
import { settlementOf } from './retry.js';
import { statusOf, type Task } from './task.js';
import { decodeBody } from './task-body.js';
import type { Claim, Head, Settlement, TaskChange, TaskStore } from './task-store.js';

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
  withdraw: () => void;
}

interface Run {
  readonly task: Task;
  readonly controller: AbortController;
  usage: Usage | undefined;
}

/** All tasks are one caller of the queue; no API key has such a name. */
const CALLER = '\0tasks';

/** Before a model is offered again after its engine or the store failed. */
const REST: BackoffPolicy = { initialMs: 100, maxMs: 5_000, factor: 2, jitter: 0.2 };

export class TaskRunner implements Service {
  readonly #parts: TaskRunnerParts;
  /** By model. */
  readonly #offers = new Map<string, Offer>();
  /** Models that rest after a failure, with how many there were in a row. */
  readonly #resting = new Map<string, number>();
  readonly #troubles = new Map<string, number>();
  /** Models of which nobody knows yet whether they are served. */
  readonly #unknown = new Set<string>();
  /** Models that nobody serves, whose tasks are failing one after the other. */
  readonly #failing = new Set<string>();
  /** By number of the task. */
  readonly #runs = new Map<number, Run>();
  readonly #work = new Set<Promise<void>>();
  /** Tasks that were cancelled while their claim was on its way back. */
  readonly #cancelledEarly = new Set<number>();
  /** Tasks whose logs know already that they begin anew. */
  readonly #reopened = new Set<number>();
  readonly #rate = new ServiceRate();
  readonly #cut = new AbortController();
  #claiming = 0;
  #stopListening: (() => void)[] = [];
  #closed = true;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
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
      store.onChange((change) => this.#log(change)),
      store.onHead((model) => this.#offer(model)),
      pool.onChange(() => this.#lookAgain()),
    ];
    for (const model of [...store.models()]) this.#offer(model);
    return Promise.resolve();
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
    for (const { controller } of this.#runs.values()) controller.abort();
    await Promise.all(this.#work);
    for (const stop of this.#stopListening.splice(0)) stop();
  }

  /** The task was cancelled in the store: its engine is told to stop. */
  abort(task: Task): void {
    const run = this.#runs.get(task.number);
    if (run) run.controller.abort();
    else if (this.#claiming > 0) this.#cancelledEarly.add(task.number);
  }

  /** The task is to be tried again after it had ended: who follows its log learns that the end was none. */
  reopen(task: Task): void {
    const { logs } = this.#parts;
    if (logs.last(task.id) === undefined) return;
    logs.append(task.id, { kind: 'restart', attempt: 1 });
    this.#reopened.add(task.number);
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
    const { dispatcher, workersMax } = this.#parts;
    const { priority, order } = head;
    const made: Offer = { priority, order, withdraw: () => {} };
    const ticket = { model, priority, sequence: order, caller: CALLER, callerInFlightMax: workersMax };
    try {
      made.withdraw = dispatcher.offer(ticket, (grant) => this.#use(model, made, grant));
      this.#offers.set(model, made);
    } catch (thrown) {
      const error = toGollamaError(thrown);
      if (error.retryable) this.#unknown.add(model);
      else this.#track(this.#failAll(model));
    }
  }

  /** The engines changed: perhaps it is known now who serves the models that nobody knew. */
  #lookAgain(): void {
    for (const model of [...this.#unknown]) this.#offer(model);
  }

  /** A slot is held. Never rejects. */
  #use(model: string, offer: Offer, grant: Grant): Promise<void> {
    // Another one may have taken its place meanwhile.
    if (this.#offers.get(model) === offer) this.#offers.delete(model);
    const work = this.#runNext(model, grant);
    this.#track(work);
    return work;
  }

  async #runNext(model: string, grant: Grant): Promise<void> {
    if (this.#closed) return;
    const claim = await this.#claim(model, grant.lease.engine.name);
    if (claim === undefined) return;
    const outcome = await this.#attempt(claim, grant);
    const isWell = outcome.kind !== 'failed' || !outcome.transport;
    if (isWell) this.#troubles.delete(model);
    else this.#rest(model);
    await this.#settle(claim, outcome);
  }

  /** Takes what is first of the model now, and offers what is first then. */
  async #claim(model: string, engine: string | undefined): Promise<Claim | undefined> {
    this.#claiming += 1;
    try {
      const claiming = this.#parts.store.claim(model, engine);
      this.#offer(model);
      const claim = await claiming;
      if (claim === undefined || this.#cancelledEarly.has(claim.task.number)) return undefined;
      this.#runs.set(claim.task.number, { task: claim.task, controller: new AbortController(), usage: undefined });
      return claim;
    } catch (error) {
      this.#parts.logger.error({ err: error, model }, 'a task could not be claimed');
      this.#rest(model);
      return undefined;
    } finally {
      this.#claiming -= 1;
      if (this.#claiming === 0) this.#cancelledEarly.clear();
    }
  }

  async #attempt({ task, body }: Claim, { lease }: Grant): Promise<AttemptOutcome> {
    const { clock, logs, pool } = this.#parts;
    const run = this.#runs.get(task.number);
    if (run === undefined || this.#cut.signal.aborted) return { kind: 'cancelled' };
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
  async #settle(claim: Claim, outcome: AttemptOutcome): Promise<void> {
    const { clock, random, retry, logger } = this.#parts;
    const { task } = claim;
    const settlement = settlementOf(outcome, task, retry, { epochMs: clock.epoch(), random });
    try {
      const isOurs = await this.#insist(claim, settlement);
      if (isOurs && settlement.kind === 'returned')
        this.#parts.logs.append(task.id, { kind: 'state', status: 'pending' });
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
      this.#runs.delete(task.number);
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
      const claim = await this.#claim(model, undefined);
      if (claim)
        await this.#settle(claim, failure(`${claim.task.type} execution failed: ${error.message}`, error.status));
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
    this.#resting.set(model, troubles);
    this.#parts.clock.after(backoffMs(REST, troubles, this.#parts.random), () => {
      this.#resting.delete(model);
      this.#offer(model);
    });
  }

  /** The log of an answer follows what is durable. */
  #log({ move, task }: TaskChange): void {
    const { logs } = this.#parts;
    switch (move) {
      case 'started':
        if (!this.#reopened.delete(task.number) && logs.last(task.id) !== undefined)
          logs.append(task.id, { kind: 'restart', attempt: task.retryCount + 1 });
        logs.append(task.id, { kind: 'state', status: statusOf(task.state) });
        break;
      case 'retrying':
        logs.append(task.id, { kind: 'state', status: statusOf(task.state) });
        break;
      case 'completed':
      case 'cancelled': {
        this.#reopened.delete(task.number);
        const usage = this.#runs.get(task.number)?.usage;
        logs.append(task.id, { kind: 'done', status: statusOf(task.state), usage });
        break;
      }
      case 'failed':
        logs.append(task.id, { kind: 'error', message: task.error ?? 'failed', code: 'engine_error' });
        break;
      case 'submitted':
      case 'reprioritised':
      case 'readied':
        break;
    }
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

function failure(error: string, status: number | undefined): AttemptOutcome {
  return { kind: 'failed', error, status, retryAfterMs: undefined, producedOutput: false, transport: false };
}
