import { describe, expect, it } from 'vitest';
import { LEGAL_MOVES, type TaskState } from '../../../src/tasks/task.js';
import type { Claim, FullTask, Moved, Settlement } from '../../../src/tasks/task-store.js';
import {
  COMPLETED,
  CRASHED,
  ENGINE,
  FAILED,
  type Harness,
  HOUR_MS,
  MODEL,
  OTHER_MODEL,
  RETURNED,
  retryAt,
} from './harness.js';

interface Move {
  readonly name: string;
  /** In these states it does something. */
  readonly from: readonly TaskState[];
  /** Undefined: the state stays. */
  readonly to: TaskState | undefined;
  /** True where it says that it did. */
  readonly act: (harness: Harness, task: FullTask, claim: Claim) => Promise<boolean>;
}

const STATES = Object.keys(LEGAL_MOVES) as TaskState[];
const settle = (settlement: Settlement) => (h: Harness, _task: FullTask, claim: Claim) =>
  h.store.settle(claim, settlement);
const byId = (move: (h: Harness, id: string) => Promise<Moved | undefined>) => async (h: Harness, task: FullTask) => {
  const outcome = await move(h, task.id);
  const { body: _body, result: _result, ...now } = await h.get(task.id);
  expect(outcome?.task).toEqual(now);
  return outcome?.moved === true;
};

const MOVES: readonly Move[] = [
  {
    name: 'a claim',
    from: ['ready'],
    to: 'running',
    act: async (h, task) => (await h.store.claim(task.model, ENGINE)) !== undefined,
  },
  { name: 'a completion', from: ['running'], to: 'completed', act: settle(COMPLETED) },
  { name: 'a failure', from: ['running'], to: 'failed', act: settle(FAILED) },
  {
    name: 'a delay before the next attempt',
    from: ['running'],
    to: 'delayed',
    act: (h, task, claim) => settle(retryAt(h.nowMs + HOUR_MS))(h, task, claim),
  },
  { name: 'a return', from: ['running'], to: 'ready', act: settle(RETURNED) },
  { name: 'a return after a crash', from: ['running'], to: 'ready', act: settle(CRASHED) },
  {
    name: 'a cancel',
    from: ['ready', 'delayed', 'running'],
    to: 'cancelled',
    act: byId((h, id) => h.store.cancel(id)),
  },
  {
    name: 'a retry by hand',
    from: ['failed', 'cancelled'],
    to: 'ready',
    act: byId((h, id) => h.store.retry(id)),
  },
  {
    name: 'a change of priority',
    from: ['ready', 'delayed', 'running'],
    to: undefined,
    act: byId((h, id) => h.store.setPriority(id, 42)),
  },
];

/** Takes place without anybody asking for it. */
const BY_TIME = 'delayed ready';

function describeLegality(opened: () => Harness): void {
  it('the table of these tests knows every legal move and no other', () => {
    const tested = MOVES.flatMap(({ from, to }) => (to ? from.map((state) => `${state} ${to}`) : []));
    const legal = STATES.flatMap((state) => LEGAL_MOVES[state].map((to) => `${state} ${to}`));
    expect(new Set([...tested, BY_TIME])).toEqual(new Set(legal));
  });

  for (const move of MOVES) {
    const others = STATES.filter((state) => !move.from.includes(state));
    it(`${move.name} moves a task that is ${move.from.join(' or ')}`, async () => {
      const h = opened();
      for (const state of move.from) {
        const { task, claim } = await h.taskIn(state, { model: state });
        h.forgetChanges();
        expect(await move.act(h, task, claim), state).toBe(true);
        const after = await h.get(task.id);
        expect(after.state, state).toBe(move.to ?? state);
        expect(await h.told(), state).toHaveLength(1);
        const { body: _body, result: _result, ...told } = after;
        expect(h.changes[0]?.task, state).toEqual(told);
        expect(h.changes[0]?.atMs, state).toBe(h.nowMs);
      }
    });

    it(`${move.name} leaves a task alone that is ${others.join(' or ')}`, async () => {
      const h = opened();
      for (const state of others) {
        const { task, claim } = await h.taskIn(state, { model: state });
        const counts = h.store.counts();
        const head = h.store.head(state);
        h.forgetChanges();
        expect(await move.act(h, task, claim), state).toBe(false);
        expect(await h.get(task.id), state).toEqual(task);
        expect(await h.told(), state).toEqual([]);
        expect(h.store.counts(), state).toEqual(counts);
        expect(h.store.head(state), state).toEqual(head);
      }
    });
  }

  it('moves of a task that is not there come to nothing', async () => {
    const h = opened();
    const { task, claim } = await h.taskIn('running');
    const strange = { ...claim, task: { ...claim.task, number: task.number + 1000, id: 'zzz-000000000000' } };
    const wrongTag = `${task.id.slice(0, -1)}${task.id.endsWith('0') ? '1' : '0'}`;
    for (const id of ['', 'nobody', strange.task.id, wrongTag]) {
      expect(await h.store.get(id)).toBeUndefined();
      expect(await h.store.cancel(id)).toBeUndefined();
      expect(await h.store.retry(id)).toBeUndefined();
      expect(await h.store.setPriority(id, 1)).toBeUndefined();
    }
    expect(await h.store.settle(strange, COMPLETED)).toBe(false);
    expect(await h.get(task.id)).toEqual(task);
  });
}

