/** The shell of the scheduler: real leases, real timers, promises for those who wait. It holds no rules. */
import { type Clock, pause, type Timer } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Lease, Member } from '../pool/member.js';
import type { Pool } from '../pool/pool.js';
import type { Arrivals } from './arrivals.js';
import { type Effect, Scheduler, type SchedulerLimits } from './scheduler.js';
import type { Ticket } from './ticket.js';

export interface SlotRequest {
  readonly model: string | undefined;
  readonly priority: number;
  /** Bytes of memory it holds while it waits. */
  readonly sizeBytes: number;
  readonly caller: string;
  /** Leases its caller may hold at once; undefined = no limit. */
  readonly callerInFlightMax: number | undefined;
}

/** Work that is stored elsewhere and would take a slot. */
export interface SlotOffer {
  readonly model: string;
  readonly priority: number;
  /** From `Arrivals`, taken when the work was. */
  readonly sequence: number;
  readonly caller: string;
  /** Leases its caller may hold at once. */
  readonly callerInFlightMax: number;
}

/** What one use of a slot came to. */
export type Attempt<T> =
  | { readonly done: true; readonly value: T }
  /** Nothing reached the client: another engine may try. */
  | { readonly done: false; readonly reason: GollamaError };

/** What a user of a slot is told. */
export interface Grant {
  readonly lease: Lease;
  /** Time in the queue so far, over all attempts. */
  readonly waitedMs: number;
  /** 1 for the first. */
  readonly attempt: number;
}

export interface WaitObserver {
  /** Called when an attempt has to wait for its slot; `position` tells its place whenever it is called. */
  onWait(position: () => number): void;
}

interface Waiter {
  readonly grant: (lease: Lease) => void;
  readonly refuse: (reason: GollamaError) => unknown;
  timer: Timer | undefined;
}

/** Attempts of one request before its last failure is told to the client. */
const ATTEMPTS_MAX = 2;
/** A call may fail a moment before its engine is seen to be gone; without a pause the next attempt would fail there too. */
const RETURN_DELAY_MS = 100;

export class Dispatcher {
  readonly #clock: Clock;
  readonly #pool: Pool;
  readonly #scheduler: Scheduler<Lease>;
  readonly #waiters = new Map<Ticket, Waiter>();
  readonly #idleListeners = new Set<() => void>();
  readonly #arrivals: Arrivals;
  readonly #stopListening: () => void;

  constructor(options: { clock: Clock; pool: Pool; limits: SchedulerLimits; arrivals: Arrivals }) {
    this.#clock = options.clock;
    this.#arrivals = options.arrivals;
    this.#pool = options.pool;
    this.#scheduler = new Scheduler(options.limits, options.pool);
    this.#stopListening = this.#pool.onChange(() => this.#apply(this.#scheduler.onCapacity()));
  }

  /** Requests that wait; offers are none. */
  get waiting(): number {
    return this.#scheduler.waitingBounded;
  }

  get inFlight(): number {
    return this.#scheduler.inFlight;
  }

