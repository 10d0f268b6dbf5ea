import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { silentLogger } from '../../src/base/logger.js';
import { SlotStuckError } from '../../src/engine/engine.js';
import { Pool } from '../../src/pool/pool.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { type Attempt, Dispatcher, type Grant, type SlotRequest } from '../../src/queue/dispatcher.js';
import type { SchedulerLimits } from '../../src/queue/scheduler.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { ManualEngine } from '../support/manual-engine.js';
import { RecordingSink } from '../support/recording-sink.js';

const CALL = { method: 'POST', path: '/', headers: {}, body: Buffer.alloc(0), stream: false } as const;
const UNREACHED = new GollamaError('engine_unavailable', 'not reached');

/** One use of the dispatcher, and what a test can see of it. */
interface Run {
  readonly promise: Promise<string>;
  readonly grants: Grant[];
  readonly positions: (() => number)[];
  outcome: { value: string } | { error: unknown } | undefined;
  leave(): void;
  /** Ends the attempt under way. */
  answer(attempt: Attempt<string>): Promise<void>;
  fail(error: unknown): Promise<void>;
}

async function setup(options: { limits?: Partial<SchedulerLimits>; engines?: ManualEngine[] } = {}) {
  const clock = new ManualClock();
  const engines = options.engines ?? [new ManualEngine('one')];
  const pool = new Pool(
    engines.map((engine) => ({ engine, models: [], aliases: [], weight: 1 })),
    silentLogger,
  );
  await pool.start();
  const limits = {
    inFlightMax: Number.POSITIVE_INFINITY,
    waitingMax: 10,
    waitingBytesMax: 1_000,
    waitMaxMs: 60_000,
    startWaitMaxMs: 300_000,
    ...options.limits,
  };
  const dispatcher = new Dispatcher({ clock, pool, limits, arrivals: new Arrivals() });
  return { clock, dispatcher, engines, pool, run: (request?: Partial<SlotRequest>) => begin(dispatcher, request) };
}

