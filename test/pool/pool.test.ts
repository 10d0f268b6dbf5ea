import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { silentLogger } from '../../src/base/logger.js';
import { type EngineState, SlotStuckError } from '../../src/engine/engine.js';
import type { MemberOptions } from '../../src/pool/member.js';
import { Pool } from '../../src/pool/pool.js';
import { ManualEngine } from '../support/manual-engine.js';
import { RecordingSink } from '../support/recording-sink.js';

const CALL = { method: 'POST', path: '/', headers: {}, body: Buffer.alloc(0), stream: false } as const;

function poolOf(...members: (Partial<MemberOptions> & { engine: ManualEngine })[]): Pool {
  return new Pool(
    members.map((member) => ({ models: [], aliases: [], weight: 1, ...member })),
    silentLogger,
  );
}

function thrownBy(act: () => unknown): GollamaError {
  try {
    act();
  } catch (error) {
    if (error instanceof GollamaError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the route of a model', () => {
  const one = new ManualEngine('one', { models: ['m'] });
  const two = new ManualEngine('two', { models: ['n', 'shared'] });
  const three = new ManualEngine('three', { models: ['shared'], slots: 2 });
  const pool = poolOf({ engine: one, aliases: ['gpt-4o'] }, { engine: two }, { engine: three });

  it('leads to the engine that tells its name', () => {
    expect(pool.tryAcquire(pool.route('n'))?.engine).toBe(two);
  });

  it('leads to the engine by an alias, and the engine is asked by its own name', () => {
    const lease = pool.tryAcquire(pool.route('gpt-4o'));
    expect(lease?.engine).toBe(one);
    expect(pool.engineModel('one', 'gpt-4o')).toBe('m');
    lease?.release();
  });

  it('leads to any engine that serves the name', () => {
    const names = pool.members
      .filter((member) => pool.isOn(pool.route('shared'), member))
      .map(({ engine }) => engine.name);
    expect(names).toEqual(['two', 'three']);
  });

  it('does not exist for a name that nobody serves: the error lists those that are', () => {
    const error = thrownBy(() => pool.route('nonesuch'));
    expect(error.code).toBe('model_not_found');
    expect(error.param).toBe('model');
    expect(error.message).toBe("the model 'nonesuch' does not exist: served here: m, n, shared");
  });

  it('must be said where several engines could be meant', () => {
    for (const missing of [undefined, '']) {
      const error = thrownBy(() => pool.route(missing));
      expect(error.code).toBe('invalid_request');
      expect(error.message).toBe('you must name a model: served here: m, n, shared');
    }
  });

  it('lists no more than 20 names', () => {
    const models = Array.from({ length: 30 }, (_, index) => `model-${index}`);
    const many = poolOf({ engine: new ManualEngine('one', { models }) }, { engine: two });
    expect(thrownBy(() => many.route('nonesuch')).message).toContain('model-19');
    expect(thrownBy(() => many.route('nonesuch')).message).not.toContain('model-20');
  });
});

describe('the route to a single engine', () => {
  it('takes any name and none where the user did not tell its models, as llama-server does', () => {
    const engine = new ManualEngine('one', { models: ['m'] });
    const pool = poolOf({ engine });
    for (const name of ['m', 'whatever', undefined, '']) {
      const lease = pool.tryAcquire(pool.route(name));
      expect(lease?.engine).toBe(engine);
      lease?.release();
    }
    expect(pool.serves('whatever')).toBe(false);
  });

  it('takes only the names that the user told, or none', () => {
    const pool = poolOf({ engine: new ManualEngine('one'), models: ['mine'] });
    expect(pool.route('mine')).toBe('mine');
    expect(pool.outlook(pool.route(undefined))).toBe('ready');
    expect(thrownBy(() => pool.route('m')).message).toBe(
      "the model 'm' does not exist (did you mean 'mine'?): served here: mine",
    );
    expect(thrownBy(() => pool.route('mien')).message).toContain("did you mean 'mine'?");
  });
});

describe('a name that is not known yet', () => {
  it('may belong to an engine that is still silent: the client is asked to come back, not told that it does not exist', () => {
    const silent = new ManualEngine('silent', { models: [], state: 'starting', problem: 'loading its model' });
    const pool = poolOf({ engine: silent }, { engine: new ManualEngine('one') });
    const error = thrownBy(() => pool.route('n'));
    expect(error.code).toBe('engine_unavailable');
    expect(error.message).toBe(
      "nobody knows yet whether the model 'n' is served: silent is starting: loading its model",
    );
    expect(error.retryAfterS).toBe(1);
    silent.change({ state: 'ready', models: ['n'] });
    expect(pool.route('n')).toBe('n');
    expect(thrownBy(() => pool.route('other')).code).toBe('model_not_found');
  });
});

describe('the models of a pool', () => {
  it('are told each once, with the first engine that serves it', () => {
    const pool = poolOf(
      { engine: new ManualEngine('one', { models: ['m', 'shared'] }), aliases: ['gpt-4o'] },
      { engine: new ManualEngine('two', { models: ['shared', 'n'] }) },
    );
    expect(pool.models().map(({ name, engine }) => [name, engine.engine.name])).toEqual([
      ['m', 'one'],
      ['shared', 'one'],
      ['n', 'two'],
    ]);
  });
});

describe('a lease of the pool', () => {
  it('is on the engine that carries the least for its weight', () => {
    const [light, heavy] = [new ManualEngine('light', { slots: 4 }), new ManualEngine('heavy', { slots: 4 })];
    const pool = poolOf({ engine: light, weight: 1 }, { engine: heavy, weight: 3 });
    const names = Array.from({ length: 8 }, () => pool.tryAcquire('m')?.engine.name);
    // 3 to 1 while the heavier has slots, then what is left.
    expect(names).toEqual(['heavy', 'heavy', 'light', 'heavy', 'heavy', 'light', 'light', 'light']);
    expect(pool.tryAcquire('m')).toBeUndefined();
  });

  it('is on another engine than the one to avoid, or on that one where no other is free', () => {
    const [one, two] = [new ManualEngine('one', { slots: 4 }), new ManualEngine('two')];
    const pool = poolOf({ engine: one }, { engine: two });
    expect(pool.tryAcquire('m', 'one')?.engine).toBe(two);
    expect(pool.tryAcquire('m', 'one')?.engine).toBe(one);
  });

  it('is never on an engine that is not ready, nor on one of another route', () => {
    const pool = poolOf(
      { engine: new ManualEngine('one', { state: 'backoff' }) },
      { engine: new ManualEngine('two', { models: ['n'] }) },
    );
    expect(pool.tryAcquire('m')).toBeUndefined();
    expect(pool.tryAcquire('unknown')).toBeUndefined();
  });
});

describe('the outlook of a route', () => {
  const outlooks: [EngineState, string][] = [
    ['ready', 'ready'],
    ['starting', 'starting'],
    ['backoff', 'starting'],
    ['stopped', 'down'],
    ['crash-loop', 'down'],
    ['unreachable', 'down'],
  ];
  for (const [state, outlook] of outlooks) {
    it(`is ${outlook} where its only engine is ${state}`, () => {
      expect(poolOf({ engine: new ManualEngine('one', { state }) }).outlook('m')).toBe(outlook);
    });
  }

  it('is that of its best engine', () => {
    const engines = [new ManualEngine('one', { state: 'crash-loop' }), new ManualEngine('two', { state: 'backoff' })];
    const pool = poolOf(...engines.map((engine) => ({ engine })));
    expect(pool.outlook('m')).toBe('starting');
    engines[0]!.change({ state: 'ready' });
    expect(pool.outlook('m')).toBe('ready');
  });

  it('is down where no engine is on the route', () => {
    const pool = poolOf({ engine: new ManualEngine('one') });
    expect(pool.outlook('gone')).toBe('down');
    expect(pool.problem('gone')).toBe('no engine serves it');
  });

  it('tells the problem of each of its engines', () => {
    const pool = poolOf(
      { engine: new ManualEngine('one', { state: 'crash-loop', problem: 'out of memory' }) },
      { engine: new ManualEngine('two', { state: 'stopped' }) },
    );
    expect(pool.problem('m')).toBe('one is crash-loop: out of memory; two is stopped');
  });

  it('counts the slots of its ready engines, used or not', () => {
    const pool = poolOf(
      { engine: new ManualEngine('one', { slots: 4 }) },
      { engine: new ManualEngine('two', { slots: 2, state: 'starting' }) },
      { engine: new ManualEngine('three', { slots: 8, models: ['n'] }) },
    );
    pool.tryAcquire('m');
    expect(pool.slots('m')).toBe(4);
  });
});

describe('the start of a pool', () => {
  it('starts every engine once, also when it is asked twice', async () => {
    const engines = [new ManualEngine('one'), new ManualEngine('two')];
    const pool = poolOf(...engines.map((engine) => ({ engine })));
    let told = 0;
    await Promise.all([pool.start(), pool.start()]);
    pool.onChange(() => {
      told += 1;
    });
    engines[0]!.change({ slots: 2 });
    expect(engines.map(({ starts }) => starts)).toEqual([1, 1]);
    expect(told).toBe(1);
  });

  it('succeeds while one engine of several can be started', async () => {
    const [good, bad] = [new ManualEngine('good'), new ManualEngine('bad')];
    bad.startFailure = new GollamaError('configuration', 'no llama-server');
    await poolOf({ engine: bad }, { engine: good }).start();
  });

  it('fails with the first reason where no engine can be started', async () => {
    const engines = ['one', 'two'].map((name) => new ManualEngine(name));
    for (const engine of engines) engine.startFailure = new GollamaError('configuration', `no ${engine.name}`);
    await expect(poolOf(...engines.map((engine) => ({ engine }))).start()).rejects.toThrow('no one');
  });

  it('succeeds without engines', async () => {
    await poolOf().start();
  });
});

describe('the stop of a pool', () => {
  it('stops every engine, and listens to none any more', async () => {
    const engine = new ManualEngine('one');
    const pool = poolOf({ engine });
    await pool.start();
    let told = 0;
    pool.onChange(() => {
      told += 1;
    });
    await pool.stop();
    engine.change({ state: 'stopped' });
    expect(engine.stops).toBe(1);
    expect(told).toBe(0);
  });

  it('lets it be started again', async () => {
    const engine = new ManualEngine('one');
    const pool = poolOf({ engine });
    await pool.start();
    await pool.stop();
    await pool.start();
    expect(engine.starts).toBe(2);
  });
});

describe('those who listen to a pool', () => {
  it('hear of a change after the member has: stuck slots are free by then', async () => {
    const engine = new ManualEngine('one');
    const pool = poolOf({ engine });
    await pool.start();
    const lease = pool.tryAcquire('m')!;
    const call = lease.forward(CALL, new RecordingSink(), new AbortController().signal);
    engine.calls[0]!.fail(new SlotStuckError('it goes on'));
    await expect(call).rejects.toThrow(SlotStuckError);
    lease.release();
    const free: number[] = [];
    const stop = pool.onChange(() => free.push(pool.members[0]!.free));
    engine.change({ state: 'starting' });
    engine.change({ state: 'ready' });
    stop();
    engine.change({ slots: 7 });
    expect(free).toEqual([0, 1]);
  });
});
