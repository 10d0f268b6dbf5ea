import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../../src/queue/arrivals.js';
import { CRASHES_MAX } from '../../../src/tasks/task.js';
import type { Claim, TaskStore } from '../../../src/tasks/task-store.js';
import { ManualClock } from '../../support/manual-clock.js';
import {
  COMPLETED,
  ENGINE,
  FAILED,
  type Harness,
  HOUR_MS,
  headOf,
  type MakeStore,
  MODEL,
  newTask,
  numbersOf,
  RETURNED,
  retryAt,
} from './harness.js';
import { expectCountsRight } from './recount.js';
import { failureOf } from './submitting.js';

function everyCall(store: TaskStore, claim: Claim): readonly (() => Promise<unknown>)[] {
  const { id, number } = claim.task;
  return [
    () => store.submit([newTask()]),
    () => store.claim(MODEL, ENGINE),
    () => store.settle(claim, COMPLETED),
    () => store.cancel(id),
    () => store.setPriority(id, 1),
    () => store.retry(id),
    () => store.get(id),
    () => store.list({ limit: 1 }),
    () => store.prune({ state: 'completed', endedBeforeMs: 0, keepMax: 1 }),
    () => store.nextDelivery(new Set()),
    () => store.settleDelivery(number, undefined),
  ];
}

export function describeLifetime(opened: () => Harness, make: MakeStore): void {
  describe('a lifetime', () => {
    it('begins with `start`: before it nothing is known of a recovery', async () => {
      const subject = await make({ clock: new ManualClock(), arrivals: new Arrivals() });
      try {
        expect(() => subject.store.recovery).toThrow();
        await Promise.all([subject.store.start(), subject.store.start()]);
        await subject.store.start();
        expect(subject.store.recovery).toEqual({ returned: 0, poisoned: 0 });
        expect(await subject.store.submit([newTask()])).toHaveLength(1);
      } finally {
        await Promise.all([subject.store.stop(), subject.store.stop()]);
        await subject.dispose();
      }
    });

    it('ends with `stop`: every call after it is refused', async () => {
      const h = opened();
      const { claim } = await h.taskIn('running');
      await h.submitOne({ dueAtMs: h.nowMs + 1000 });
      await h.store.stop();
      await h.store.stop();
      for (const call of everyCall(h.store, claim)) expect((await failureOf(call())).code).toBe('shutting_down');
      const changes = h.changes.length;
      await h.clock.advanceAsync(2 * HOUR_MS);
      expect(h.changes).toHaveLength(changes);
      expect(h.clock.timers).toBe(0);
    });

    it('ends for calls that are under way too: they come to an end', async () => {
      const h = opened();
      const submitting = h.submit({}, {});
      const claiming = h.store.claim(MODEL, ENGINE);
      const stopping = h.store.stop();
      const outcomes = await Promise.allSettled([submitting, claiming, stopping]);
      expect(outcomes[2].status).toBe('fulfilled');
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'shutting_down' });
    });
  });
}