function describeSettling(opened: () => Harness): void {
  it('a completed task has its result, and no error any more', async () => {
    const h = opened();
    const task = await h.submitOne();
    await h.store.settle(await h.claim(), retryAt(h.nowMs + 10));
    await h.advance(10);
    await h.untilIn('ready', task.id);
    expect((await h.get(task.id)).error).toBe('try again');
    const claim = await h.claim();
    const startedAtMs = h.nowMs;
    await h.advance(5);
    const result = JSON.stringify({ text: '\u4f60 \u{1f600}'.repeat(100_000) });
    expect(await h.store.settle(claim, { kind: 'completed', result })).toBe(true);
    expect(await h.get(task.id)).toMatchObject({
      state: 'completed',
      error: undefined,
      result,
      retryCount: 1,
      startedAtMs,
      finishedAtMs: startedAtMs + 5,
      dueAtMs: undefined,
      engine: ENGINE,
    });
  });

  it('a failed task has its error', async () => {
    const h = opened();
    const { task } = await h.taskIn('failed');
    expect(task).toMatchObject({ error: 'it broke', result: undefined, retryCount: 0, crashes: 0 });
    expect(task.finishedAtMs).toBe(h.nowMs);
  });

  it('a task that will be tried again has its error, one retry more and its time', async () => {
    const h = opened();
    const task = await h.submitOne();
    for (const retryCount of [1, 2, 3]) {
      const dueAtMs = h.nowMs + 100;
      await h.store.settle(await h.claim(), { kind: 'retry', error: `no ${retryCount}`, dueAtMs });
      const expected = { state: 'delayed', retryCount, error: `no ${retryCount}`, dueAtMs, finishedAtMs: undefined };
      expect(await h.get(task.id)).toMatchObject(expected);
      await h.advance(100);
      expect(await h.untilIn('ready', task.id)).toMatchObject({ retryCount, dueAtMs: undefined });
    }
    expect((await h.claim()).turn).toBe(4);
  });

  it('a task whose next attempt is due already is ready soon', async () => {
    const h = opened();
    const task = await h.submitOne();
    await h.store.settle(await h.claim(), retryAt(h.nowMs));
    await h.advance(0);
    await h.untilIn('ready', task.id);
    expect(await h.told()).toEqual(
      ['submitted', 'started', 'retrying', 'readied'].map((move) => `${move} ${task.number}`),
    );
  });

  it('a returned task has used up no attempt, and counts its crashes', async () => {
    const h = opened();
    const task = await h.submitOne();
    await h.store.settle(await h.claim(), RETURNED);
    expect(await h.get(task.id)).toMatchObject({ state: 'ready', retryCount: 0, crashes: 0, order: task.order });
    await h.store.settle(await h.claim(), CRASHED);
    expect(await h.get(task.id)).toMatchObject({ state: 'ready', retryCount: 0, crashes: 1, order: task.order });
  });

  it('a cancelled task has ended now, and waits for nothing', async () => {
    const h = opened();
    const { task } = await h.taskIn('delayed');
    await h.advance(20);
    await h.store.cancel(task.id);
    const after = await h.get(task.id);
    expect(after).toMatchObject({
      state: 'cancelled',
      finishedAtMs: h.nowMs,
      dueAtMs: undefined,
      startedAtMs: undefined,
    });
    await h.advance(2 * HOUR_MS);
    expect((await h.get(task.id)).state).toBe('cancelled');
  });

  it('a task that is retried by hand has all its attempts again', async () => {
    const h = opened();
    const task = await h.submitOne();
    await h.store.settle(await h.claim(), CRASHED);
    await h.store.settle(await h.claim(), retryAt(h.nowMs + 1));
    await h.advance(1);
    await h.untilIn('ready', task.id);
    const claim = await h.claim();
    await h.store.settle(claim, FAILED);
    const retried = await h.store.retry(task.id);
    expect(retried).toMatchObject({
      moved: true,
      task: { id: task.id, state: 'ready', retryCount: 0, crashes: 0, error: undefined, finishedAtMs: undefined },
    });
    expect(retried!.task.order).toBeGreaterThan(task.order);
    expect((await h.claim()).turn).toBe(claim.turn + 1);
  });

  it('a task may change its priority while it is delayed', async () => {
    const h = opened();
    const { task } = await h.taskIn('delayed');
    await h.store.setPriority(task.id, 99);
    await h.submitOne({ priority: 50 });
    await h.advance(HOUR_MS);
    await h.untilIn('ready', task.id);
    expect((await h.claim()).task.number).toBe(task.number);
  });
}

