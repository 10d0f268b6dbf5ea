/**
 * Who gets the next free slot: a synchronous state machine, events in, effects out. It sets no timer, sends
 * nothing and awaits nothing; `dispatcher.ts` carries its effects out. DESIGN.md beside this file has the rules.
 *
 * The decision, taken again after every event:
 * 1. While fewer than `inFlightMax` leases are held,
 * 2. take, of the first tickets of all routes, the one that goes first (priority, then arrival);
 * 3. if its caller holds all the leases it may hold, set it aside until one comes back;
 * 4. if no slot is free for its route, the route waits and the others go on;
 * 5. otherwise grant it.
 */
import { GollamaError } from '../base/errors.js';
import { type QueueBounds, refusal } from './admission.js';
import { goesBefore, PriorityQueue } from './priority-queue.js';
import { ServiceRate } from './service-rate.js';

/** One entry waiting in the queue. */
export interface Ticket {
  /** Arrival number, unique; a ticket that comes back after a failed attempt keeps its own. */
  readonly sequence: number;
  /** What it waits for, from `SlotSource.route`. */
  readonly route: string;
  readonly priority: number;
  /** Bytes it holds in memory while it waits. */
  readonly sizeBytes: number;
  readonly caller: string;
  /** Leases its caller may hold at once. */
  readonly callerInFlightMax: number;
}

/** What the scheduler sees of the pool; all of it answers at once. `L` is the lease. */
export interface SlotSource<L> {
  tryAcquire(route: string): L | undefined;
  outlook(route: string): 'ready' | 'starting' | 'down';
  slots(route: string): number;
  problem(route: string): string;
}

export interface SchedulerLimits extends QueueBounds {
  readonly inFlightMax: number;
  /** Patience while the route's engines are ready but busy; 0 = none to lose, wait until granted. */
  readonly waitMaxMs: number;
  /** Patience while no engine of the route is ready yet. */
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
  readonly #rate = new ServiceRate();
  readonly #waiting = new Map<Ticket, 'queued' | 'parked'>();
  readonly #queues = new Map<string, PriorityQueue<Ticket>>();
  readonly #parked = new Map<string, PriorityQueue<Ticket>>();
  readonly #callerInFlight = new Map<string, number>();
  /** Routes whose tickets wait for an engine to start, not for a slot. */
  readonly #starting = new Set<string>();
  #waitingBytes = 0;
  #inFlight = 0;
  #closed = false;

