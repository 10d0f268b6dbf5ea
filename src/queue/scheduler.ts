/**
 * Who gets the next free slot: a synchronous state machine, events in, effects out. It sets no timer, sends
 * nothing and awaits nothing; `dispatcher.ts` carries its effects out. DESIGN.md beside this file has the rules.
 *
 * The decision, taken again after every event:
 * 1. While fewer than `inFlightMax` leases are held,
 * 2. take, of the first tickets of all lines on all routes, the one that goes first (priority, then arrival);
 * 3. if its caller holds all the leases it may hold, set its line aside until one comes back;
 * 4. if no slot is free for its route, the route waits and the others go on;
 * 5. otherwise grant it.
 */
import { GollamaError } from '../base/errors.js';
import { type QueueBounds, refusal } from './admission.js';
import { ServiceRate } from './service-rate.js';
import type { Ticket } from './ticket.js';
import { WaitingRoom } from './waiting-room.js';

/** What the scheduler sees of the pool; all of it answers at once. `L` is the lease. */
export interface SlotSource<L> {
  tryAcquire(route: string, avoidedEngine: string | undefined): L | undefined;
  outlook(route: string): 'ready' | 'starting' | 'down';
  slots(route: string): number;
  problem(route: string): string;
}

export interface SchedulerLimits extends QueueBounds {
  readonly inFlightMax: number;
  /** Patience while the route's engines are ready but busy; 0 = none to lose, wait until granted. */
  readonly waitMaxMs: number;
  /** Patience while no engine of the route is ready yet; 0 as above. */
  readonly startWaitMaxMs: number;
}

/** Every ticket ends with exactly one `grant` or `refuse`, unless it was cancelled. */
export type Effect<L> =
  | { readonly kind: 'grant'; readonly ticket: Ticket; readonly lease: L }
  | { readonly kind: 'refuse'; readonly ticket: Ticket; readonly reason: GollamaError }
  /** Send `expired` after `delayMs`; replaces what was asked before; undefined = no time limit. */
  | { readonly kind: 'arm'; readonly ticket: Ticket; readonly delayMs: number | undefined };

export class Scheduler<L> {
  readonly #limits: SchedulerLimits;
  readonly #slots: SlotSource<L>;
  readonly #waiting = new WaitingRoom();
  readonly #callerInFlight = new Map<string, number>();
  /** By route: an embedding takes milliseconds, a long answer minutes. */
  readonly #rates = new Map<string, ServiceRate>();
  /** Routes whose tickets wait for an engine to start, not for a slot. */
  readonly #starting = new Set<string>();
  #inFlight = 0;
  #closed = false;