function begin(dispatcher: Dispatcher, request: Partial<SlotRequest> = {}): Run {
  const whole = { model: 'm', priority: 5, sizeBytes: 0, caller: 'anyone', callerInFlightMax: undefined, ...request };
  const left = new AbortController();
  let attempt: Deferred<Attempt<string>> | undefined;
  const grants: Grant[] = [];
  const positions: (() => number)[] = [];
  const promise = dispatcher.run(whole, left.signal, { onWait: (position) => positions.push(position) }, (grant) => {
    grants.push(grant);
    attempt = deferred();
    return attempt.promise;
  });
  const run: Run = {
    promise,
    grants,
    positions,
    outcome: undefined,
    leave: () => left.abort(),
    answer: (outcome) => {
      attempt!.resolve(outcome);
      return settled();
    },
    fail: (error) => {
      attempt!.reject(error);
      return settled();
    },
  };
  promise.then(
    (value) => {
      run.outcome = { value };
    },
    (error: unknown) => {
      run.outcome = { error };
    },
  );
  return run;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Node 20 has no Promise.withResolvers. */
function deferred<T>(): Deferred<T> {
  const handles: Partial<Omit<Deferred<T>, 'promise'>> = {};
  const promise = new Promise<T>((resolve, reject) => Object.assign(handles, { resolve, reject }));
  return { promise, ...handles } as Deferred<T>;
}

const done = (value = 'answer'): Attempt<string> => ({ done: true, value });
const again = (reason = UNREACHED): Attempt<string> => ({ done: false, reason });
const codeOf = (run: Run) =>
  run.outcome && 'error' in run.outcome ? (run.outcome.error as GollamaError).code : undefined;

describe('a use of a slot', () => {
  it('gives its answer to whoever asked, and the slot back', async () => {
    const { clock, dispatcher, pool, run } = await setup();
    const only = run();
    await settled();
    expect(only.grants).toMatchObject([{ attempt: 1, waitedMs: 0 }]);
    expect(only.grants[0]!.lease.engine.name).toBe('one');
    expect(only.positions).toEqual([]);
    expect(dispatcher.inFlight).toBe(1);
    expect(pool.members[0]!.inUse).toBe(1);
    await only.answer(done('text'));
    expect(only.outcome).toEqual({ value: 'text' });
    expect(dispatcher.inFlight).toBe(0);
    expect(pool.members[0]!.inUse).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('gives the slot back although it throws, and throws the same', async () => {
    const { dispatcher, pool, run } = await setup();
    const only = run();
    await settled();
    const reason = new Error('a bug');
    await only.fail(reason);
    expect(only.outcome).toEqual({ error: reason });
    expect(dispatcher.inFlight).toBe(0);
    expect(pool.members[0]!.inUse).toBe(0);
  });

  it('gives the slot back although it throws before its first await', async () => {
    const { dispatcher, pool } = await setup();
    const request = { model: 'm', priority: 5, sizeBytes: 0, caller: 'anyone', callerInFlightMax: undefined };
    const use = () => {
      throw new Error('a bug');
    };
    const run = dispatcher.run(request, new AbortController().signal, { onWait: () => {} }, use);
    await expect(run).rejects.toThrow('a bug');
    expect(pool.members[0]!.inUse).toBe(0);
  });

  it('is told how long it waited, and its place while it does', async () => {
    const { clock, dispatcher, run } = await setup();
    const [first, second, third] = [run(), run(), run({ priority: 10 })];
    await settled();
    expect(dispatcher.waiting).toBe(2);
    expect(second.positions[0]!()).toBe(2);
    expect(third.positions[0]!()).toBe(1);
    await clock.advanceAsync(2_000);
    await first.answer(done());
    expect(third.grants).toMatchObject([{ attempt: 1, waitedMs: 2_000 }]);
    expect(second.positions[0]!()).toBe(1);
  });

  it('rejects at once for a model that nobody serves', async () => {
    const { dispatcher, run } = await setup({ engines: [new ManualEngine('one'), new ManualEngine('two')] });
    const lost = run({ model: 'nonesuch' });
    await settled();
    expect(codeOf(lost)).toBe('model_not_found');
    expect(dispatcher.waiting).toBe(0);
  });
});

describe('a client that leaves', () => {
  it('while it waits, leaves the queue and never has a slot', async () => {
    const { clock, dispatcher, run } = await setup();
    const [first, second, third] = [run(), run(), run()];
    await settled();
    second.leave();
    await settled();
    expect(codeOf(second)).toBe('cancelled');
    expect(dispatcher.waiting).toBe(1);
    await first.answer(done());
    expect(second.grants).toEqual([]);
    expect(third.grants).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('before it came, is not queued', async () => {
    const { dispatcher } = await setup();
    const request = { model: 'm', priority: 5, sizeBytes: 0, caller: 'anyone', callerInFlightMax: undefined };
    const run = dispatcher.run(request, AbortSignal.abort(), { onWait: () => {} }, async () => done());
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(dispatcher.inFlight).toBe(0);
  });

  it('while it has a slot, keeps it until its use ends', async () => {
    const { dispatcher, run } = await setup();
    const first = run();
    await settled();
    first.leave();
    await settled();
    expect(dispatcher.inFlight).toBe(1);
    await first.fail(new GollamaError('cancelled', 'the engine stopped'));
    expect(dispatcher.inFlight).toBe(0);
    expect(codeOf(first)).toBe('cancelled');
  });
});

describe('patience', () => {
  it('ends after the limit with queue_timeout, and not before', async () => {
    const { clock, dispatcher, run } = await setup();
    const [, second] = [run(), run()];
    await clock.advanceAsync(59_999);
    expect(second.outcome).toBeUndefined();
    await clock.advanceAsync(1);
    expect(codeOf(second)).toBe('queue_timeout');
    expect(dispatcher.waiting).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('has no end where the limit is 0', async () => {
    const { clock, run } = await setup({ limits: { waitMaxMs: 0 } });
    const [first, second] = [run(), run()];
    await clock.advanceAsync(365 * 86_400_000);
    expect(second.outcome).toBeUndefined();
    expect(clock.timers).toBe(0);
    await first.answer(done());
    expect(second.grants).toHaveLength(1);
  });

  it('is longer while the engine starts, and begins anew when it is ready', async () => {
    const { clock, engines, run } = await setup();
    engines[0]!.change({ state: 'starting', slots: 0 });
    const [first, second] = [run(), run()];
    await clock.advanceAsync(250_000);
    expect(first.outcome).toBeUndefined();
    engines[0]!.change({ state: 'ready', slots: 1 });
    await settled();
    expect(first.grants).toHaveLength(1);
    await clock.advanceAsync(59_999);
    expect(second.outcome).toBeUndefined();
    await clock.advanceAsync(1);
    expect(codeOf(second)).toBe('queue_timeout');
  });

  it('ends with engine_unavailable where the engine does not become ready', async () => {
    const { clock, engines, run } = await setup();
    engines[0]!.change({ state: 'starting', slots: 0 });
    const only = run();
    await clock.advanceAsync(300_000);
    expect(codeOf(only)).toBe('engine_unavailable');
  });
});

describe('a refusal', () => {
  it('comes at once where all engines are down', async () => {
    const { engines, run } = await setup();
    engines[0]!.change({ state: 'crash-loop', problem: 'it exits with code 1' });
    const only = run();
    await settled();
    expect(codeOf(only)).toBe('engine_unavailable');
    expect(only.outcome).toMatchObject({
      error: { message: 'upstream unavailable: one is crash-loop: it exits with code 1', retryAfterS: 1 },
    });
    expect(only.positions).toEqual([]);
  });

  it('comes to those who wait when the last engine goes down', async () => {
    const { clock, engines, run } = await setup();
    const [first, second] = [run(), run()];
    await settled();
    engines[0]!.change({ state: 'unreachable' });
    await settled();
    expect(codeOf(second)).toBe('engine_unavailable');
    expect(first.outcome).toBeUndefined();
    expect(clock.timers).toBe(0);
  });

  it('comes to one more than may wait, who is not told to wait', async () => {
    const { run } = await setup({ limits: { waitingMax: 0 } });
    const [, second] = [run(), run()];
    await settled();
    expect(codeOf(second)).toBe('queue_full');
    expect(second.positions).toEqual([]);
  });
});

describe('an attempt that reached nobody', () => {
  it('is made again after a moment, with the time in the queue summed up', async () => {
    const { clock, run } = await setup();
    const [first, second] = [run(), run()];
    await clock.advanceAsync(3_000);
    await first.answer(done());
    await second.answer(again());
    expect(second.grants).toHaveLength(1);
    await clock.advanceAsync(100);
    expect(second.grants).toMatchObject([
      { attempt: 1, waitedMs: 3_000 },
      { attempt: 2, waitedMs: 3_000 },
    ]);
    await second.answer(done('at last'));
    expect(second.outcome).toEqual({ value: 'at last' });
    expect(clock.timers).toBe(0);
  });

  it('is made again in its old place in the queue', async () => {
    const { clock, run } = await setup();
    const [first, second, third] = [run(), run(), run()];
    await settled();
    await first.answer(again());
    expect(second.grants).toHaveLength(1);
    await clock.advanceAsync(100);
    expect(first.positions[0]!()).toBe(1);
    await second.answer(done());
    expect(first.grants).toHaveLength(2);
    expect(third.grants).toEqual([]);
  });

  it('is made again although the queue is full by then', async () => {
    const { clock, dispatcher, run } = await setup({ limits: { waitingMax: 1 } });
    const [first, second] = [run(), run()];
    await settled();
    await first.answer(again());
    const third = run();
    await clock.advanceAsync(100);
    expect([first.outcome, third.outcome]).toEqual([undefined, undefined]);
    expect(dispatcher.waiting).toBe(2);
    await second.answer(done());
    expect(first.grants).toHaveLength(2);
  });

  it('is made again on another engine where one is free', async () => {
    const engines = [new ManualEngine('one'), new ManualEngine('two')];
    const { clock, run } = await setup({ engines });
    const only = run();
    await settled();
    await only.answer(again());
    await clock.advanceAsync(100);
    expect(only.grants.map(({ lease }) => lease.engine.name)).toEqual(['one', 'two']);
  });

  it('waits for its engine to come back', async () => {
    const { clock, engines, run } = await setup();
    const only = run();
    await settled();
    await only.answer(again());
    engines[0]!.change({ state: 'backoff' });
    await clock.advanceAsync(100);
    expect(only.grants).toHaveLength(1);
    engines[0]!.change({ state: 'ready' });
    await settled();
    expect(only.grants).toHaveLength(2);
  });

  it('is made twice, not a third time: the last reason is told', async () => {
    const { clock, dispatcher, run } = await setup();
    const only = run();
    await settled();
    await only.answer(again(new GollamaError('engine_unavailable', 'the first time')));
    await clock.advanceAsync(100);
    await only.answer(again(new GollamaError('engine_error', 'the second time')));
    expect(codeOf(only)).toBe('engine_error');
    await clock.advanceAsync(1_000);
    expect(only.grants).toHaveLength(2);
    expect(dispatcher.inFlight).toBe(0);
  });

  it('is not made again for a client that has left', async () => {
    const { clock, run } = await setup();
    const only = run();
    await settled();
    only.leave();
    await only.answer(again());
    await clock.advanceAsync(1_000);
    expect(codeOf(only)).toBe('engine_unavailable');
    expect(only.grants).toHaveLength(1);
  });

  it('is not made again for a client that leaves in that moment', async () => {
    const { clock, dispatcher, run } = await setup();
    const only = run();
    await settled();
    await only.answer(again());
    only.leave();
    await settled();
    expect(codeOf(only)).toBe('cancelled');
    expect(dispatcher.waiting).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

describe('a stuck slot', () => {
  it('is given to nobody until its engine was restarted', async () => {
    const { engines, pool, run } = await setup();
    const [first, second] = [run(), run()];
    await settled();
    const answer = first.grants[0]!.lease.forward(CALL, new RecordingSink(), new AbortController().signal);
    engines[0]!.calls[0]!.fail(new SlotStuckError('it goes on'));
    await expect(answer).rejects.toThrow(SlotStuckError);
    await first.fail(new GollamaError('cancelled', 'the client left'));
    expect(engines[0]!.recycled).toHaveLength(1);
    expect(pool.members[0]!.quarantined).toBe(1);
    expect(second.grants).toEqual([]);
    engines[0]!.change({ state: 'starting' });
    engines[0]!.change({ state: 'ready' });
    await settled();
    expect(second.grants).toHaveLength(1);
  });
});

describe('an observer that throws', () => {
  it('ends its run and leaves no ticket behind that a slot could be lost to', async () => {
    const { clock, dispatcher, run } = await setup();
    const first = run();
    const request = { model: 'm', priority: 5, sizeBytes: 0, caller: 'anyone', callerInFlightMax: undefined };
    const onWait = () => {
      throw new Error('the response is closed');
    };
    const second = dispatcher.run(request, new AbortController().signal, { onWait }, async () => done());
    await expect(second).rejects.toThrow('the response is closed');
    expect(dispatcher.waiting).toBe(0);
    await first.answer(done());
    expect(dispatcher.inFlight).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

describe('the counts', () => {
  it('tell how many wait for an engine and at each priority', async () => {
    const engines = [new ManualEngine('one', { models: ['m', 'n'] }), new ManualEngine('two', { models: ['n'] })];
    const { dispatcher, pool, run } = await setup({ engines });
    for (const [model, priority] of [
      ['m', 5],
      ['n', 5],
      ['m', 5],
      ['m', 10],
      ['n', 10],
    ] as const) {
      run({ model, priority });
    }
    await settled();
    expect(pool.members.map((member) => dispatcher.waitingFor(member))).toEqual([3, 1]);
    expect(dispatcher.waitingByPriority()).toEqual(
      new Map([
        [5, 1],
        [10, 2],
      ]),
    );
  });
});

describe('the drain', () => {
  it('refuses what waits and what comes, and ends when the last lease is back', async () => {
    const { dispatcher, run } = await setup();
    const [first, second] = [run(), run()];
    await settled();
    let drained = false;
    const drain = dispatcher.drain(new AbortController().signal).then(() => {
      drained = true;
    });
    const late = run();
    await settled();
    expect(codeOf(second)).toBe('shutting_down');
    expect(codeOf(late)).toBe('shutting_down');
    expect(drained).toBe(false);
    await first.answer(done());
    await drain;
    expect(first.outcome).toEqual({ value: 'answer' });
  });

  it('ends at once where nothing runs, also a second time', async () => {
    const { dispatcher } = await setup();
    await dispatcher.drain(new AbortController().signal);
    await dispatcher.drain(new AbortController().signal);
  });

  it('ends when its signal aborts, and what runs may still end', async () => {
    const { dispatcher, run } = await setup();
    const first = run();
    await settled();
    const patience = new AbortController();
    const drain = dispatcher.drain(patience.signal);
    patience.abort();
    await drain;
    expect(dispatcher.inFlight).toBe(1);
    await first.answer(done());
    expect(dispatcher.inFlight).toBe(0);
  });

  it('lets no failed attempt begin again', async () => {
    const { clock, dispatcher, run } = await setup();
    const first = run();
    await settled();
    const drain = dispatcher.drain(new AbortController().signal);
    await first.answer(again());
    await drain;
    await clock.advanceAsync(100);
    expect(codeOf(first)).toBe('shutting_down');
    expect(first.grants).toHaveLength(1);
  });
});
