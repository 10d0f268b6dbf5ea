import { describe, expect, it } from 'vitest';
import { type Effect, Scheduler, type SchedulerLimits } from '../../src/queue/scheduler.js';
import type { Ticket } from '../../src/queue/ticket.js';
import { type FakeLease, FakeSlots, ticketMaker } from '../support/fake-slots.js';

const ROOMY: SchedulerLimits = {
  inFlightMax: Number.POSITIVE_INFINITY,
  waitingMax: 100,
  waitingBytesMax: 1_000,
  waitMaxMs: 60_000,
  startWaitMaxMs: 300_000,
};

/** A scheduler over an engine `one` with one slot for the route `m`, and what a test does with it. */
function setup(limits: Partial<SchedulerLimits> = {}) {
  const slots = new FakeSlots();
  const one = slots.add('one', { routes: ['m'], slots: 1 });
  const scheduler = new Scheduler<FakeLease>({ ...ROOMY, ...limits }, slots);
  const leases = new Map<Ticket, FakeLease>();
  const apply = (effects: Effect<FakeLease>[]) => {
    for (const effect of effects) if (effect.kind === 'grant') leases.set(effect.ticket, effect.lease);
    return effects;
  };
  return {
    slots,
    one,
    scheduler,
    ticket: ticketMaker(),
    lease: (ticket: Ticket) => leases.get(ticket),
    arrive: (ticket: Ticket) => apply(scheduler.onArrival(ticket)),
    giveBack: (ticket: Ticket, heldMs = 1_000) => {
      slots.release(leases.get(ticket)!);
      return apply(scheduler.onRelease(ticket, heldMs));
    },
    cancel: (ticket: Ticket) => apply(scheduler.onCancel(ticket)),
    expire: (ticket: Ticket) => apply(scheduler.onExpired(ticket)),
    comeBack: (ticket: Ticket) => apply(scheduler.onReturn(ticket)),
    lookAgain: () => apply(scheduler.onCapacity()),
    close: () => apply(scheduler.onClose()),
  };
}

const granted = (effects: Effect<FakeLease>[]) =>
  effects.filter(({ kind }) => kind === 'grant').map(({ ticket }) => ticket);

function refusedWith(effects: Effect<FakeLease>[], ticket: Ticket) {
  const effect = effects.find((effect) => effect.ticket === ticket);
  return effect?.kind === 'refuse' ? effect.reason : undefined;
}

function armedWith(effects: Effect<FakeLease>[], ticket: Ticket): number | undefined | 'not armed' {
  const effect = effects.find((effect) => effect.ticket === ticket);
  return effect?.kind === 'arm' ? effect.delayMs : 'not armed';
}

