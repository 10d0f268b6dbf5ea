/**
 * Keeps one child process running: does what `lifecycle.ts` decides, and tells it what happened. It knows processes,
 * timers and promises; what to run and how to look at it comes from its owner.
 */
import type { Clock, Timer } from '../../base/clock.js';
import { GollamaError, messageOf, toGollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { Service } from '../../base/service.js';
import { Child, type ChildCommand } from './child.js';
import { classifyExit, type Exit } from './exit-class.js';
import { advance } from './lifecycle.js';
import type { Orphans } from './orphans.js';
import {
  type Failure,
  type HealthMiss,
  type Lifecycle,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecyclePolicy,
  NEW_LIFECYCLE,
  type TimerName,
} from './phase.js';
import { isSameStatus, type SupervisedStatus, statusOf } from './supervised-status.js';

/** One start: what runs, and where it answers. */
export interface Launch {
  readonly command: ChildCommand;
  /** `http://host:port` */
  readonly baseUrl: string;
  /** True where the port was picked for this start alone, so that the next start may have another one. */
  readonly portIsOurs: boolean;
}

export type Health = 'ok' | 'loading' | HealthMiss;

export interface SupervisorOptions extends Omit<LifecyclePolicy, 'needsLine'> {
  readonly name: string;
  /** Tested on every line until it matches; without it HTTP alone tells readiness. */
  readonly readyPattern?: RegExp | undefined;
}

export interface SupervisorDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly orphans: Orphans;
  /** Makes ready for a start. Rejects with a GollamaError where something that it needs is missing. */
  prepare(): Promise<Launch>;
  /** Looks at the health of what was launched last. Bounded in time; never rejects. */
  probe(): Promise<Health>;
  /** When the engine last sent a byte, on the clock. */
  lastBytesAtMs(): number;
}

/** A launch under way. Events of an earlier one are told apart by the identity of this object. */
interface Run {
  launch: Launch | undefined;
  child: Child | undefined;
  /** True when nothing of the run is wanted any more, also where its process is still to come. */
  unwanted: boolean;
}

interface Waiting {
  resolve(): void;
  reject(error: GollamaError): void;
}

export class Supervisor implements Service {
  readonly #options: SupervisorOptions;
  readonly #policy: LifecyclePolicy;
  readonly #dependencies: SupervisorDependencies;
  readonly #logger: Logger;
  readonly #timers = new Map<TimerName, Timer>();
  readonly #listeners = new Set<() => void>();
  #lifecycle: Lifecycle = NEW_LIFECYCLE;
  #status: SupervisedStatus = statusOf(NEW_LIFECYCLE);
  #run: Run | undefined;
  /** Resolves when nothing of the runs before runs any more. */
  #cleared: Promise<unknown> = Promise.resolve();
  #startWaiting: Waiting[] = [];
  #stopWaiting: (() => void)[] = [];

  constructor(options: SupervisorOptions, dependencies: SupervisorDependencies) {
    this.#options = options;
    this.#policy = { ...options, needsLine: options.readyPattern !== undefined };
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger;
  }

  /**
   * Resolves when the child is ready. Rejects when the start fails; with `keepTrying` it resolves then too, and
   * `status()` tells. Of a child that was ready before it starts anew what has given up (`crash-loop`), or waits.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#startWaiting.push({ resolve, reject });
      this.#dispatch({ type: 'start-asked' });
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stopWaiting.push(resolve);
      this.#dispatch({ type: 'stop-asked' });
    });
    await this.#cleared;
  }

  /** Stops a ready child and starts it again. */
  recycle(reason: string): void {
    this.#dispatch({ type: 'recycle-asked', reason });
  }

  status(): SupervisedStatus {
    return this.#status;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ---- events and effects

  #dispatch(event: LifecycleEvent): void {
    const moment = { nowMs: this.#dependencies.clock.now(), luck: this.#dependencies.random() };
    const before = this.#lifecycle;
    const step = advance(before, event, moment, this.#policy);
    this.#lifecycle = step.lifecycle;
    for (const effect of step.effects) this.#apply(effect);
    if (step.lifecycle === before) return;
    const status = statusOf(step.lifecycle);
    const changed = !isSameStatus(status, this.#status);
    this.#status = status;
    if (step.lifecycle.phase.name !== before.phase.name) this.#log(step.lifecycle);
    if (changed) for (const listener of this.#listeners) listener();
  }

  #apply(effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'spawn':
        this.#spawn();
        break;
      case 'probe':
        this.#probe();
        break;
      case 'signal':
        this.#signal(effect.signal);
        break;
      case 'set-timer':
        this.#setTimer(effect.timer, effect.delayMs);
        break;
      case 'clear-timers':
        this.#clearTimers();
        break;
      case 'abandon':
        this.#abandon();
        break;
      case 'start-settled':
        this.#settleStart(effect.failure);
        break;
      case 'stop-settled':
        for (const waiting of this.#stopWaiting.splice(0)) waiting();
    }
  }

  #settleStart(failure: Failure | undefined): void {
    const error = failure && !this.#policy.keepTrying ? this.#errorOf(failure) : undefined;
    for (const waiting of this.#startWaiting.splice(0)) {
      if (error) waiting.reject(error);
      else waiting.resolve();
    }
  }

  /** What `prepare` threw has its own code and hint; a process that ended badly is an engine error. */
  #errorOf(failure: Failure): GollamaError {
    const { name } = this.#options;
    if (failure.error) return failure.error;
    const hint = failure.hint === '' ? {} : { hint: failure.hint };
    return new GollamaError('engine_error', `engine ${name} could not be started: ${failure.sentence}`, hint);
  }

  #setTimer(name: TimerName, delayMs: number): void {
    this.#timers.get(name)?.cancel();
    const due = () => {
      this.#timers.delete(name);
      this.#dispatch({ type: 'timer-due', timer: name });
    };
    this.#timers.set(name, this.#dependencies.clock.after(delayMs, due));
  }

