import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { type EngineStatus, SlotStuckError } from '../../src/engine/engine.js';
import { type Lease, Member, type MemberOptions } from '../../src/pool/member.js';
import { ManualEngine } from '../support/manual-engine.js';
import { RecordingSink } from '../support/recording-sink.js';

const CALL = { method: 'POST', path: '/', headers: {}, body: Buffer.alloc(0), stream: false } as const;

function make(status: Partial<EngineStatus> = {}, options: Partial<MemberOptions> = {}) {
  const engine = new ManualEngine('one', { slots: 2, ...status });
  const member = new Member({ engine, models: [], aliases: [], weight: 1, ...options });
  engine.onChange(() => member.statusChanged());
  member.statusChanged();
  return { engine, member };
}

/** Uses a lease for a call that ends with `error`, and gives it back. */
async function failWith(engine: ManualEngine, lease: Lease, error: Error): Promise<void> {
  const call = lease.forward(CALL, new RecordingSink(), new AbortController().signal);
  engine.calls.at(-1)!.fail(error);
  await expect(call).rejects.toBe(error);
  lease.release();
}

describe('the slots of a member', () => {
  it('are taken by a lease and free again after its release', () => {
    const { member } = make();
    const lease = member.acquire();
    expect([member.free, member.inUse]).toEqual([1, 1]);
    lease.release();
    expect([member.free, member.inUse]).toEqual([2, 0]);
  });

  it('are not given back twice: the second release throws and changes nothing', () => {
    const { member } = make();
    const lease = member.acquire();
    lease.release();
    expect(() => lease.release()).toThrow('lease on one released twice');
    expect([member.free, member.inUse]).toEqual([2, 0]);
  });

  for (const state of ['stopped', 'starting', 'backoff', 'crash-loop', 'unreachable'] as const) {
    it(`are not free while its engine is ${state}`, () => {
      expect(make({ state }).member.free).toBe(0);
    });
  }

  it('are never fewer than none, where the engine came back with fewer than are held', () => {
    const { engine, member } = make();
    member.acquire();
    member.acquire();
    engine.change({ slots: 1 });
    expect(member.free).toBe(0);
  });

  it('stay held over a restart until those who hold them let go', () => {
    const { engine, member } = make();
    const lease = member.acquire();
    engine.change({ state: 'backoff' });
    engine.change({ state: 'ready' });
    expect(member.free).toBe(1);
    lease.release();
    expect(member.free).toBe(2);
  });
});

describe('a lease', () => {
  it('hands the call to its engine', async () => {
    const { engine, member } = make();
    const sink = new RecordingSink();
    const { signal } = new AbortController();
    const answer = member.acquire().forward(CALL, sink, signal);
    expect(engine.calls).toMatchObject([{ call: CALL, sink, signal }]);
    engine.calls[0]!.end();
    await answer;
  });
});

describe('a slot that is stuck', () => {
  const stuck = new SlotStuckError('it goes on');

  it('is free for nobody, and its engine is asked to free it', async () => {
    const { engine, member } = make();
    await failWith(engine, member.acquire(), stuck);
    expect([member.free, member.inUse, member.quarantined]).toEqual([1, 0, 1]);
    expect(engine.recycled).toEqual(['a cancelled request did not free its slot']);
  });

  it('is held until its release, not before', async () => {
    const { engine, member } = make();
    const call = member.acquire().forward(CALL, new RecordingSink(), new AbortController().signal);
    engine.calls[0]!.fail(stuck);
    await expect(call).rejects.toBe(stuck);
    expect([member.inUse, member.quarantined]).toEqual([1, 0]);
    expect(engine.recycled).toEqual([]);
  });

  it('is forgotten when the engine was restarted', async () => {
    const { engine, member } = make();
    await failWith(engine, member.acquire(), stuck);
    engine.change({ state: 'starting' });
    expect(member.quarantined).toBe(1);
    engine.change({ state: 'ready' });
    expect([member.free, member.quarantined]).toEqual([2, 0]);
  });

  it('is not forgotten when the engine tells something else', async () => {
    const { engine, member } = make();
    await failWith(engine, member.acquire(), stuck);
    engine.change({ models: ['m', 'n'] });
    expect(member.quarantined).toBe(1);
  });

  it('is not what any other failure means', async () => {
    const { engine, member } = make();
    await failWith(engine, member.acquire(), new GollamaError('engine_error', 'cut'));
    expect([member.free, member.quarantined]).toEqual([2, 0]);
    expect(engine.recycled).toEqual([]);
  });

  it('stays stuck although a later call with the same lease fails in another way', async () => {
    const { engine, member } = make();
    const lease = member.acquire();
    const first = lease.forward(CALL, new RecordingSink(), new AbortController().signal);
    engine.calls[0]!.fail(stuck);
    await expect(first).rejects.toBe(stuck);
    const second = lease.forward(CALL, new RecordingSink(), new AbortController().signal);
    engine.calls[1]!.fail(new GollamaError('engine_error', 'cut'));
    await expect(second).rejects.toThrow('cut');
    lease.release();
    expect(member.quarantined).toBe(1);
  });
});

describe('the names of a member', () => {
  it('are those that its engine tells, where the user gave none', () => {
    const { engine, member } = make({ models: ['m'] });
    expect(member.strict).toBe(false);
    expect(member.serves('m')).toBe(true);
    engine.change({ models: ['n'] });
    expect([member.serves('m'), member.serves('n')]).toEqual([false, true]);
  });

  it('are those that the user gave, whatever its engine tells', () => {
    const { member } = make({ models: ['m'] }, { models: ['mine'] });
    expect(member.strict).toBe(true);
    expect(member.models).toEqual(['mine']);
    expect(member.serves('m')).toBe(false);
  });

  it('are served under an alias too, which the engine is not told', () => {
    const { member } = make({ models: ['m', 'n'] }, { aliases: ['gpt-4o'] });
    expect(member.serves('gpt-4o')).toBe(true);
    expect(member.engineModel('gpt-4o')).toBe('m');
    expect(member.engineModel('n')).toBe('n');
    expect(member.engineModel('unheard of')).toBe('unheard of');
  });

  it('leave an alias as it is while the engine tells no model', () => {
    const { member } = make({ models: [] }, { aliases: ['gpt-4o'] });
    expect(member.engineModel('gpt-4o')).toBe('gpt-4o');
  });
});