describe('the order of the queue', () => {
  it('grants at once while a slot is free', () => {
    const { arrive, ticket, lease, one, scheduler } = setup();
    const only = ticket();
    expect(granted(arrive(only))).toEqual([only]);
    expect(lease(only)?.engine).toBe(one);
    expect(scheduler.inFlight).toBe(1);
    expect(scheduler.waiting).toBe(0);
  });

  it('grants higher priorities first, and first come first served inside one', () => {
    const { arrive, giveBack, ticket } = setup();
    const running = ticket();
    const [normal, low, high, later] = [ticket(), ticket({ priority: 1 }), ticket({ priority: 10 }), ticket()];
    for (const each of [running, normal, low, high, later]) arrive(each);
    expect(granted(giveBack(running))).toEqual([high]);
    expect(granted(giveBack(high))).toEqual([normal]);
    expect(granted(giveBack(normal))).toEqual([later]);
    expect(granted(giveBack(later))).toEqual([low]);
  });

  it('keeps that order across the callers of a route', () => {
    const { arrive, giveBack, ticket } = setup();
    const running = ticket();
    const [first, second, third] = [ticket({ caller: 'a' }), ticket({ caller: 'b' }), ticket({ caller: 'a' })];
    for (const each of [running, first, second, third]) arrive(each);
    expect(granted(giveBack(running))).toEqual([first]);
    expect(granted(giveBack(first))).toEqual([second]);
    expect(granted(giveBack(second))).toEqual([third]);
  });

  it('lets a busy route block no other', () => {
    const { arrive, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 1 });
    arrive(ticket());
    arrive(ticket({ priority: 15 }));
    const other = ticket({ route: 'n', priority: 1 });
    expect(granted(arrive(other))).toEqual([other]);
  });

  it('gives a slot that several routes share to the first of all their tickets', () => {
    const { arrive, giveBack, slots, ticket } = setup();
    slots.engines.length = 0;
    slots.add('both', { routes: ['m', 'n'], slots: 1 });
    const running = ticket();
    const [onM, onN] = [ticket({ route: 'm' }), ticket({ route: 'n', priority: 10 })];
    for (const each of [running, onM, onN]) arrive(each);
    expect(granted(giveBack(running))).toEqual([onN]);
  });

  it('grants as many at once as slots became free', () => {
    const { arrive, lookAgain, one, ticket } = setup();
    const tickets = [ticket(), ticket(), ticket(), ticket()];
    for (const each of tickets) arrive(each);
    one.slots = 3;
    expect(granted(lookAgain())).toEqual(tickets.slice(1, 3));
  });

  it('holds no more leases than allowed, however many slots are free', () => {
    const { arrive, giveBack, one, scheduler, ticket } = setup({ inFlightMax: 2 });
    one.slots = 8;
    const [first, second, third] = [ticket(), ticket(), ticket()];
    for (const each of [first, second, third]) arrive(each);
    expect(scheduler.inFlight).toBe(2);
    expect(granted(giveBack(second))).toEqual([third]);
  });

  it('tells each ticket its place on its route', () => {
    const { arrive, scheduler, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 0 });
    const [, normal, high, elsewhere, low] = [
      ticket(),
      ticket({ caller: 'a' }),
      ticket({ priority: 10 }),
      ticket({ route: 'n' }),
      ticket({ priority: 1 }),
    ];
    for (const each of [ticket(), normal, high, elsewhere, low]) arrive(each);
    expect([high, normal, low, elsewhere].map((each) => scheduler.position(each))).toEqual([1, 2, 3, 1]);
  });

  it('counts the tickets of each route on which some wait', () => {
    const { arrive, scheduler, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 1 });
    for (const route of ['m', 'm', 'm', 'n']) arrive(ticket({ route }));
    expect(scheduler.waitingByRoute()).toEqual([['m', 2]]);
  });
});