  /** Tickets that this member could serve. */
  waitingFor(member: Member): number {
    let waiting = 0;
    for (const [route, count] of this.#scheduler.waitingByRoute()) {
      if (this.#pool.isOn(route, member)) waiting += count;
    }
    return waiting;
  }

  /** How many requests wait at each priority. */
  waitingByPriority(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { priority, durable } of this.#scheduler.tickets()) {
      if (!durable) counts.set(priority, (counts.get(priority) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Waits for a slot, lets `use` have it, and gives it back whatever happens. An attempt that says that nothing reached
   * the client goes back to its place in the queue, and to another engine where one is free. Rejects with the reason of a
   * refusal, with `cancelled` when `signal` aborts while it waits, and with whatever `use` throws.
   */
  async run<T>(
    request: SlotRequest,
    signal: AbortSignal,
    observer: WaitObserver,
    use: (grant: Grant) => Promise<Attempt<T>>,
  ): Promise<T> {
    let ticket = this.#ticket(request);
    let waitedMs = 0;
    for (let attempt = 1; ; attempt += 1) {
      const askedAt = this.#clock.now();
      const lease = await this.#acquire(ticket, attempt > 1, signal, observer);
      const grantedAt = this.#clock.now();
      waitedMs += grantedAt - askedAt;
      let outcome: Attempt<T>;
      try {
        outcome = await use({ lease, waitedMs, attempt });
      } finally {
        this.#release(ticket, lease, this.#clock.now() - grantedAt);
      }
      if (outcome.done) return outcome.value;
      if (attempt >= ATTEMPTS_MAX || signal.aborted) throw outcome.reason;
      await pause(this.#clock, RETURN_DELAY_MS, signal);
      ticket = { ...ticket, avoidedEngine: lease.engine.name };
    }
  }

  /**
   * Stored work waits for a slot, for as long as it takes; when the queue closes it is forgotten. `use` is called later,
   * never before this returns; it has the slot until it settles, and must not reject. Returns the way to withdraw the
   * offer; too late where `use` was called or is about to be. Throws what `Pool.route` throws.
   */
  offer(offer: SlotOffer, use: (grant: Grant) => Promise<void>): () => void {
    const ticket: Ticket = {
      sequence: offer.sequence,
      route: this.#pool.route(offer.model),
      priority: offer.priority,
      durable: true,
      sizeBytes: 0,
      caller: offer.caller,
      callerInFlightMax: offer.callerInFlightMax,
      avoidedEngine: undefined,
    };
    const askedAt = this.#clock.now();
    const waiter: Waiter = {
      grant: (lease) => {
        this.#waiters.delete(ticket);
        queueMicrotask(() => void this.#lend(ticket, lease, askedAt, use));
      },
      refuse: () => this.#waiters.delete(ticket),
      timer: undefined,
    };
    this.#waiters.set(ticket, waiter);
    this.#apply(this.#scheduler.onArrival(ticket));
    return () => {
      this.#waiters.delete(ticket);
      this.#apply(this.#scheduler.onCancel(ticket));
    };
  }

  /** Refuses what waits and what comes; resolves when the last lease is back, or when `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#apply(this.#scheduler.onClose());
    if (this.inFlight > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#idleListeners.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#idleListeners.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
    this.#stopListening();
  }

  async #lend(ticket: Ticket, lease: Lease, askedAt: number, use: (grant: Grant) => Promise<void>): Promise<void> {
    const grantedAt = this.#clock.now();
    try {
      await use({ lease, waitedMs: grantedAt - askedAt, attempt: 1 });
    } finally {
      this.#release(ticket, lease, this.#clock.now() - grantedAt);
    }
  }

  #ticket(request: SlotRequest): Ticket {
    return {
      sequence: this.#arrivals.next(),
      route: this.#pool.route(request.model),
      priority: request.priority,
      durable: false,
      sizeBytes: request.sizeBytes,
      caller: request.caller,
      callerInFlightMax: request.callerInFlightMax ?? Number.POSITIVE_INFINITY,
      avoidedEngine: undefined,
    };
  }

  /** A ticket that is granted or refused at once, as nearly all are, waits for nothing and needs no waiter. */
  #acquire(ticket: Ticket, again: boolean, signal: AbortSignal, observer: WaitObserver): Lease | Promise<Lease> {
    if (signal.aborted) throw left();
    const effects = again ? this.#scheduler.onReturn(ticket) : this.#scheduler.onArrival(ticket);
    let own: Effect<Lease> | undefined;
    for (const effect of effects) {
      if (effect.ticket === ticket) own = effect;
      else this.#carryOut(effect);
    }
    if (own?.kind === 'grant') return own.lease;
    if (own?.kind === 'refuse') throw own.reason;
    return this.#wait(ticket, own === undefined ? [] : [own], signal, observer);
  }

  #wait(ticket: Ticket, effects: Effect<Lease>[], signal: AbortSignal, observer: WaitObserver): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#waiters.delete(ticket);
        waiter.timer?.cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        grant: (lease) => {
          settle();
          resolve(lease);
        },
        refuse: (reason) => {
          settle();
          reject(reason);
        },
        timer: undefined,
      };
      const withdraw = (reason: unknown) => {
        settle();
        reject(reason);
        this.#apply(this.#scheduler.onCancel(ticket));
      };
      const onAbort = () => withdraw(left());
      this.#waiters.set(ticket, waiter);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#apply(effects);
      try {
        observer.onWait(() => this.#scheduler.position(ticket));
      } catch (thrown) {
        // Nobody would take its slot, and nobody give it back.
        withdraw(thrown);
      }
    });
  }

  #release(ticket: Ticket, lease: Lease, heldMs: number): void {
    // The pool first: its change event must find the slot free, the scheduler must not count the lease any more.
    lease.release();
    this.#apply(this.#scheduler.onRelease(ticket, heldMs));
    if (this.inFlight === 0) for (const listener of this.#idleListeners) listener();
  }

  #apply(effects: readonly Effect<Lease>[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect<Lease>): void {
    const waiter = this.#waiters.get(effect.ticket);
    if (waiter === undefined) throw new Error(`nobody waits with ticket ${effect.ticket.sequence}`);
    switch (effect.kind) {
      case 'grant':
        waiter.grant(effect.lease);
        break;
      case 'refuse':
        waiter.refuse(effect.reason);
        break;
      case 'arm':
        waiter.timer?.cancel();
        waiter.timer =
          effect.delayMs === undefined
            ? undefined
            : this.#clock.after(effect.delayMs, () => this.#apply(this.#scheduler.onExpired(effect.ticket)));
        break;
    }
  }
}

function left(): GollamaError {
  return new GollamaError('cancelled', 'the client left before its turn came');
}