  constructor(limits: SchedulerLimits, slots: SlotSource<L>) {
    this.#limits = limits;
    this.#slots = slots;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waiting tickets, in no particular order. */
  tickets(): IterableIterator<Ticket> {
    return this.#waiting.keys();
  }

  /** 1 for the ticket of its route that goes first. */
  position(ticket: Ticket): number {
    let ahead = 0;
    for (const other of this.#waiting.keys()) {
      if (other.route === ticket.route && goesBefore(other, ticket)) ahead += 1;
    }
    return ahead + 1;
  }

  onArrival(ticket: Ticket): Effect<L>[] {
    if (this.#closed) return [refuse(ticket, shuttingDown())];
    if (this.#slots.outlook(ticket.route) === 'down') return [refuse(ticket, this.#unavailable(ticket.route))];
    const load = { waiting: this.waiting, waitingBytes: this.#waitingBytes };
    this.#enqueue(ticket);
    const effects = this.#grantAll();
    if (!this.#waiting.has(ticket)) return effects;
    const full = refusal(this.#limits, load, ticket.sizeBytes);
    if (full !== undefined) {
      this.#leave(ticket);
      return [...effects, refuse(ticket, this.#tooBusy('queue_full', full, ticket.route))];
    }
    return [...effects, this.#arm(ticket)];
  }

  /** A granted ticket whose attempt failed before it gave its client anything: it waits again, in its old place. */
  onReturn(ticket: Ticket): Effect<L>[] {
    if (this.#closed) return [refuse(ticket, shuttingDown())];
    if (this.#slots.outlook(ticket.route) === 'down') return [refuse(ticket, this.#unavailable(ticket.route))];
    this.#enqueue(ticket);
    const effects = this.#grantAll();
    return this.#waiting.has(ticket) ? [...effects, this.#arm(ticket)] : effects;
  }

  /** The ticket's owner left. Nothing happens where it does not wait any more. */
  onCancel(ticket: Ticket): Effect<L>[] {
    return this.#leave(ticket) ? this.#grantAll() : [];
  }

  onExpired(ticket: Ticket): Effect<L>[] {
    if (!this.#leave(ticket)) return [];
    const reason = this.#starting.has(ticket.route)
      ? new GollamaError('engine_unavailable', `no engine became ready in time: ${this.#slots.problem(ticket.route)}`, {
          retryAfterS: this.#retryAfterS(ticket.route),
        })
      : this.#tooBusy('queue_timeout', 'queue timeout', ticket.route);
    return [refuse(ticket, reason), ...this.#grantAll()];
  }

  /** A lease came back. */
  onRelease(ticket: Ticket, heldMs: number): Effect<L>[] {
    this.#inFlight -= 1;
    if (this.#inFlight < 0) throw new Error('more leases were released than granted');
    this.#rate.record(heldMs);
    const left = (this.#callerInFlight.get(ticket.caller) ?? 1) - 1;
    if (left > 0) this.#callerInFlight.set(ticket.caller, left);
    else this.#callerInFlight.delete(ticket.caller);
    this.#unpark(ticket.caller);
    return this.#grantAll();
  }

  /** An engine became ready, went away, or changed its slots. */
  onCapacity(): Effect<L>[] {
    const effects: Effect<L>[] = [];
    for (const route of new Set([...this.#waiting.keys()].map((ticket) => ticket.route))) {
      const outlook = this.#slots.outlook(route);
      const waitedForStart = this.#starting.has(route);
      if (outlook === 'down') {
        for (const ticket of this.#ticketsOf(route)) {
          this.#leave(ticket);
          effects.push(refuse(ticket, this.#unavailable(route)));
        }
      } else if ((outlook === 'starting') !== waitedForStart) {
        for (const ticket of this.#ticketsOf(route)) effects.push(this.#arm(ticket));
      }
    }
    return [...effects, ...this.#grantAll()];
  }

  /** Refuses everything that waits and everything that still comes; leases that are held go on. */
  onClose(): Effect<L>[] {
    this.#closed = true;
    const tickets = [...this.#waiting.keys()];
    for (const ticket of tickets) this.#dequeue(ticket);
    return tickets.map((ticket) => refuse(ticket, shuttingDown()));
  }

  #grantAll(): Effect<L>[] {
    const effects: Effect<L>[] = [];
    const blocked = new Set<string>();
    while (this.#inFlight < this.#limits.inFlightMax) {
      const ticket = this.#firstTicket(blocked);
      if (ticket === undefined) break;
      if ((this.#callerInFlight.get(ticket.caller) ?? 0) >= ticket.callerInFlightMax) {
        this.#park(ticket);
        continue;
      }
      const lease = this.#slots.tryAcquire(ticket.route);
      if (lease === undefined) {
        blocked.add(ticket.route);
        continue;
      }
      this.#dequeue(ticket);
      this.#inFlight += 1;
      this.#callerInFlight.set(ticket.caller, (this.#callerInFlight.get(ticket.caller) ?? 0) + 1);
      effects.push({ kind: 'grant', ticket, lease });
    }
    return effects;
  }

  #firstTicket(blocked: ReadonlySet<string>): Ticket | undefined {
    let first: Ticket | undefined;
    for (const [route, queue] of this.#queues) {
      const head = queue.first;
      if (head === undefined || blocked.has(route)) continue;
      if (first === undefined || goesBefore(head, first)) first = head;
    }
    return first;
  }

  #enqueue(ticket: Ticket): void {
    if (this.#waiting.has(ticket)) throw new Error(`ticket ${ticket.sequence} waits already`);
    this.#waiting.set(ticket, 'queued');
    this.#waitingBytes += ticket.sizeBytes;
    queueOf(this.#queues, ticket.route).push(ticket);
  }

  #dequeue(ticket: Ticket): boolean {
    const place = this.#waiting.get(ticket);
    if (place === undefined) return false;
    this.#waiting.delete(ticket);
    this.#waitingBytes -= ticket.sizeBytes;
    if (place === 'queued') takeFrom(this.#queues, ticket.route, ticket);
    else takeFrom(this.#parked, ticket.caller, ticket);
    return true;
  }

  /**
   * Takes out a ticket that was not granted. It may have been the one that its caller's free lease was meant for:
   * the next one set aside takes its chance.
   */
  #leave(ticket: Ticket): boolean {
    const waited = this.#dequeue(ticket);
    if (waited) this.#unpark(ticket.caller);
    return waited;
  }

  #park(ticket: Ticket): void {
    takeFrom(this.#queues, ticket.route, ticket);
    queueOf(this.#parked, ticket.caller).push(ticket);
    this.#waiting.set(ticket, 'parked');
  }

  /** One ticket that was set aside may go on; if its route is busy it waits there, if its caller is, it comes back. */
  #unpark(caller: string): void {
    const ticket = this.#parked.get(caller)?.first;
    if (ticket === undefined) return;
    takeFrom(this.#parked, caller, ticket);
    queueOf(this.#queues, ticket.route).push(ticket);
    this.#waiting.set(ticket, 'queued');
  }

  #arm(ticket: Ticket): Effect<L> {
    const starting = this.#slots.outlook(ticket.route) === 'starting';
    if (starting) this.#starting.add(ticket.route);
    else this.#starting.delete(ticket.route);
    const patienceMs = starting ? this.#limits.startWaitMaxMs : this.#limits.waitMaxMs;
    return { kind: 'arm', ticket, delayMs: patienceMs > 0 ? patienceMs : undefined };
  }

  #ticketsOf(route: string): Ticket[] {
    return [...this.#waiting.keys()].filter((ticket) => ticket.route === route);
  }

  #tooBusy(code: 'queue_full' | 'queue_timeout', message: string, route: string): GollamaError {
    return new GollamaError(code, message, { retryAfterS: this.#retryAfterS(route) });
  }

  #unavailable(route: string): GollamaError {
    return new GollamaError('engine_unavailable', `upstream unavailable: ${this.#slots.problem(route)}`, {
      retryAfterS: this.#retryAfterS(route),
      hint: 'gollama status shows the state of every engine',
    });
  }

  #retryAfterS(route: string): number {
    return this.#rate.retryAfterS(this.waiting, Math.min(this.#slots.slots(route), this.#limits.inFlightMax));
  }
}

function refuse<L>(ticket: Ticket, reason: GollamaError): Effect<L> {
  return { kind: 'refuse', ticket, reason };
}

function shuttingDown(): GollamaError {
  return new GollamaError('shutting_down', 'the server is shutting down', { retryAfterS: 5 });
}

function queueOf(queues: Map<string, PriorityQueue<Ticket>>, key: string): PriorityQueue<Ticket> {
  let queue = queues.get(key);
  if (queue === undefined) {
    queue = new PriorityQueue<Ticket>();
    queues.set(key, queue);
  }
  return queue;
}

/** Empty queues are dropped, so that names that were asked for once do not stay for ever. */
function takeFrom(queues: Map<string, PriorityQueue<Ticket>>, key: string, ticket: Ticket): void {
  const queue = queues.get(key);
  queue?.remove(ticket);
  if (queue?.size === 0) queues.delete(key);
}
