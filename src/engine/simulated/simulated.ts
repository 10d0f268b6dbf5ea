/** An engine without a model, in this process: paced, deterministic, and able to fail on demand. */
import { type Clock, pause, type Timer } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { type Random, seededRandom } from '../../base/random.js';
import {
  type AnswerSink,
  type Engine,
  type EngineCall,
  type EngineState,
  type EngineStatus,
  SlotStuckError,
} from '../engine.js';
import { CONTEXT_TOKENS, SimulatedCore } from './core.js';
import type { Ending } from './ending.js';
import { type FaultName, type FaultPlan, faultPlans, processFaults } from './faults.js';

export interface SimulatedEngineOptions {
  readonly name: string;
  readonly models: readonly string[];
  readonly slots: number;
  readonly ttftMs: number;
  readonly tokenMs: number;
  readonly promptTokensPerSecond?: number | undefined;
  readonly seed: number;
  /** Share of the requests (or of the starts) that fail so: 0 to 1. */
  readonly faults?: Partial<Record<FaultName, number>> | undefined;
}

export interface SimulatedEngineDeps {
  readonly clock: Clock;
  /** For the draws of `faults`; the seed's own sequence where absent. */
  readonly random?: Random;
  readonly logger: Logger;
}

/** As long as the fault `slow-ready` of the stand-in server takes. */
export const SLOW_READY_MS = 2_000;
const RESTART_MS = 1_000;
const START_TIMEOUT_MS = 30_000;

interface RunningCall {
  readonly controller: AbortController;
  readonly ended: Promise<Ending>;
}

export class SimulatedEngine implements Engine {
  readonly name: string;
  readonly kind = 'simulated';
  readonly countsUnasked = true;
  readonly #options: SimulatedEngineOptions;
  readonly #plans: readonly FaultPlan[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  readonly #calls = new Set<RunningCall>();
  #core: SimulatedCore;
  #state: EngineState = 'stopped';
  #problem: string | undefined;
  #restarts = 0;
  #started: Promise<void> | undefined;
  #life = new AbortController();
  #restart: Timer | undefined;

  constructor(options: SimulatedEngineOptions, deps: SimulatedEngineDeps) {
    this.name = options.name;
    this.#options = options;
    this.#plans = faultPlans(options.faults ?? {});
    this.#clock = deps.clock;
    this.#random = deps.random ?? seededRandom(options.seed);
    this.#logger = deps.logger.child({ engine: options.name });
    this.#core = this.#newCore();
  }

  /** Rejects with `engine_unavailable` under the faults `exit-at-load` (at once) and `never-ready` (after 30 s). */
  start(): Promise<void> {
    if (!this.#started) {
      this.#life = new AbortController();
      this.#started = this.#load(this.#life.signal);
    }
    return this.#started;
  }

  async stop(): Promise<void> {
    this.#started = undefined;
    this.#life.abort();
    this.#restart?.cancel();
    this.#move('stopped');
    await this.#endCalls();
  }

  status(): EngineStatus {
    return {
      state: this.#state,
      models: this.#options.models,
      slots: this.#options.slots,
      contextTokens: CONTEXT_TOKENS,
      restarts: this.#restarts,
      problem: this.#problem,
    };
  }

  /** Slots that the simulation holds now, also stuck ones. */
  get busySlots(): number {
    return this.#core.busySlots;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled();
    if (this.#state !== 'ready') {
      throw new GollamaError('engine_unavailable', `the simulated engine ${this.name} is not ready (${this.#state})`);
    }
    const controller = new AbortController();
    const onAbort = () => controller.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    const running = { controller, ended: this.#core.answer(call, sink, controller.signal) };
    this.#calls.add(running);
    try {
      this.#settle(await running.ended, signal);
    } finally {
      this.#calls.delete(running);
      signal.removeEventListener('abort', onAbort);
    }
  }

  recycle(reason: string): void {
    if (this.#state === 'ready') this.#die(reason);
  }

  /** Turns an ending into what `forward` promises: returns or throws. */
  #settle(ending: Ending, signal: AbortSignal): void {
    switch (ending) {
      case 'complete':
        return;
      case 'reset':
        throw new GollamaError('engine_unavailable', `the simulated engine ${this.name} reset the connection`);
      case 'cut':
        throw new GollamaError('engine_error', `the simulated engine ${this.name} cut its answer`);
      case 'crash':
      case 'kill':
        this.#die(ending === 'crash' ? 'it exited with code 1' : 'it was killed by SIGKILL');
        throw this.#gone();
      case 'stuck':
      case 'cancelled':
        if (!signal.aborted) throw this.#gone();
        throw ending === 'stuck' ? new SlotStuckError(`a slot of ${this.name} stays busy`) : cancelled();
    }
  }

  /** The end of this life: every call fails, and the next life begins by itself after a while. */
  #die(reason: string): void {
    this.#logger.warn({ reason }, 'simulated engine restarts');
    this.#move('backoff', reason);
    void this.#endCalls();
    this.#core = this.#newCore();
    this.#restart = this.#clock.after(RESTART_MS, () => {
      this.#restarts++;
      // A start that fails has told so by its state.
      this.#load(this.#life.signal).catch(() => undefined);
    });
  }

  async #load(life: AbortSignal): Promise<void> {
    const faults = processFaults(this.#plans, this.#random);
    this.#move('starting');
    if (faults.has('exit-at-load')) {
      throw this.#fail('crash-loop', 'it exited with code 1 while loading: failed to load model');
    }
    if (faults.has('never-ready')) {
      await pause(this.#clock, START_TIMEOUT_MS, life);
      if (!life.aborted) throw this.#fail('starting', `not ready after ${START_TIMEOUT_MS / 1000} s`);
    }
    if (faults.has('slow-ready')) await pause(this.#clock, SLOW_READY_MS, life);
    if (life.aborted) throw new GollamaError('engine_unavailable', `${this.name} was stopped while it started`);
    this.#move('ready');
  }

  #fail(state: EngineState, problem: string): GollamaError {
    this.#started = undefined;
    this.#move(state, problem);
    return new GollamaError('engine_unavailable', `the simulated engine ${this.name} does not start: ${problem}`);
  }

  #move(state: EngineState, problem?: string): void {
    if (state === this.#state && problem === this.#problem) return;
    this.#state = state;
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }

  /** Aborts what runs; resolves when nothing does. */
  async #endCalls(): Promise<void> {
    const calls = [...this.#calls];
    for (const { controller } of calls) controller.abort();
    await Promise.allSettled(calls.map(({ ended }) => ended));
  }

  #gone(): GollamaError {
    return new GollamaError('engine_error', `the simulated engine ${this.name} ended during the answer`);
  }

  #newCore(): SimulatedCore {
    const { name: _name, faults: _faults, ...options } = this.#options;
    return new SimulatedCore({ ...options, faults: this.#plans }, { clock: this.#clock, random: this.#random });
  }
}

function cancelled(): GollamaError {
  return new GollamaError('cancelled', 'the request was cancelled');
}