describe('the limit of a caller', () => {
  it('passes over a caller who holds all it may hold, and goes on with the others', () => {
    const { arrive, one, ticket } = setup();
    one.slots = 2;
    const greedy = { caller: 'greedy', callerInFlightMax: 1 };
    arrive(ticket(greedy));
    const second = ticket({ ...greedy, priority: 15 });
    expect(granted(arrive(second))).toEqual([]);
    const other = ticket({ priority: 1 });
    expect(granted(arrive(other))).toEqual([other]);
  });

  it('goes on with what was passed over as soon as one of its leases comes back', () => {
    const { arrive, giveBack, one, ticket } = setup();
    one.slots = 2;
    const greedy = { caller: 'greedy', callerInFlightMax: 1 };
    const [first, second, third] = [ticket(greedy), ticket(greedy), ticket({ ...greedy, priority: 10 })];
    for (const each of [first, second, third]) arrive(each);
    expect(granted(giveBack(first))).toEqual([third]);
    expect(granted(giveBack(third))).toEqual([second]);
  });

  it('counts over all routes', () => {
    const { arrive, giveBack, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 1 });
    const greedy = { caller: 'greedy', callerInFlightMax: 1 };
    const [onM, onN] = [ticket(greedy), ticket({ ...greedy, route: 'n' })];
    arrive(onM);
    expect(granted(arrive(onN))).toEqual([]);
    expect(granted(giveBack(onM))).toEqual([onN]);
  });

  it('grants what was passed over on a free route although its better ticket still waits on a busy one', () => {
    const { arrive, giveBack, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 2 });
    const greedy = { caller: 'greedy', callerInFlightMax: 1 };
    const [busy, held] = [ticket(), ticket({ ...greedy, route: 'n' })];
    const [onBusy, onFree] = [ticket({ ...greedy, priority: 10 }), ticket({ ...greedy, route: 'n' })];
    for (const each of [busy, held, onBusy, onFree]) arrive(each);
    expect(granted(giveBack(held))).toEqual([onFree]);
  });

  it('grants what waits behind a cancelled ticket of the same caller', () => {
    const { arrive, cancel, giveBack, lookAgain, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 1 });
    const greedy = { caller: 'greedy', callerInFlightMax: 1 };
    const [held, first, second] = [ticket({ ...greedy, route: 'n' }), ticket(greedy), ticket(greedy)];
    for (const each of [held, first, second]) arrive(each);
    cancel(first);
    expect(granted(lookAgain())).toEqual([]);
    expect(granted(giveBack(held))).toEqual([second]);
  });

  it('holds for later tickets as they say, when the limit was changed meanwhile', () => {
    const { arrive, cancel, expire, one, ticket } = setup();
    one.slots = 4;
    const [first, narrow, wide, narrowAgain, wideAgain] = [1, 1, 2, 1, 3].map((callerInFlightMax) =>
      ticket({ caller: 'a', callerInFlightMax }),
    ) as [Ticket, Ticket, Ticket, Ticket, Ticket];
    for (const each of [first, narrow, wide, narrowAgain, wideAgain]) arrive(each);
    expect(granted(cancel(narrow))).toEqual([wide]);
    expect(granted(expire(narrowAgain))).toEqual([wideAgain]);
  });

  it('counts nothing for a caller without a limit that would last', () => {
    const { arrive, giveBack, scheduler, ticket } = setup();
    const [first, second] = [
      ticket({ caller: 'a', callerInFlightMax: 1 }),
      ticket({ caller: 'a', callerInFlightMax: 1 }),
    ];
    arrive(first);
    giveBack(first);
    expect(granted(arrive(second))).toEqual([second]);
    giveBack(second);
    expect(scheduler.inFlight).toBe(0);
  });
});

describe('the bounds of the queue', () => {
  it('refuse a ticket that would be one too many, with queue_full', () => {
    const { arrive, scheduler, ticket } = setup({ waitingMax: 1 });
    arrive(ticket());
    arrive(ticket());
    const late = ticket({ priority: 15 });
    const reason = refusedWith(arrive(late), late);
    expect(reason?.code).toBe('queue_full');
    expect(reason?.message).toBe('the queue is full (1 requests wait)');
    expect(scheduler.waiting).toBe(1);
  });

  it('refuse a ticket whose bytes do not fit, and let a smaller one in', () => {
    const { arrive, scheduler, ticket } = setup({ waitingBytesMax: 100 });
    arrive(ticket());
    arrive(ticket({ sizeBytes: 60 }));
    const [large, small] = [ticket({ sizeBytes: 41 }), ticket({ sizeBytes: 40 })];
    expect(refusedWith(arrive(large), large)?.code).toBe('queue_full');
    expect(armedWith(arrive(small), small)).toBe(60_000);
    expect(scheduler.waitingBytes).toBe(100);
  });

  it('do not concern a ticket that need not wait', () => {
    const { arrive, one, slots, ticket } = setup({ waitingMax: 0, waitingBytesMax: 0 });
    one.slots = 1;
    const large = ticket({ sizeBytes: 1_000_000 });
    expect(granted(arrive(large))).toEqual([large]);
    slots.add('two', { routes: ['n'], slots: 1 });
    const other = ticket({ route: 'n' });
    expect(granted(arrive(other))).toEqual([other]);
  });

  it('get their bytes back from a ticket that is granted, cancelled, expired or refused', () => {
    const { arrive, cancel, close, expire, giveBack, scheduler, ticket } = setup();
    const running = ticket();
    arrive(running);
    const waiting = [1, 10, 100, 200].map((sizeBytes) => ticket({ sizeBytes }));
    for (const each of waiting) arrive(each);
    expect(scheduler.waitingBytes).toBe(311);
    giveBack(running);
    expect(scheduler.waitingBytes).toBe(310);
    cancel(waiting[1]!);
    expect(scheduler.waitingBytes).toBe(300);
    expect(scheduler.waiting).toBe(2);
    expire(waiting[2]!);
    expect(scheduler.waitingBytes).toBe(200);
    close();
    expect(scheduler.waitingBytes).toBe(0);
  });
});

