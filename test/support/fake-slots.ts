import type { SlotSource } from '../../src/queue/scheduler.js';
import type { Ticket } from '../../src/queue/ticket.js';

export interface FakeSlotEngine {
  readonly name: string;
  readonly routes: readonly string[];
  state: 'ready' | 'starting' | 'down';
  slots: number;
  used: number;
}

export interface FakeLease {
  readonly engine: FakeSlotEngine;
}

/** Slots for the scheduler without engines behind them; of several engines with a free slot the first is taken. */
export class FakeSlots implements SlotSource<FakeLease> {
  readonly engines: FakeSlotEngine[] = [];
  readonly #held = new Set<FakeLease>();

  add(name: string, options: { routes: readonly string[]; slots: number; state?: FakeSlotEngine['state'] }) {
    const engine: FakeSlotEngine = { name, used: 0, state: 'ready', ...options };
    this.engines.push(engine);
    return engine;
  }

  /** Leases that are held. */
  get held(): ReadonlySet<FakeLease> {
    return this.#held;
  }

  hasFree(route: string): boolean {
    return this.#on(route).some(isFree);
  }

  tryAcquire(route: string, avoidedEngine: string | undefined): FakeLease | undefined {
    const free = this.#on(route).filter(isFree);
    const engine = free.find(({ name }) => name !== avoidedEngine) ?? free[0];
    if (engine === undefined) return undefined;
    engine.used += 1;
    const lease = { engine };
    this.#held.add(lease);
    return lease;
  }

  release(lease: FakeLease): void {
    if (!this.#held.delete(lease)) throw new Error(`a lease on ${lease.engine.name} was released twice`);
    lease.engine.used -= 1;
  }

  outlook(route: string): 'ready' | 'starting' | 'down' {
    const states = this.#on(route).map(({ state }) => state);
    if (states.includes('ready')) return 'ready';
    return states.includes('starting') ? 'starting' : 'down';
  }

  slots(route: string): number {
    return this.#on(route).reduce((sum, { state, slots }) => sum + (state === 'ready' ? slots : 0), 0);
  }

  problem(route: string): string {
    return this.#on(route)
      .map(({ name, state }) => `${name} is ${state}`)
      .join('; ');
  }

  #on(route: string): FakeSlotEngine[] {
    return this.engines.filter(({ routes }) => routes.includes(route));
  }
}

function isFree({ state, slots, used }: FakeSlotEngine): boolean {
  return state === 'ready' && used < slots;
}

/** Makes tickets in the order of their arrival: normal priority, route `m`, caller `anyone` without a limit, no bytes. */
export function ticketMaker(): (options?: Partial<Ticket>) => Ticket {
  let sequence = 0;
  return (options = {}) => ({
    sequence: sequence++,
    route: 'm',
    priority: 5,
    durable: false,
    sizeBytes: 0,
    caller: 'anyone',
    callerInFlightMax: Number.POSITIVE_INFINITY,
    avoidedEngine: undefined,
    ...options,
  });
}