function describeStaleClaims(opened: () => Harness): void {
  const settlements: readonly Settlement[] = [COMPLETED, FAILED, RETURNED, CRASHED, retryAt(2e12)];
  const expectStale = async (h: Harness, claim: Claim, id: string) => {
    await h.quiet();
    const before = await h.get(id);
    h.forgetChanges();
    for (const settlement of settlements) expect(await h.store.settle(claim, settlement), settlement.kind).toBe(false);
    expect(await h.get(id)).toEqual(before);
    expect(await h.told()).toEqual([]);
  };

  it('a claim of a task that was cancelled changes nothing', async () => {
    const h = opened();
    const { task, claim } = await h.taskIn('running');
    await h.store.cancel(task.id);
    await expectStale(h, claim, task.id);
  });

  it('a claim of a task that was claimed again changes nothing', async () => {
    const h = opened();
    const { task, claim } = await h.taskIn('running');
    await h.store.settle(claim, RETURNED);
    await expectStale(h, claim, task.id);
    const second = await h.claim();
    expect(second).toMatchObject({ turn: claim.turn + 1, task: { number: task.number } });
    await expectStale(h, claim, task.id);
    expect(await h.store.settle(second, COMPLETED)).toBe(true);
  });

  it.each(settlements)('a claim that was settled once changes nothing more: %o', async (settlement) => {
    const h = opened();
    const { task, claim } = await h.taskIn('running');
    expect(await h.store.settle(claim, settlement)).toBe(true);
    await expectStale(h, claim, task.id);
  });

  it('a claim from before a retry by hand changes nothing', async () => {
    const h = opened();
    const { task, claim } = await h.taskIn('running');
    await h.store.cancel(task.id);
    await h.store.retry(task.id);
    const second = await h.claim();
    expect(second.turn).toBe(claim.turn + 1);
    await expectStale(h, claim, task.id);
  });

  it('a claim that is settled twice at the same time is settled once', async () => {
    const h = opened();
    const { task, claim } = await h.taskIn('running');
    const outcomes = await Promise.all([h.store.settle(claim, COMPLETED), h.store.settle(claim, FAILED)]);
    expect(outcomes.toSorted()).toEqual([false, true]);
    expect((await h.get(task.id)).state).toBe(outcomes[0] ? 'completed' : 'failed');
  });

  it('of a cancel and a settlement at the same time exactly one happens', async () => {
    const h = opened();
    for (const cancelsFirst of [true, false]) {
      const { task, claim } = await h.taskIn('running');
      h.forgetChanges();
      const cancel = () => h.store.cancel(task.id).then((moved) => moved?.moved);
      const complete = () => h.store.settle(claim, COMPLETED);
      const calls = cancelsFirst ? [cancel, complete] : [complete, cancel];
      const outcomes = await Promise.all(calls.map((call) => call()));
      expect(outcomes.toSorted()).toEqual([false, true]);
      const isCancelled = outcomes[cancelsFirst ? 0 : 1];
      const after = await h.get(task.id);
      expect(after.state).toBe(isCancelled ? 'cancelled' : 'completed');
      expect(after.result).toBe(isCancelled ? undefined : '{"done":true}');
      expect(await h.told()).toEqual([`${after.state} ${task.number}`]);
    }
  });
}

export function describeMoves(opened: () => Harness): void {
  describe('legal moves', () => describeLegality(opened));
  describe('settlements', () => describeSettling(opened));
  describe('stale claims', () => describeStaleClaims(opened));

  it('a task that was cancelled never runs again by itself', async () => {
    const h = opened();
    for (const state of ['ready', 'delayed', 'running'] as const) {
      const { task, claim } = await h.taskIn(state, { model: state === 'ready' ? MODEL : OTHER_MODEL });
      await h.store.cancel(task.id);
      await h.store.settle(claim, RETURNED);
      await h.advance(3 * HOUR_MS);
      expect(await h.claimAll(task.model)).toEqual([]);
      expect((await h.get(task.id)).state).toBe('cancelled');
    }
  });
}