describe('the patience of a ticket', () => {
  it('is armed when it has to wait, not when it is granted', () => {
    const { arrive, ticket } = setup();
    const [first, second] = [ticket(), ticket()];
    expect(armedWith(arrive(first), first)).toBe('not armed');
    expect(armedWith(arrive(second), second)).toBe(60_000);
  });

  for (const waitMaxMs of [0, -1]) {
    it(`has no end where the limit is ${waitMaxMs}`, () => {
      const { arrive, ticket } = setup({ waitMaxMs });
      arrive(ticket());
      const waiting = ticket();
      expect(armedWith(arrive(waiting), waiting)).toBeUndefined();
    });
  }

  it('ends with queue_timeout, in the words of the reference', () => {
    const { arrive, expire, scheduler, ticket } = setup();
    arrive(ticket());
    const waiting = ticket();
    arrive(waiting);
    const reason = refusedWith(expire(waiting), waiting);
    expect(reason?.code).toBe('queue_timeout');
    expect(reason?.message).toBe('queue timeout');
    expect(scheduler.waiting).toBe(0);
  });

  it('is another one while no engine is ready', () => {
    const { arrive, one, ticket } = setup();
    one.state = 'starting';
    const waiting = ticket();
    expect(armedWith(arrive(waiting), waiting)).toBe(300_000);
  });

  it('ends with engine_unavailable while no engine is ready, and tells why', () => {
    const { arrive, expire, one, ticket } = setup();
    one.state = 'starting';
    const waiting = ticket();
    arrive(waiting);
    const reason = refusedWith(expire(waiting), waiting);
    expect(reason?.code).toBe('engine_unavailable');
    expect(reason?.message).toBe('no engine became ready in time: one is starting');
    expect(reason?.retryAfterS).toBe(1);
  });

  it('begins anew for all that wait when the engine becomes ready', () => {
    const { arrive, lookAgain, one, ticket } = setup();
    one.state = 'starting';
    const [first, second, third] = [ticket(), ticket(), ticket()];
    for (const each of [first, second, third]) arrive(each);
    one.state = 'ready';
    const effects = lookAgain();
    expect(granted(effects)).toEqual([first]);
    expect(armedWith(effects, second)).toBe(60_000);
    expect(armedWith(effects, third)).toBe(60_000);
  });

  it('begins anew when the engine has to start again', () => {
    const { arrive, lookAgain, one, ticket } = setup();
    arrive(ticket());
    const waiting = ticket();
    arrive(waiting);
    one.state = 'starting';
    expect(armedWith(lookAgain(), waiting)).toBe(300_000);
  });

  it('does not begin anew when a change of the engines changes nothing for the route', () => {
    const { arrive, lookAgain, slots, ticket } = setup();
    arrive(ticket());
    arrive(ticket());
    slots.add('two', { routes: ['n'], slots: 1, state: 'starting' });
    expect(lookAgain()).toEqual([]);
  });

  it('ends for nobody who does not wait any more', () => {
    const { arrive, expire, scheduler, ticket } = setup();
    const running = ticket();
    arrive(running);
    expect(expire(running)).toEqual([]);
    expect(scheduler.inFlight).toBe(1);
  });
});

