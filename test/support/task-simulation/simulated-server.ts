/** One of several servers over one store: engines, their pool, one queue, a runner and its logs. */
import type { Clock, Timer } from '../../../src/base/clock.js';
import { silentLogger } from '../../../src/base/logger.js';
import type { AnswerSink, EngineCall, EngineStatus } from '../../../src/engine/engine.js';
import type { Member } from '../../../src/pool/member.js';
import { Pool } from '../../../src/pool/pool.js';
import type { Arrivals } from '../../../src/queue/arrivals.js';
import { Dispatcher } from '../../../src/queue/dispatcher.js';
import { MemoryLogBook } from '../../../src/stream/memory-log.js';
import type { LogRecord } from '../../../src/stream/record.js';
import { TaskRunner } from '../../../src/tasks/runner.js';
import type { Task } from '../../../src/tasks/task.js';
import type { TaskChange, TaskStore } from '../../../src/tasks/task-store.js';
import type { ManualClock } from '../manual-clock.js';
import { type ManualCall, ManualEngine } from '../manual-engine.js';
import { promptOf } from '../task-rig.js';

export interface EngineModels {
  readonly models: readonly string[];
  /** It tells them only when it is ready for the first time. */
  readonly silent: boolean;
  readonly slots: number;
}

/** Between two tries of a task: 1 s, 2 s, 4 s, 8 s, 8 s … */
export const RETRY = { initialMs: 1_000, maxMs: 8_000, factor: 2, jitter: 0 };

/** A call of an engine for a task. */
export interface TaskCall extends ManualCall {
  readonly engine: SimulatedEngine;
  readonly id: string;
  readonly serial: number;
  /** Of the claim that it is made for. */
  turn: number;
  hasBegun: boolean;
}

/** A request of somebody who waits for the answer. */
export interface Request {
  readonly model: string;
  readonly priority: number;
  sequence: number;
  state: 'waiting' | 'held' | 'over';
  readonly leave: AbortController;
  end: () => void;
}

/** Told of everything that begins on an engine. */
interface ServerObserver {
  onCall(call: TaskCall): void;
  onRequestGranted(request: Request, server: SimulatedServer, engine: string): void;
}

let serials = 0;

export class SimulatedEngine extends ManualEngine {
  readonly models: readonly string[];
  readonly open: TaskCall[] = [];
  onCall: (call: TaskCall) => void = () => {};

  constructor(name: string, { models, slots, silent }: EngineModels) {
    super(name, { models: silent ? [] : models, slots, state: silent ? 'starting' : 'ready' });
    this.models = models;
  }

  override change(status: Partial<EngineStatus>): void {
    super.change(status.state === 'ready' ? { ...status, models: this.models } : status);
  }

  override forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const answer = super.forward(call, sink, signal);
    const made = this.calls.pop();
    if (made) {
      serials += 1;
      const opened = { ...made, engine: this, id: promptOf(call.body), serial: serials, turn: 0, hasBegun: false };
      this.open.push(opened);
      this.onCall(opened);
    }
    return answer;
  }
}

export interface SimulatedServerOptions {
  readonly name: string;
  readonly engines: readonly EngineModels[];
  readonly workersMax: number;
  readonly clock: ManualClock;
  readonly arrivals: Arrivals & { readonly last: number };
  readonly store: TaskStore;
  readonly observer: ServerObserver;
}

export class SimulatedServer {
  readonly name: string;
  readonly workersMax: number;
  readonly engines: readonly SimulatedEngine[];
  readonly pool: Pool;
  readonly dispatcher: Dispatcher;
  readonly runner: TaskRunner;
  readonly runnerClock: CountedClock;
  readonly logs: MemoryLogBook;
  /** What each log should say beside text, by id. */
  readonly said = new Map<string, string[]>();
  requests: Request[] = [];
  phase: 'open' | 'stopping' | 'gone' = 'open';
  /** Models that it knew before this event. */
  known: ReadonlySet<string> = new Set();
  readonly #options: SimulatedServerOptions;
  #isListening = false;

