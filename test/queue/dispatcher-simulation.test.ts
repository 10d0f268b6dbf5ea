/** Dispatcher, scheduler, pool and members together, under random histories: nothing leaks, nobody is forgotten. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { GollamaError, toGollamaError } from '../../src/base/errors.js';
import { silentLogger } from '../../src/base/logger.js';
import { seededRandom, systemRandom } from '../../src/base/random.js';
import { SlotStuckError } from '../../src/engine/engine.js';
import { Pool } from '../../src/pool/pool.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { type Attempt, Dispatcher, type Grant } from '../../src/queue/dispatcher.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { type ManualCall, ManualEngine } from '../support/manual-engine.js';
import { RecordingSink } from '../support/recording-sink.js';

const FIXED_SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);
const STEPS = 200;
const CALL = { method: 'POST', path: '/', headers: {}, body: Buffer.alloc(0), stream: false } as const;
const MODELS = ['m', 'n'];

interface Client {
  readonly controller: AbortController;
  outcome: string | undefined;
}

class Simulation {
  readonly clock = new ManualClock();
  readonly clients: Client[] = [];
  readonly #random: () => number;
  readonly #engines: ManualEngine[];
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#engines = ['one', 'two', 'three'].slice(0, this.#upTo(2, 3)).map((name) => {
      const models = name === 'one' || this.#random() < 0.5 ? MODELS : ['n'];
      return new ManualEngine(name, { models, slots: this.#upTo(1, 3) });
    });
    const members = this.#engines.map((engine) => {
      return { engine, models: engine.status().models, aliases: [], weight: this.#upTo(1, 3) };
    });
    this.#pool = new Pool(members, silentLogger);
    const limits = {
      inFlightMax: Number.POSITIVE_INFINITY,
      waitingMax: 6,
      waitingBytesMax: 40,
      waitMaxMs: this.#upTo(0, 1) * 5_000,
      startWaitMaxMs: 20_000,
    };
    this.#dispatcher = new Dispatcher({ clock: this.clock, pool: this.#pool, limits, arrivals: new Arrivals() });
  }

  async run(): Promise<void> {
    await this.#pool.start();
    for (let step = 0; step < STEPS; step += 1) {
      this.#step();
      await settled();
      this.#check();
    }
    await this.#end();
  }

  #step(): void {
    const luck = this.#random();
    if (luck < 0.35) this.#arrive();
    else if (luck < 0.6) this.#endOneCall();
    else if (luck < 0.7) this.#one(this.clients)?.controller.abort();
    else if (luck < 0.85) this.#changeEngine(this.#one(this.#engines)!);
    else this.clock.advance(this.#upTo(1, 3_000));
  }

  #arrive(): void {
    const client: Client = { controller: new AbortController(), outcome: undefined };
    this.clients.push(client);
    const request = {
      model: this.#one(MODELS),
      priority: this.#one([1, 5, 10])!,
      sizeBytes: this.#upTo(0, 12),
      caller: 'anyone',
      callerInFlightMax: undefined,
    };
    const { signal } = client.controller;
    const use = (grant: Grant) => this.#use(grant, signal);
    this.#dispatcher.run(request, signal, { onWait: () => {} }, use).then(
      (answer) => this.#left(client, answer),
      (error) => this.#left(client, toGollamaError(error).code),
    );
  }

  async #use({ lease }: Grant, signal: AbortSignal): Promise<Attempt<string>> {
    try {
      await lease.forward(CALL, new RecordingSink(), signal);
      return { done: true, value: 'answer' };
    } catch (thrown) {
      if (thrown instanceof SlotStuckError) throw new GollamaError('cancelled', 'stuck');
      const reason = toGollamaError(thrown);
      if (reason.code === 'cancelled') throw reason;
      return { done: false, reason };
    }
  }

  #left(client: Client, outcome: string): void {
    if (client.outcome !== undefined) throw new Error(`${client.outcome}, and then ${outcome}`);
    client.outcome = outcome;
  }

  #endOneCall(): void {
    const engine = this.#one(this.#engines)!;
    const [call] = engine.calls.splice(this.#upTo(0, engine.calls.length - 1), 1);
    if (call === undefined) return;
    const luck = this.#random();
    if (call.signal.aborted) call.fail(luck < 0.3 ? new SlotStuckError('it goes on') : gone('cancelled'));
    else if (luck < 0.6) call.end();
    else call.fail(gone(luck < 0.8 ? 'engine_unavailable' : 'engine_error'));
  }

  #changeEngine(engine: ManualEngine): void {
    const state = this.#one(['ready', 'ready', 'ready', 'starting', 'backoff', 'unreachable'] as const)!;
    engine.change({ state, slots: this.#upTo(1, 3) });
    if (state !== 'ready') for (const call of engine.calls.splice(0)) call.fail(gone('engine_error'));
  }

  #check(): void {
    const calls = this.#engines.flatMap((engine): ManualCall[] => engine.calls);
    const { members } = this.#pool;
    const inUse = members.reduce((sum, member) => sum + member.inUse, 0);
    expect([this.#dispatcher.inFlight, inUse]).toEqual([calls.length, calls.length]);
    expect(this.#dispatcher.waiting).toBeLessThanOrEqual(this.clients.length);
    for (const member of members) {
      if (member.free > 0) expect(this.#dispatcher.waitingFor(member), 'nobody waits beside a free slot').toBe(0);
    }
    const open = this.clients.filter(({ outcome }) => outcome === undefined).length;
    expect(this.clock.timers, 'no timer is left behind').toBeLessThanOrEqual(open - calls.length);
  }

  async #end(): Promise<void> {
    const drain = this.#dispatcher.drain(new AbortController().signal);
    for (const engine of this.#engines) for (const call of engine.calls.splice(0)) call.end();
    await drain;
    await this.clock.advanceAsync(1_000);
    expect(this.clients.filter(({ outcome }) => outcome === undefined)).toEqual([]);
    expect([this.#dispatcher.inFlight, this.#dispatcher.waiting, this.clock.timers]).toEqual([0, 0, 0]);
    expect(this.#pool.members.map(({ inUse }) => inUse)).toEqual(this.#engines.map(() => 0));
    const listeners = this.clients.flatMap(({ controller }) => getEventListeners(controller.signal, 'abort'));
    expect(listeners, 'nobody listens to a client that is done').toEqual([]);
  }

  #upTo(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  #one<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#random() * choices.length)];
  }
}

function gone(code: 'cancelled' | 'engine_error' | 'engine_unavailable'): GollamaError {
  return new GollamaError(code, 'the script says so');
}

async function simulate(seed: number): Promise<Set<string | undefined>> {
  const simulation = new Simulation(seed);
  try {
    await simulation.run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  return new Set(simulation.clients.map(({ outcome }) => outcome));
}

describe('the dispatcher over real members, whatever happens in whatever order', () => {
  it(`loses no slot, timer, listener or client in ${FIXED_SEEDS.length} histories`, async () => {
    const outcomes = new Set<string | undefined>();
    for (const seed of FIXED_SEEDS) for (const outcome of await simulate(seed)) outcomes.add(outcome);
    expect([...outcomes].sort(), 'the histories reach every outcome').toEqual([
      'answer',
      'cancelled',
      'engine_error',
      'engine_unavailable',
      'queue_full',
      'queue_timeout',
      'shutting_down',
    ]);
  });

  const seed = Math.floor(systemRandom() * 2 ** 32);
  it(`loses none in a history that nobody has seen before (seed ${seed})`, async () => {
    await simulate(seed);
  });
});