describe('engines that are down', () => {
  it('refuse at once, with the reason and Retry-After', () => {
    const { arrive, one, ticket } = setup();
    one.state = 'down';
    const late = ticket();
    const reason = refusedWith(arrive(late), late);
    expect(reason?.code).toBe('engine_unavailable');
    expect(reason?.message).toBe('upstream unavailable: one is down');
    expect(reason?.retryAfterS).toBe(1);
  });

  it('refuse all that wait on their route, and nobody else', () => {
    const { arrive, lookAgain, one, scheduler, slots, ticket } = setup();
    slots.add('two', { routes: ['n'], slots: 0 });
    const [, first, second, elsewhere] = [ticket(), ticket(), ticket(), ticket({ route: 'n' })];
    for (const each of [ticket(), first, second, elsewhere]) arrive(each);
    one.state = 'down';
    const effects = lookAgain();
    expect(effects.map(({ ticket }) => ticket)).toEqual([first, second]);
    expect(refusedWith(effects, first)?.code).toBe('engine_unavailable');
    expect(scheduler.waiting).toBe(1);
  });

  it('do not matter while another engine of the route is there', () => {
    const { arrive, one, slots, ticket } = setup();
    one.state = 'down';
    const two = slots.add('two', { routes: ['m'], slots: 1, state: 'starting' });
    const waiting = ticket();
    expect(armedWith(arrive(waiting), waiting)).toBe(300_000);
    two.state = 'ready';
    const next = ticket({ priority: 1 });
    expect(granted(arrive(next))).toEqual([waiting]);
  });
});

describe('a ticket that comes back after a failed attempt', () => {
  it('goes before those that came after it', () => {
    const { arrive, comeBack, giveBack, ticket } = setup();
    const [failed, second, third] = [ticket(), ticket(), ticket()];
    for (const each of [failed, second, third]) arrive(each);
    giveBack(failed);
    comeBack(failed);
    expect(granted(giveBack(second))).toEqual([failed]);
  });

  it('is granted at once where a slot is free, of another engine if there is one', () => {
    const { arrive, comeBack, giveBack, lease, slots, ticket } = setup();
    const two = slots.add('two', { routes: ['m'], slots: 1 });
    const failed = ticket();
    arrive(failed);
    giveBack(failed);
    const back = { ...failed, avoidedEngine: 'one' };
    expect(granted(comeBack(back))).toEqual([back]);
    expect(lease(back)?.engine).toBe(two);
  });

  it('is not turned away by the bounds: it was admitted once', () => {
    const { arrive, comeBack, giveBack, scheduler, ticket } = setup({ waitingMax: 1, waitingBytesMax: 10 });
    const [failed, second, third] = [ticket({ sizeBytes: 10 }), ticket(), ticket({ sizeBytes: 10 })];
    arrive(failed);
    arrive(second);
    giveBack(failed);
    arrive(third);
    expect(armedWith(comeBack(failed), failed)).toBe(60_000);
    expect(scheduler.waiting).toBe(2);
    const late = ticket();
    expect(refusedWith(arrive(late), late)?.code).toBe('queue_full');
  });

  it('is refused where its engines went down meanwhile', () => {
    const { arrive, comeBack, giveBack, one, ticket } = setup();
    const failed = ticket();
    arrive(failed);
    giveBack(failed);
    one.state = 'down';
    expect(refusedWith(comeBack(failed), failed)?.code).toBe('engine_unavailable');
  });

  it('is refused after the close', () => {
    const { arrive, close, comeBack, giveBack, ticket } = setup();
    const failed = ticket();
    arrive(failed);
    close();
    giveBack(failed);
    expect(refusedWith(comeBack(failed), failed)?.code).toBe('shutting_down');
  });
});