export function describeRecovery(opened: () => Harness): void {
  describe('after the end of the process at any moment', () => {
    it('everything that was acknowledged is there', async () => {
      const h = opened();
      for (const state of ['ready', 'delayed', 'completed', 'failed', 'cancelled'] as const)
        await h.taskIn(state, { model: state, owner: state, body: `{"\u00e4":"${state}"}`, priority: -4 });
      const repeated = await h.submitOne({ givenId: 'mine', idempotencyKey: 'k' });
      const before = await h.all();
      const delivered = await h.taskIn('failed', { notify: true, model: 'delivered' });
      await h.store.settleDelivery(delivered.task.number, h.nowMs + 77);
      await h.reopen();
      expect(await h.all()).toEqual([...before, delivered.task]);
      expect(h.store.recovery).toEqual({ returned: 0, poisoned: 0 });
      await expectCountsRight(h);
      expect(await h.submitted({ givenId: 'mine', idempotencyKey: 'k' })).toEqual({ task: repeated, isNew: false });
      await expect(h.submit({ givenId: 'mine' })).rejects.toMatchObject({ code: 'conflict' });
      expect(await h.store.nextDelivery(new Set())).toEqual({
        delivery: { task: delivered.task, failures: 1 },
        dueAtMs: h.nowMs + 77,
      });
    });

    it('an orderly stop keeps the same', async () => {
      const h = opened();
      const { task } = await h.taskIn('ready');
      const submitting = h.submit({});
      await h.store.stop();
      const last = await submitting.catch(() => []);
      await h.reopen();
      expect(numbersOf(await h.all())).toEqual([task.number, ...numbersOf(last)]);
    });

    it('running tasks are ready again in their old places, with one crash more', async () => {
      const h = opened();
      const tasks = await h.submit({}, { priority: 9 }, {}, { priority: -1 });
      await h.claim();
      await h.claim();
      await h.reopen();
      expect(h.store.recovery).toEqual({ returned: 2, poisoned: 0 });
      const after = await h.all();
      expect(after.map(({ crashes }) => crashes)).toEqual([1, 1, 0, 0]);
      expect(after.map(({ order }) => order)).toEqual(tasks.map(({ order }) => order));
      expect(after.map(({ state, retryCount }) => [state, retryCount])).toEqual(tasks.map(() => ['ready', 0]));
      await h.until('the head is there', () => h.store.head(MODEL) !== undefined);
      expect(h.store.head(MODEL)).toEqual(headOf(tasks[1]!));
      expect([...h.store.models()]).toEqual([MODEL]);
      await expectCountsRight(h);
      expect(await h.claimAll()).toEqual([1, 0, 2, 3].map((place) => tasks[place]!.number));
    });

    it('new tasks come behind the old ones, in number and in order', async () => {
      const h = opened();
      const old = await h.submit({}, {}, {});
      await h.reopen();
      const fresh = await h.submitOne();
      expect(fresh.number).toBeGreaterThan(old[2]!.number);
      expect(fresh.order).toBeGreaterThan(old[2]!.order);
      await h.reopen();
      const fresher = await h.submitOne();
      expect(fresher.order).toBeGreaterThan(fresh.order);
      expect(await h.claimAll()).toEqual(numbersOf([...old, fresh, fresher]));
    });

    it('numbers go on rising also when the newest tasks are gone', async () => {
      const h = opened();
      const { task } = await h.taskIn('completed');
      await h.store.prune({ state: 'completed', endedBeforeMs: h.nowMs + 1, keepMax: 0 });
      await h.reopen();
      expect((await h.submitOne()).number).toBeGreaterThan(task.number);
    });

    it('claims from before are stale', async () => {
      const h = opened();
      const { task, claim } = await h.taskIn('running');
      await h.reopen();
      for (const settlement of [COMPLETED, FAILED, RETURNED, retryAt(0)])
        expect(await h.store.settle(claim, settlement)).toBe(false);
      await h.until('the head is there', () => h.store.head(MODEL) !== undefined);
      const second = await h.claim();
      expect(second).toMatchObject({ turn: claim.turn + 1, task: { number: task.number, crashes: 1 } });
      expect(await h.store.settle(claim, COMPLETED)).toBe(false);
      expect(await h.store.settle(second, COMPLETED)).toBe(true);
      expect((await h.get(task.id)).crashes).toBe(1);
    });

    it('a task that was running every time has failed after the last crash, and that is delivered', async () => {
      const h = opened();
      const task = await h.submitOne({ notify: true });
      for (let crashes = 1; crashes < CRASHES_MAX; crashes += 1) {
        await h.claim();
        await h.reopen();
        expect(h.store.recovery).toEqual({ returned: 1, poisoned: 0 });
        expect(await h.get(task.id)).toMatchObject({ state: 'ready', crashes });
        await h.until('the head is there', () => h.store.head(MODEL) !== undefined);
      }
      await h.claim();
      await h.advance(500);
      await h.reopen();
      expect(h.store.recovery).toEqual({ returned: 0, poisoned: 1 });
      const failed = await h.get(task.id);
      expect(failed).toMatchObject({
        state: 'failed',
        crashes: CRASHES_MAX,
        error: 'the server died 3 times while this task ran',
        finishedAtMs: h.nowMs,
      });
      expect(h.store.head(MODEL)).toBeUndefined();
      expect((await h.store.nextDelivery(new Set()))?.delivery).toEqual({ task: failed, failures: 0 });
      await expectCountsRight(h);
      expect(await h.store.retry(task.id)).toMatchObject({ moved: true, task: { crashes: 0, error: undefined } });
    });

    it('delays and retries keep their times', async () => {
      const h = opened();
      const dueAtMs = h.nowMs + 5000;
      const { task, claim } = await h.taskIn('running');
      await h.store.settle(claim, retryAt(dueAtMs));
      const later = await h.submitOne({ dueAtMs: dueAtMs + 1 });
      await h.reopen();
      expect(await h.get(task.id)).toMatchObject({ state: 'delayed', dueAtMs, retryCount: 1, crashes: 0 });
      await h.advance(4999);
      expect((await h.get(task.id)).state).toBe('delayed');
      await h.advance(1);
      await h.untilIn('ready', task.id);
      expect((await h.get(later.id)).state).toBe('delayed');
      await h.advance(1);
      await h.untilIn('ready', later.id);
      expect(await h.claimAll()).toEqual([task.number, later.number]);
    });

    it('delays that ended meanwhile are over', async () => {
      const h = opened();
      const late = await h.submitOne({ dueAtMs: h.nowMs + 2000 });
      const early = await h.submitOne({ dueAtMs: h.nowMs + 1000 });
      const ready = await h.submitOne();
      h.clock.jump(HOUR_MS);
      await h.reopen();
      await h.advance(0);
      for (const task of [late, early]) await h.untilIn('ready', task.id);
      expect(await h.claimAll()).toEqual(numbersOf([ready, early, late]));
    });

    it('a backlog longer than any window is taken in its order', { timeout: 120_000 }, async () => {
      const h = opened();
      const tasks = await h.submit(...Array.from({ length: 3_000 }, (_, place) => ({ priority: place % 3 })));
      await h.reopen();
      const fresh = await h.submitOne({ priority: 1 });
      const expected = [2, 1, 0].flatMap((priority) =>
        numbersOf([...tasks, fresh].filter((task) => task.priority === priority)),
      );
      expect(await h.claimAll()).toEqual(expected);
    });
  });
}