  #clearTimers(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  // ---- the process

  #spawn(): void {
    this.#endRun();
    const run: Run = { launch: undefined, child: undefined, unwanted: false };
    this.#run = run;
    void this.#launch(run).catch((error: unknown) => this.#spawnFailed(run, error));
  }

  async #launch(run: Run): Promise<void> {
    await this.#cleared;
    if (run.unwanted) return this.#tell(run, { type: 'group-gone' });
    const launch = await this.#dependencies.prepare();
    if (run.unwanted) return this.#tell(run, { type: 'group-gone' });
    const { command } = launch;
    run.launch = launch;
    const child = await Child.spawn(command, {
      clock: this.#dependencies.clock,
      onLine: (line, stream) => this.#onLine(run, line, stream),
    });
    run.child = child;
    const { name } = this.#options;
    this.#dependencies.orphans.record(name, child.pid, command.args);
    this.#cleared = child.gone.then(() => this.#dependencies.orphans.forget(child.pid));
    void child.exited.then((exit) => this.#tell(run, { type: 'exited', failure: failureOf(exit, child, launch) }));
    void child.gone.then((certain) => {
      if (certain) this.#tell(run, { type: 'group-gone' });
    });
    this.#logger.debug({ pid: child.pid, bin: command.bin }, 'engine process started');
    // It was stopped in the moment between.
    if (run.unwanted) child.signal('SIGTERM');
    this.#tell(run, { type: 'spawned' });
  }

  #spawnFailed(run: Run, thrown: unknown): void {
    const error = thrown instanceof GollamaError ? thrown : cannotRun(run, thrown);
    const failure = { sentence: error.message, hint: error.hint ?? '', againAtOnce: false, error };
    this.#tell(run, { type: 'spawn-failed', failure });
  }

  #onLine(run: Run, line: string, stream: string): void {
    this.#logger.debug({ stream, line }, 'engine output');
    if (run !== this.#run || this.#lifecycle.phase.name !== 'starting') return;
    this.#dispatch({ type: 'line-seen', matches: this.#options.readyPattern?.test(line) ?? false });
  }

  #signal(signal: NodeJS.Signals): void {
    const run = this.#run;
    if (!run) return;
    run.unwanted = true;
    run.child?.signal(signal);
  }

  #probe(): void {
    const run = this.#run;
    if (!run?.child) return;
    void this.#dependencies.probe().then((health) => this.#tell(run, this.#healthEvent(health)));
  }

  #healthEvent(health: Health): LifecycleEvent {
    if (health === 'ok') return { type: 'health-ok' };
    if (health === 'loading') return { type: 'health-loading' };
    return { type: 'health-missed', miss: health, lastBytesAtMs: this.#dependencies.lastBytesAtMs() };
  }

  #tell(run: Run, event: LifecycleEvent): void {
    if (run === this.#run) this.#dispatch(event);
  }

  #abandon(): void {
    this.#logger.error({ pid: this.#run?.child?.pid }, 'the engine process cannot be killed; it is left to itself');
    this.#cleared = Promise.resolve();
    this.#endRun();
  }

  #endRun(): void {
    if (this.#run) this.#run.unwanted = true;
    this.#run = undefined;
  }

  #log({ phase, failure, failures }: Lifecycle): void {
    const { problem, restarts } = this.#status;
    const log = this.#logger;
    if (phase.name === 'ready') log.info({ baseUrl: this.#run?.launch?.baseUrl, restarts }, 'engine ready');
    else if (phase.name === 'starting') log.info({ restarts }, 'engine starting');
    else if (phase.name === 'backoff') {
      log.warn({ problem, hint: failure?.hint, failures, output: this.#tail() }, 'engine failed');
    } else if (phase.name === 'crash-loop')
      log.error({ problem, output: this.#tail() }, 'engine failed again and again');
    else log.debug({ problem }, `engine ${phase.name}`);
  }

  #tail(): string {
    return (this.#run?.child?.tail() ?? []).slice(-LOGGED_LINES_MAX).join('\n');
  }
}

const LOGGED_LINES_MAX = 10;

function failureOf(exit: Exit, child: Child, launch: Launch): Failure {
  const report = classifyExit(exit, child.tail());
  const againAtOnce = report.class === 'port-in-use' && launch.portIsOurs;
  return { sentence: report.sentence, hint: report.hint, againAtOnce };
}

function cannotRun(run: Run, thrown: unknown): GollamaError {
  const bin = run.launch?.command.bin;
  if (bin === undefined) return toGollamaError(thrown);
  return new GollamaError('configuration', `cannot run ${bin}: ${messageOf(thrown)}`, {
    hint: 'check that the file is a program for this machine, and that its interpreter exists',
    cause: thrown,
  });
}