describe('the close', () => {
  it('refuses all that wait, on every route and also those that were passed over', () => {
    const { arrive, close, one, scheduler, slots, ticket } = setup();
    one.slots = 2;
    slots.add('two', { routes: ['n'], slots: 0 });
    const greedy = { caller: 'greedy', callerInFlightMax: 1 };
    const [held, passedOver, elsewhere] = [ticket(greedy), ticket(greedy), ticket({ route: 'n' })];
    for (const each of [held, passedOver, elsewhere]) arrive(each);
    const effects = close();
    expect(refusedWith(effects, passedOver)?.code).toBe('shutting_down');
    expect(refusedWith(effects, elsewhere)?.code).toBe('shutting_down');
    expect(effects).toHaveLength(2);
    expect(scheduler.waiting).toBe(0);
  });

  it('lets leases go on and come back', () => {
    const { arrive, close, giveBack, scheduler, ticket } = setup();
    const running = ticket();
    arrive(running);
    close();
    expect(scheduler.inFlight).toBe(1);
    expect(giveBack(running)).toEqual([]);
    expect(scheduler.inFlight).toBe(0);
  });

  it('refuses all that come later, although a slot is free', () => {
    const { arrive, close, ticket } = setup();
    close();
    expect(close()).toEqual([]);
    const late = ticket();
    const reason = refusedWith(arrive(late), late);
    expect(reason?.code).toBe('shutting_down');
    expect(reason?.retryAfterS).toBe(5);
  });
});

describe('a ticket that was cancelled', () => {
  it('makes room in the queue', () => {
    const { arrive, cancel, ticket } = setup({ waitingMax: 1 });
    const [, gone, next] = [arrive(ticket()), ticket(), ticket()];
    arrive(gone);
    expect(cancel(gone)).toEqual([]);
    expect(armedWith(arrive(next), next)).toBe(60_000);
  });

  it('changes nothing where it does not wait any more', () => {
    const { arrive, cancel, scheduler, ticket } = setup();
    const running = ticket();
    arrive(running);
    expect(cancel(running)).toEqual([]);
    expect(cancel(ticket())).toEqual([]);
    expect(scheduler.inFlight).toBe(1);
  });
});

describe('Retry-After', () => {
  it('is the measured time of an answer for each that waits on the route, shared by its slots', () => {
    const { arrive, giveBack, one, ticket } = setup({ waitingMax: 4 });
    const first = ticket();
    arrive(first);
    giveBack(first, 6_000);
    one.slots = 2;
    for (let count = 0; count < 6; count += 1) arrive(ticket());
    const late = ticket();
    // Four wait, it would be the fifth: 5 x 6 s by 2 slots.
    expect(refusedWith(arrive(late), late)?.retryAfterS).toBe(15);
  });

  it('counts no more slots than may be used', () => {
    const { arrive, giveBack, one, ticket } = setup({ waitingMax: 0, inFlightMax: 1 });
    one.slots = 8;
    const [first, running, late] = [ticket(), ticket(), ticket()];
    arrive(first);
    giveBack(first, 6_000);
    arrive(running);
    expect(refusedWith(arrive(late), late)?.retryAfterS).toBe(6);
  });

  it('is measured apart for each route', () => {
    const { arrive, giveBack, slots, ticket } = setup({ waitingMax: 0 });
    slots.add('two', { routes: ['n'], slots: 1 });
    const [slow, quick] = [ticket(), ticket({ route: 'n' })];
    arrive(slow);
    giveBack(slow, 40_000);
    arrive(quick);
    giveBack(quick, 20);
    arrive(ticket());
    arrive(ticket({ route: 'n' }));
    const [onSlow, onQuick] = [ticket(), ticket({ route: 'n' })];
    expect(refusedWith(arrive(onSlow), onSlow)?.retryAfterS).toBe(40);
    expect(refusedWith(arrive(onQuick), onQuick)?.retryAfterS).toBe(1);
  });
});

describe('mistakes of its owner', () => {
  it('are told: a ticket that waits already', () => {
    const { arrive, scheduler, ticket } = setup();
    arrive(ticket());
    const waiting = ticket();
    arrive(waiting);
    expect(() => scheduler.onArrival(waiting)).toThrow('waits already');
  });

  it('are told: a lease that nobody was granted', () => {
    const { scheduler, ticket } = setup();
    expect(() => scheduler.onRelease(ticket(), 1)).toThrow('more leases were released than granted');
  });
});