  constructor(limits: SchedulerLimits, slots: SlotSource<L>) {
    this.#limits = limits;
    this.#slots = slots;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Of those that wait: the ones that the bounds of the queue are for. */
  get waitingBounded(): number {
    return this.#waiting.size - this.#waiting.durable;
  }

  get waitingBytes(): number {
    return this.#waiting.sizeBytes;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waiting tickets, in no particular order. */
  tickets(): IterableIterator<Ticket> {
    return this.#waiting.tickets();
  }

  /** How many tickets wait on each route; only routes on which some do. */
  waitingByRoute(): [route: string, waiting: number][] {
    return this.#waiting.routes().map((route) => [route, this.#waiting.waitingOn(route)]);
  }

  /** 1 for the ticket of its route that goes first. */
  position(ticket: Ticket): number {
    return this.#waiting.position(ticket);
  }

  onArrival(ticket: Ticket): Effect<L>[] {
    const refused = this.#refusedAtOnce(ticket);
    if (refused !== undefined) return [refused];
    const granted = this.#grantAlone(ticket);
    if (granted !== undefined) return [granted];
    this.#waiting.add(ticket);
    const effects = this.#grantAll();
    if (!this.#waiting.has(ticket) || ticket.durable) return effects;
    // Only who has to wait needs room: with a slot free for it, a request of any size is served beside a full queue.
    const others = { waiting: this.waitingBounded - 1, waitingBytes: this.waitingBytes - ticket.sizeBytes };
    const full = refusal(this.#limits, others, ticket.sizeBytes);
    if (full === undefined) return [...effects, this.#arm(ticket)];
    this.#waiting.remove(ticket);
    return [...effects, refuse(ticket, this.#tooBusy('queue_full', full, ticket.route))];
  }

  /**
   * A granted ticket whose attempt failed before it gave its client anything: it waits again, in its old place. It was
   * admitted once, and the bounds of the queue do not turn it away now.
   */
  onReturn(ticket: Ticket): Effect<L>[] {
    const refused = this.#refusedAtOnce(ticket);
    if (refused !== undefined) return [refused];
    this.#waiting.add(ticket);
    const effects = this.#grantAll();
    return this.#waiting.has(ticket) && !ticket.durable ? [...effects, this.#arm(ticket)] : effects;
  }

  /** The ticket's owner left. Nothing happens where it does not wait any more. */
  onCancel(ticket: Ticket): Effect<L>[] {
    return this.#waiting.remove(ticket) ? this.#grantAll() : [];
  }

  onExpired(ticket: Ticket): Effect<L>[] {
    if (!this.#waiting.remove(ticket)) return [];
    const reason = this.#starting.has(ticket.route)
      ? this.#unavailable(ticket.route, 'no engine became ready in time')
      : this.#tooBusy('queue_timeout', 'queue timeout', ticket.route);
    return [refuse(ticket, reason), ...this.#grantAll()];
  }

  /** A lease came back. */
  onRelease(ticket: Ticket, heldMs: number): Effect<L>[] {
    if (this.#inFlight === 0) throw new Error('more leases were released than granted');
    this.#inFlight -= 1;
    this.#rateOf(ticket.route).record(heldMs);
    const left = this.#heldBy(ticket.caller) - 1;
    if (left > 0) this.#callerInFlight.set(ticket.caller, left);
    else this.#callerInFlight.delete(ticket.caller);
    this.#waiting.bringBack(ticket.caller);
    return this.#grantAll();
  }

  /** An engine became ready, went away, or changed its slots. */
  onCapacity(): Effect<L>[] {
    const effects = this.#waiting.routes().flatMap((route) => this.#lookAgain(route));
    return [...effects, ...this.#grantAll()];
  }

  /** Refuses everything that waits and everything that still comes; leases that are held go on. */
  onClose(): Effect<L>[] {
    this.#closed = true;
    const tickets = [...this.#waiting.tickets()];
    for (const ticket of tickets) this.#waiting.remove(ticket);
    return tickets.map((ticket) => refuse(ticket, shuttingDown()));
  }

  /** The decision for a ticket that is the only one there, as most are: it needs no place to wait. */
  #grantAlone(ticket: Ticket): Effect<L> | undefined {
    if (this.#waiting.size > 0 || this.#inFlight >= this.#limits.inFlightMax) return undefined;
    if (this.#heldBy(ticket.caller) >= ticket.callerInFlightMax) return undefined;
    const lease = this.#slots.tryAcquire(ticket.route, ticket.avoidedEngine);
    return lease === undefined ? undefined : this.#granted(ticket, lease);
  }

  #granted(ticket: Ticket, lease: L): Effect<L> {
    this.#inFlight += 1;
    this.#callerInFlight.set(ticket.caller, this.#heldBy(ticket.caller) + 1);
    return { kind: 'grant', ticket, lease };
  }

  #grantAll(): Effect<L>[] {
    if (this.#waiting.size === 0) return [];
    const effects: Effect<L>[] = [];
    const busyRoutes = new Set<string>();
    while (this.#inFlight < this.#limits.inFlightMax) {
      const ticket = this.#waiting.first(busyRoutes);
      if (ticket === undefined) break;
      if (this.#heldBy(ticket.caller) >= ticket.callerInFlightMax) {
        this.#waiting.setAside(ticket);
        continue;
      }
      const lease = this.#slots.tryAcquire(ticket.route, ticket.avoidedEngine);
      if (lease === undefined) {
        busyRoutes.add(ticket.route);
        continue;
      }
      this.#waiting.remove(ticket);
      effects.push(this.#granted(ticket, lease));
    }
    return effects;
  }

  #refusedAtOnce(ticket: Ticket): Effect<L> | undefined {
    if (this.#closed) return refuse(ticket, shuttingDown());
    const isHopeless = !ticket.durable && this.#slots.outlook(ticket.route) === 'down';
    return isHopeless ? refuse(ticket, this.#unavailable(ticket.route)) : undefined;
  }

  /** What a change of the engines means for those who wait on the route, beside slots that became free. */
  #lookAgain(route: string): Effect<L>[] {
    const outlook = this.#slots.outlook(route);
    const tickets = this.#waiting.ticketsOn(route).filter(({ durable }) => !durable);
    if (outlook === 'down') {
      for (const ticket of tickets) this.#waiting.remove(ticket);
      return tickets.map((ticket) => refuse(ticket, this.#unavailable(route)));
    }
    const waitsForStart = outlook === 'starting';
    if (waitsForStart === this.#starting.has(route)) return [];
    return tickets.map((ticket) => this.#arm(ticket));
  }

  #arm(ticket: Ticket): Effect<L> {
    const starting = this.#slots.outlook(ticket.route) === 'starting';
    if (starting) this.#starting.add(ticket.route);
    else this.#starting.delete(ticket.route);
    const patienceMs = starting ? this.#limits.startWaitMaxMs : this.#limits.waitMaxMs;
    return { kind: 'arm', ticket, delayMs: patienceMs > 0 ? patienceMs : undefined };
  }

  #heldBy(caller: string): number {
    return this.#callerInFlight.get(caller) ?? 0;
  }

  #tooBusy(code: 'queue_full' | 'queue_timeout', message: string, route: string): GollamaError {
    return new GollamaError(code, message, { retryAfterS: this.#retryAfterS(route) });
  }

  #unavailable(route: string, what = 'upstream unavailable'): GollamaError {
    return new GollamaError('engine_unavailable', `${what}: ${this.#slots.problem(route)}`, {
      retryAfterS: this.#retryAfterS(route),
      hint: 'gollama status shows the state of every engine',
    });
  }

  #retryAfterS(route: string): number {
    const slots = Math.min(this.#slots.slots(route), this.#limits.inFlightMax);
    return this.#rateOf(route).retryAfterS(this.#waiting.waitingOn(route), slots);
  }

  #rateOf(route: string): ServiceRate {
    let rate = this.#rates.get(route);
    if (rate === undefined) {
      rate = new ServiceRate();
      this.#rates.set(route, rate);
    }
    return rate;
  }
}

function refuse<L>(ticket: Ticket, reason: GollamaError): Effect<L> {
  return { kind: 'refuse', ticket, reason };
}

function shuttingDown(): GollamaError {
  return new GollamaError('shutting_down', 'the server is shutting down', { retryAfterS: 5 });
}
