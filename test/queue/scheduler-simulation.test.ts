/**
 * The scheduler under thousands of random histories, checked against a model that knows nothing of heaps and lines:
 * a plain list of tickets that is searched from end to end after every event.
 */
import { describe, expect, it } from 'vitest';
import { seededRandom, systemRandom } from '../../src/base/random.js';
import { type Effect, Scheduler, type SchedulerLimits } from '../../src/queue/scheduler.js';
import type { Ticket } from '../../src/queue/ticket.js';
import { type FakeLease, FakeSlots } from '../support/fake-slots.js';

const FIXED_SEEDS = Array.from({ length: 600 }, (_, index) => index + 1);
const EVENTS = 300;

type Fate = 'waiting' | 'running' | 'between attempts' | 'answered' | 'refused' | 'timed out' | 'cancelled';

const LIVE: ReadonlySet<Fate> = new Set<Fate>(['waiting', 'running', 'between attempts']);

interface Entry {
  ticket: Ticket;
  fate: Fate;
  attempts: number;
  /** Patience it was last armed with; `never` before. */
  patienceMs: number | undefined | 'never';
  lease: FakeLease | undefined;
}

const END_CODES = ['queue_full', 'queue_timeout', 'engine_unavailable', 'shutting_down'] as const;

class Simulation {
  readonly #random: () => number;
  readonly #slots = new FakeSlots();
  readonly #limits: SchedulerLimits;
  readonly #scheduler: Scheduler<FakeLease>;
  readonly #routes: string[];
  readonly #callerMax: number[];
  readonly #entries = new Map<number, Entry>();
  /** Those of `#entries` that had not ended before this event. */
  #live: Entry[] = [];
  readonly trail: string[] = [];
  readonly outcomes = new Map<string, number>();
  #closed = false;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#routes = ['a', 'b', 'c', 'd'].slice(0, this.#upTo(1, 4));
    this.#callerMax = Array.from({ length: this.#upTo(1, 5) }, () => this.#one([1, 1, 2, 3, Number.POSITIVE_INFINITY]));
    for (const name of ['one', 'two', 'three', 'four'].slice(0, this.#upTo(1, 4))) {
      const routes = this.#routes.filter(() => this.#random() < 0.6);
      this.#slots.add(name, { routes, slots: this.#upTo(0, 3), state: this.#one(['ready', 'starting', 'down']) });
    }
    this.#limits = {
      inFlightMax: this.#one([1, 2, 4, Number.POSITIVE_INFINITY]),
      waitingMax: this.#one([0, 1, 3, 8, 15]),
      waitingBytesMax: this.#one([0, 10, 40, 1_000]),
      waitMaxMs: this.#one([0, 60]),
      startWaitMaxMs: this.#one([0, 300]),
    };
    this.#scheduler = new Scheduler(this.#limits, this.#slots);
    this.trail.push(`limits ${JSON.stringify(this.#limits)}, callers ${this.#callerMax}`);
    for (const { name, routes, slots, state } of this.#slots.engines) {
      this.trail.push(`engine ${name} ${state} with ${slots} slots for ${routes}`);
    }
  }

  run(): void {
    for (let event = 0; event < EVENTS; event += 1) {
      this.#step();
      this.#check();
      this.#live = this.#live.filter(({ fate }) => LIVE.has(fate));
    }
    this.#close();
    this.#check();
    for (const entry of this.#with('running')) this.#release(entry, false);
    for (const entry of this.#with('between attempts')) this.#comeBack(entry);
    this.#check();
    this.#checkEnd();
  }

  // ---- events

  #step(): void {
    const luck = this.#random();
    if (luck < 0.32) this.#arrive();
    else if (luck < 0.54) this.#releaseOne();
    else if (luck < 0.62) this.#pick('between attempts', (entry) => this.#comeBack(entry));
    else if (luck < 0.69) this.#pick('waiting', (entry) => this.#cancel(entry));
    else if (luck < 0.77) this.#pick('waiting', (entry) => this.#expire(entry));
    else if (luck < 0.92) this.#changeEngine();
    else if (luck < 0.96) this.#changeCallerLimit();
    else if (luck < 0.985) this.#late();
    else if (luck < 0.986) this.#close();
  }

  #arrive(): void {
    const caller = this.#upTo(0, this.#callerMax.length - 1);
    const durable = this.#random() < 0.25;
    const arrival = this.#entries.size;
    const ticket: Ticket = {
      // Stored work has been there for a while: its place is among those that came before, and nobody else's.
      sequence: durable ? arrival - this.#upTo(0, 20) + arrival / 1e6 : arrival,
      route: this.#one(this.#routes),
      priority: this.#one([1, 5, 5, 5, 10, 15, -2]),
      durable,
      sizeBytes: durable ? 0 : this.#one([0, 1, 7, 12]),
      caller: `caller ${caller}`,
      callerInFlightMax: this.#callerMax[caller]!,
      avoidedEngine: undefined,
    };
    this.trail.push(`arrival ${describeTicket(ticket)}`);
    const entry: Entry = { ticket, fate: 'waiting', attempts: 1, patienceMs: 'never', lease: undefined };
    const down = !durable && this.#slots.outlook(ticket.route) === 'down';
    this.#entries.set(ticket.sequence, entry);
    this.#live.push(entry);
    const effects = this.#scheduler.onArrival(ticket);
    this.#apply(effects);
    const code = codeFor(effects, ticket);
    const others = bounded(this.#with('waiting')).filter((other) => other !== entry);
    if (this.#closed) same(code, 'shutting_down', 'an arrival after the close');
    else if (down) same(code, 'engine_unavailable', 'an arrival while its engines are down');
    else if (entry.fate !== 'running') {
      const isFull =
        !durable &&
        (others.length >= this.#limits.waitingMax || bytesOf(others) + ticket.sizeBytes > this.#limits.waitingBytesMax);
      same(code, isFull ? 'queue_full' : undefined, 'an arrival that has to wait');
    }
  }

  #releaseOne(): void {
    this.#pick('running', (entry) => this.#release(entry, entry.attempts < 4 && this.#random() < 0.3));
  }

  #release(entry: Entry, again: boolean): void {
    this.trail.push(`release ${entry.ticket.sequence}${again ? ', to come back' : ''}`);
    this.#slots.release(entry.lease!);
    entry.lease = undefined;
    entry.fate = again ? 'between attempts' : 'answered';
    this.#apply(this.#scheduler.onRelease(entry.ticket, this.#upTo(0, 90_000)));
  }

  #comeBack(entry: Entry): void {
    const ticket = { ...entry.ticket, avoidedEngine: this.#one(this.#slots.engines).name };
    this.trail.push(`return ${entry.ticket.sequence}`);
    entry.ticket = ticket;
    entry.fate = 'waiting';
    entry.attempts += 1;
    entry.patienceMs = 'never';
    const down = !ticket.durable && this.#slots.outlook(ticket.route) === 'down';
    const effects = this.#scheduler.onReturn(ticket);
    this.#apply(effects);
    const code = codeFor(effects, ticket);
    same(code, this.#closed ? 'shutting_down' : down ? 'engine_unavailable' : undefined, 'a return');
  }

  #cancel(entry: Entry): void {
    this.trail.push(`cancel ${entry.ticket.sequence}`);
    entry.fate = 'cancelled';
    this.#apply(this.#scheduler.onCancel(entry.ticket));
  }

  #expire(entry: Entry): void {
    if (entry.patienceMs === undefined || entry.ticket.durable) return;
    this.trail.push(`expiry ${entry.ticket.sequence}`);
    const starting = this.#slots.outlook(entry.ticket.route) === 'starting';
    const effects = this.#scheduler.onExpired(entry.ticket);
    this.#apply(effects, 'timed out');
    same(codeFor(effects, entry.ticket), starting ? 'engine_unavailable' : 'queue_timeout', 'an expiry');
  }

  /** Events of tickets that do not wait any more: a client that leaves after its answer, a timer that was on its way. */
  #late(): void {
    const entry = [...this.#entries.values()][this.#upTo(0, this.#entries.size - 1)];
    if (entry === undefined || entry.fate === 'waiting') return;
    this.trail.push(`late events of ${entry.ticket.sequence}`);
    same(this.#scheduler.onCancel(entry.ticket).length, 0, 'effects of a late cancel');
    same(this.#scheduler.onExpired(entry.ticket).length, 0, 'effects of a late expiry');
  }

  #changeEngine(): void {
    const engine = this.#one(this.#slots.engines);
    if (this.#random() < 0.5) engine.state = this.#one(['ready', 'ready', 'ready', 'starting', 'down']);
    else engine.slots = this.#upTo(0, 3);
    this.trail.push(`engine ${engine.name} ${engine.state} with ${engine.slots} slots`);
    this.#apply(this.#scheduler.onCapacity());
  }

  /** For tickets that come from now on. */
  #changeCallerLimit(): void {
    const caller = this.#upTo(0, this.#callerMax.length - 1);
    this.#callerMax[caller] = this.#upTo(1, 3);
    this.trail.push(`caller ${caller} may hold ${this.#callerMax[caller]}`);
  }

  #close(): void {
    this.trail.push('close');
    this.#closed = true;
    this.#apply(this.#scheduler.onClose());
    same(this.#with('waiting').length, 0, 'tickets that wait after the close');
  }

  // ---- effects

  #apply(effects: Effect<FakeLease>[], refusedAs: Fate = 'refused'): void {
    for (const effect of effects) {
      const { sequence } = effect.ticket;
      const entry = this.#entries.get(sequence)!;
      this.trail.push(`  ${effect.kind} ${sequence}`);
      same(entry.ticket, effect.ticket, 'the ticket of the effect');
      same(entry.fate, 'waiting', `fate of ${sequence} before ${effect.kind}`);
      if (effect.kind === 'arm') entry.patienceMs = effect.delayMs;
      if (effect.kind === 'refuse') this.#refused(entry, effect.reason.code, effect.reason.retryAfterS, refusedAs);
      if (effect.kind === 'grant') this.#granted(entry, effect.lease);
    }
  }

  #refused(entry: Entry, code: string, retryAfterS: number | undefined, fate: Fate): void {
    demand(
      END_CODES.some((known) => known === code),
      `${code} ends a ticket`,
    );
    demand(retryAfterS !== undefined && retryAfterS >= 1 && retryAfterS <= 60, `Retry-After is ${retryAfterS}`);
    this.outcomes.set(code, (this.outcomes.get(code) ?? 0) + 1);
    entry.fate = fate;
  }

  #granted(entry: Entry, lease: FakeLease): void {
    const { ticket } = entry;
    demand(!this.#with('running').some((other) => other.lease === lease), 'the lease is new');
    demand(lease.engine.routes.includes(ticket.route), 'the engine serves the route');
    demand(this.#held(ticket.caller) < ticket.callerInFlightMax, 'the caller may hold one lease more');
    for (const other of this.#heads()) {
      if (!lease.engine.routes.includes(other.ticket.route) || !this.#isAllowed(other)) continue;
      demand(!goesBefore(other.ticket, ticket), `${other.ticket.sequence} is not passed over for ${ticket.sequence}`);
    }
    this.outcomes.set('grant', (this.outcomes.get('grant') ?? 0) + 1);
    entry.fate = 'running';
    entry.lease = lease;
    demand(this.#with('running').length <= this.#limits.inFlightMax, 'no more leases are held than may be');
  }

  // ---- invariants

  #check(): void {
    const waiting = this.#with('waiting');
    const running = this.#with('running');
    const tickets = new Set(waiting.map(({ ticket }) => ticket));
    demand(
      [...this.#scheduler.tickets()].every((ticket) => tickets.has(ticket)),
      'nobody waits who should not',
    );
    same(this.#scheduler.waiting, waiting.length, 'waiting');
    same(this.#scheduler.waitingBounded, bounded(waiting).length, 'waiting with bounds');
    same(this.#scheduler.waitingBytes, bytesOf(waiting), 'waitingBytes is the sum');
    same(this.#scheduler.inFlight, running.length, 'inFlight');
    same(this.#slots.held.size, running.length, 'every lease has a holder');
    const newcomers = bounded(waiting).filter(({ attempts }) => attempts === 1);
    demand(newcomers.length <= this.#limits.waitingMax, 'no more wait than may');
    demand(bytesOf(newcomers) <= this.#limits.waitingBytesMax, 'they hold no more bytes than they may');
    this.#checkNoneForgotten(waiting);
    this.#checkPlaces(waiting);
  }

  /** No free slot beside a ticket that may have it, no ticket without hope, and each with the right patience. */
  #checkNoneForgotten(waiting: Entry[]): void {
    const { inFlightMax, startWaitMaxMs, waitMaxMs } = this.#limits;
    const mayGrant = this.#scheduler.inFlight < inFlightMax;
    for (const entry of this.#heads()) {
      const couldRun = mayGrant && this.#isAllowed(entry) && this.#slots.hasFree(entry.ticket.route);
      demand(!couldRun, `${entry.ticket.sequence} does not wait beside a free slot`);
    }
    for (const { ticket, patienceMs } of waiting.filter(({ ticket }) => ticket.durable)) {
      same(patienceMs, 'never', `patience of the durable ${ticket.sequence}`);
    }
    for (const { ticket, patienceMs } of bounded(waiting)) {
      const outlook = this.#slots.outlook(ticket.route);
      demand(outlook !== 'down', `${ticket.sequence} does not wait for engines that are down`);
      const expected = (outlook === 'starting' ? startWaitMaxMs : waitMaxMs) || undefined;
      same(patienceMs, expected, `patience of ${ticket.sequence}`);
    }
  }

  #checkPlaces(waiting: Entry[]): void {
    const counts = new Map(this.#scheduler.waitingByRoute());
    same(counts.size, new Set(waiting.map(({ ticket }) => ticket.route)).size, 'routes with tickets');
    for (const route of this.#routes) {
      const tickets = waiting.map(({ ticket }) => ticket).filter((ticket) => ticket.route === route);
      same(counts.get(route) ?? 0, tickets.length, `tickets on route ${route}`);
      tickets.sort((one, other) => (goesBefore(one, other) ? -1 : 1));
      tickets.forEach((ticket, index) => {
        same(this.#scheduler.position(ticket), index + 1, `position of ${ticket.sequence}`);
      });
    }
  }

  /** Everything that came has ended, each in one way, and nothing is held. */
  #checkEnd(): void {
    for (const { ticket, fate } of this.#entries.values()) {
      expect(['answered', 'refused', 'timed out', 'cancelled'], `ticket ${ticket.sequence}`).toContain(fate);
    }
    expect(this.#scheduler.inFlight).toBe(0);
    expect(this.#scheduler.waiting).toBe(0);
    expect(this.#slots.engines.map(({ used }) => used)).toEqual(this.#slots.engines.map(() => 0));
  }

  // ---- the model

  #with(fate: Fate): Entry[] {
    return this.#live.filter((entry) => entry.fate === fate);
  }

  #held(caller: string): number {
    return this.#with('running').filter(({ ticket }) => ticket.caller === caller).length;
  }

  #isAllowed({ ticket }: Entry): boolean {
    return this.#held(ticket.caller) < ticket.callerInFlightMax;
  }

  /** The first ticket of each caller on each route: inside one line nobody overtakes, whatever later ones may hold. */
  #heads(): Entry[] {
    const heads = new Map<string, Entry>();
    for (const entry of this.#with('waiting')) {
      const line = `${entry.ticket.route}/${entry.ticket.caller}`;
      const head = heads.get(line);
      if (head === undefined || goesBefore(entry.ticket, head.ticket)) heads.set(line, entry);
    }
    return [...heads.values()];
  }

  #pick(fate: Fate, act: (entry: Entry) => void): void {
    const entries = this.#with(fate);
    if (entries.length > 0) act(this.#one(entries));
  }

  #upTo(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  #one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}

/** Those that the bounds of the queue are for. */
function bounded(entries: Entry[]): Entry[] {
  return entries.filter(({ ticket }) => !ticket.durable);
}

function bytesOf(entries: Entry[]): number {
  return entries.reduce((sum, { ticket }) => sum + ticket.sizeBytes, 0);
}

/** Said again here, so that a mistake in the queue's own order is no mistake of the model. */
function goesBefore(one: Ticket, other: Ticket): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority;
  return one.sequence < other.sequence;
}

function codeFor(effects: Effect<FakeLease>[], ticket: Ticket): string | undefined {
  const effect = effects.find((effect) => effect.kind === 'refuse' && effect.ticket === ticket);
  return effect?.kind === 'refuse' ? effect.reason.code : undefined;
}

function describeTicket({ sequence, route, priority, sizeBytes, caller, callerInFlightMax }: Ticket): string {
  return `${sequence}: route ${route}, priority ${priority}, ${sizeBytes} bytes, ${caller} of at most ${callerInFlightMax}`;
}

/** `expect` is too slow for millions of checks. */
function demand(holds: boolean, rule: string): void {
  if (!holds) throw new Error(`broken: ${rule}`);
}

function same<T>(actual: T, expected: T, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}

/** Runs one history; a failure tells its seed and what led to it. */
function simulate(seed: number): Simulation {
  const simulation = new Simulation(seed);
  try {
    simulation.run();
  } catch (error) {
    const trail = simulation.trail.slice(-40).join('\n');
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}\n${trail}`, { cause: error });
  }
  return simulation;
}

describe('the scheduler, whatever happens in whatever order', () => {
  it(`keeps its invariants after every event of ${FIXED_SEEDS.length} histories`, () => {
    const outcomes = new Set<string>();
    for (const seed of FIXED_SEEDS) for (const outcome of simulate(seed).outcomes.keys()) outcomes.add(outcome);
    expect([...outcomes].sort(), 'the histories reach every outcome').toEqual([...END_CODES, 'grant'].sort());
  });

  const seed = Math.floor(systemRandom() * 2 ** 32);
  it(`keeps them in a history that nobody has seen before (seed ${seed})`, () => {
    simulate(seed);
  });
});