  constructor(options: SimulatedServerOptions) {
    const { name, clock, arrivals, store, workersMax, observer } = options;
    this.#options = options;
    this.name = name;
    this.workersMax = workersMax;
    this.engines = options.engines.map((engine, index) => new SimulatedEngine(`${name}${'xyzw'[index]}`, engine));
    for (const engine of this.engines) engine.onCall = (call) => observer.onCall(call);
    const members = this.engines.map((engine, index) => {
      const models = options.engines[index]?.silent ? [] : engine.models;
      return { engine, models, aliases: [], weight: 1 };
    });
    this.pool = new Pool(members, silentLogger);
    const limits = {
      inFlightMax: Number.POSITIVE_INFINITY,
      waitingMax: 100,
      waitingBytesMax: 1_000,
      waitMaxMs: 60_000,
      startWaitMaxMs: 60_000,
    };
    this.dispatcher = new Dispatcher({ clock, pool: this.pool, limits, arrivals });
    this.logs = new MemoryLogBook({ clock, retentionMs: Number.POSITIVE_INFINITY });
    this.runnerClock = new CountedClock(clock);
    this.runner = new TaskRunner({
      store,
      dispatcher: this.dispatcher,
      pool: this.pool,
      logs: this.logs,
      clock: this.runnerClock,
      random: () => 0.5,
      logger: silentLogger,
      retry: RETRY,
      workersMax,
    });
  }

  async start(): Promise<void> {
    await this.pool.start();
    this.learn();
    this.#isListening = true;
    await this.runner.start();
  }

  /** Everything but the answers of the engines, which still have to let go. */
  async stop(): Promise<void> {
    this.phase = 'stopping';
    for (const request of this.requests) {
      request.leave.abort();
      request.end();
    }
    const stopped = this.runner.stop().then(() => {
      this.#isListening = false;
    });
    await Promise.all([stopped, this.dispatcher.drain(new AbortController().signal)]);
    this.phase = 'gone';
    await this.pool.stop();
  }

  /** Leases that tasks hold. */
  get taskLeases(): number {
    return this.dispatcher.inFlight - this.requests.filter(({ state }) => state === 'held').length;
  }

  get calls(): TaskCall[] {
    return this.engines.flatMap(({ open }) => open);
  }

  owns(engine: string | undefined): boolean {
    return this.engines.some(({ name }) => name === engine);
  }

  member(engine: string): Member | undefined {
    return this.pool.members.find((member) => member.engine.name === engine);
  }

  /** Does a free slot wait beside whoever wants the model? */
  hasFree(model: string): boolean {
    return this.pool.members.some((member) => member.serves(model) && member.free > 0);
  }

  /** Remembers which models it knows now. */
  learn(): void {
    this.known = new Set(this.pool.models().map(({ name }) => name));
  }

  knows(model: string): boolean {
    return this.pool.serves(model);
  }

  ask(model: string, priority: number): void {
    const { arrivals, observer } = this.#options;
    const request: Request = { model, priority, sequence: 0, state: 'waiting', leave: new AbortController(), end() {} };
    this.requests.push(request);
    const wish = { model, priority, sizeBytes: 1, caller: 'somebody', callerInFlightMax: undefined };
    const over = () => {
      request.state = 'over';
      this.requests = this.requests.filter((other) => other !== request);
    };
    this.dispatcher
      .run(wish, request.leave.signal, { onWait: () => {} }, async ({ lease }) => {
        if (request.leave.signal.aborted) return { done: true, value: undefined };
        request.state = 'held';
        observer.onRequestGranted(request, this, lease.engine.name);
        await new Promise<void>((resolve) => {
          request.end = resolve;
        });
        request.state = 'over';
        return { done: true, value: undefined };
      })
      .then(over, over);
    request.sequence = arrivals.last;
  }

  /** What the logs of this server should say of a change. */
  expectLog({ move, task }: TaskChange, before: Task | undefined): void {
    if (!this.#isListening) return;
    const said = this.said.get(task.id) ?? [];
    const isReturned = before?.state === 'running' && this.owns(before.engine);
    if (move === 'started') {
      if (said.length > 0 && said.at(-1)?.startsWith('restart') !== true) said.push(`restart ${task.retryCount + 1}`);
      said.push('state running');
    } else if (move === 'retrying' || (move === 'readied' && isReturned)) said.push('state pending');
    else if (move === 'readied' && task.retryCount === 0 && said.length > 0) said.push('restart 1');
    else if (move === 'completed' || move === 'cancelled') said.push(`done ${move}`);
    else if (move === 'failed') said.push(`error ${task.error}`);
    if (said.length > 0) this.said.set(task.id, said);
  }
}

export function describeRecord(record: LogRecord): string {
  switch (record.kind) {
    case 'state':
      return `state ${record.status}`;
    case 'restart':
      return `restart ${record.attempt}`;
    case 'done':
      return `done ${record.status}`;
    case 'error':
      return `error ${record.message}`;
    default:
      return record.kind;
  }
}

/** Tells how many timers are set that were set through it. */
class CountedClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<object>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#clock.now();
  }

  epoch(): number {
    return this.#clock.epoch();
  }

  after(delayMs: number, run: () => void): Timer {
    const key = {};
    this.#timers.add(key);
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      run();
    });
    return {
      cancel: () => {
        this.#timers.delete(key);
        timer.cancel();
      },
    };
  }
}
