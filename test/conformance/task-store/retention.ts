import { describe, expect, it } from 'vitest';
import type { NewTask, RetentionRule } from '../../../src/tasks/task-store.js';
import { COMPLETED, FAILED, type Harness, HOUR_MS, newTask, numbersOf } from './harness.js';
import { expectCountsRight } from './recount.js';

/** Nothing goes by this rule but what the test says. */
const KEEP_ALL: RetentionRule = { state: 'completed', endedBeforeMs: 0, keepMax: Number.MAX_SAFE_INTEGER };

export function describePruning(opened: () => Harness): void {
  /** Ended ten milliseconds apart. */
  const ended = async (h: Harness, state: 'completed' | 'failed' | 'cancelled', count: number) => {
    const numbers: number[] = [];
    for (let each = 0; each < count; each += 1) {
      numbers.push((await h.taskIn(state)).task.number);
      await h.advance(10);
    }
    return numbers;
  };
  const left = async (h: Harness) => numbersOf(await h.all());

  describe('pruning', () => {
    it('takes what ended before, of one state', async () => {
      const h = opened();
      const startMs = h.nowMs;
      const completed = await ended(h, 'completed', 4);
      const failed = await ended(h, 'failed', 1);
      expect(await h.store.prune({ ...KEEP_ALL, endedBeforeMs: startMs + 20 })).toBe(2);
      expect(await left(h)).toEqual([...completed.slice(2), ...failed]);
      expect(await h.store.prune({ ...KEEP_ALL, endedBeforeMs: startMs + 20 })).toBe(0);
      expect(await h.store.prune({ ...KEEP_ALL, endedBeforeMs: startMs + 21 })).toBe(1);
      expect(await left(h)).toEqual([...completed.slice(3), ...failed]);
    });

    it('takes the oldest above the number to keep, by when they ended', async () => {
      const h = opened();
      const [one, two, three] = await h.submit({}, {}, {});
      for (const task of [three!, one!, two!]) {
        await h.store.cancel(task.id);
        await h.advance(10);
      }
      expect(await h.store.prune({ ...KEEP_ALL, state: 'cancelled', keepMax: 2 })).toBe(1);
      expect(await left(h)).toEqual([one!.number, two!.number]);
      expect(await h.store.prune({ ...KEEP_ALL, state: 'cancelled', keepMax: 1 })).toBe(1);
      expect(await left(h)).toEqual([two!.number]);
      expect(await h.store.prune({ ...KEEP_ALL, state: 'cancelled', keepMax: 1 })).toBe(0);
      expect(await h.store.prune({ ...KEEP_ALL, state: 'cancelled', keepMax: 0 })).toBe(1);
    });

    it('never takes what has not ended', async () => {
      const h = opened();
      for (const state of ['ready', 'delayed', 'running'] as const) await h.taskIn(state, { model: state });
      await h.taskIn('failed');
      for (const state of ['completed', 'cancelled'] as const)
        expect(await h.store.prune({ state, endedBeforeMs: h.nowMs + HOUR_MS, keepMax: 0 })).toBe(0);
      expect(await left(h)).toHaveLength(4);
    });

    it('takes small steps', async () => {
      const h = opened();
      const tasks = await h.submit(...Array.from({ length: 450 }, () => ({})));
      await Promise.all(tasks.map(({ id }) => h.store.cancel(id)));
      const rule: RetentionRule = { state: 'cancelled', endedBeforeMs: h.nowMs + 1, keepMax: 10 };
      const steps: number[] = [];
      do steps.push(await h.store.prune(rule));
      while (steps.at(-1) !== 0);
      expect(steps.reduce((sum, step) => sum + step)).toBe(450);
      expect(Math.max(...steps)).toBeLessThanOrEqual(200);
      await expectCountsRight(h);
    });

    it('tells nobody, and leaves nothing behind', async () => {
      const h = opened();
      const wishes = { givenId: 'mine', idempotencyKey: 'k', notify: true };
      const { task, claim } = await h.taskIn('completed', wishes);
      h.forgetChanges();
      expect(await h.store.prune({ ...KEEP_ALL, keepMax: 0 })).toBe(1);
      expect(await h.told()).toEqual([]);
      expect(await h.store.get('mine')).toBeUndefined();
      expect(await h.store.retry('mine')).toBeUndefined();
      expect(await h.store.settle(claim, COMPLETED)).toBe(false);
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
      await h.store.settleDelivery(task.number, h.nowMs);
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
      await expectCountsRight(h);
      const again = await h.submitted(wishes);
      expect(again.isNew).toBe(true);
      expect(again.task.number).toBeGreaterThan(task.number);
      expect(await h.get('mine')).toMatchObject({ state: 'ready', result: undefined });
      expect(await h.store.settle(claim, COMPLETED)).toBe(false);
    });
  });
}

export function describeDeliveries(opened: () => Harness): void {
  const submitted = (h: Harness, wishes: Partial<NewTask> = {}) => h.submitOne({ notify: true, ...wishes });

  describe('deliveries', () => {
    it.each(['completed', 'failed', 'cancelled'] as const)('are due at once when a task is %s', async (state) => {
      const h = opened();
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
      const { task } = await h.taskIn(state, { notify: true, body: '{"webhook":1}' });
      const next = await h.store.nextDelivery(new Set());
      expect(next?.delivery).toEqual({ task, failures: 0 });
      expect(next?.dueAtMs).toBeLessThanOrEqual(h.nowMs);
    });

    it('are none for a task that asked for none, or has not ended', async () => {
      const h = opened();
      await h.taskIn('completed');
      for (const state of ['ready', 'delayed', 'running'] as const)
        await h.taskIn(state, { notify: true, model: state });
      await submitted(h);
      await h.store.settle(await h.claim(), { kind: 'retry', error: 'no', dueAtMs: h.nowMs + HOUR_MS });
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
    });

    it('are gone when they are settled', async () => {
      const h = opened();
      const { task } = await h.taskIn('completed', { notify: true });
      await h.store.settleDelivery(task.number, undefined);
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
      await h.store.settleDelivery(task.number, undefined);
      await h.store.settleDelivery(task.number, h.nowMs);
      await h.store.settleDelivery(task.number + 1000, h.nowMs);
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
      expect((await h.get(task.id)).state).toBe('completed');
    });

    it('that failed are due again when it was said, and count', async () => {
      const h = opened();
      const { task } = await h.taskIn('completed', { notify: true });
      for (const failures of [1, 2]) {
        const dueAtMs = h.nowMs + failures * 1000;
        await h.store.settleDelivery(task.number, dueAtMs);
        expect(await h.store.nextDelivery(new Set())).toEqual({ delivery: { task, failures }, dueAtMs });
      }
    });

    it('come in the order in which they are due', async () => {
      const h = opened();
      const numbers: number[] = [];
      for (const state of ['completed', 'cancelled', 'failed'] as const) {
        numbers.push((await h.taskIn(state, { notify: true })).task.number);
        await h.advance(10);
      }
      await h.store.settleDelivery(numbers[0]!, h.nowMs + HOUR_MS);
      const order: number[] = [];
      const first = (await h.store.nextDelivery(new Set()))?.delivery.task.number ?? 0;
      const second = await h.store.nextDelivery(new Set([first]));
      expect(second?.delivery.task.number, 'another while the first is under way').not.toBe(first);
      expect(second).toBeDefined();
      for (let next = await h.store.nextDelivery(new Set()); next; next = await h.store.nextDelivery(new Set())) {
        order.push(next.delivery.task.number);
        await h.store.settleDelivery(next.delivery.task.number, undefined);
      }
      expect(order).toEqual([numbers[1], numbers[2], numbers[0]]);
    });

    it('are begun anew when a task is retried by hand and ends again', async () => {
      const h = opened();
      const task = await submitted(h);
      await h.store.settle(await h.claim(), FAILED);
      await h.store.settleDelivery(task.number, h.nowMs + HOUR_MS);
      await h.store.retry(task.id);
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
      await h.store.settle(await h.claim(), COMPLETED);
      const next = await h.store.nextDelivery(new Set());
      expect(next?.delivery).toMatchObject({ failures: 0, task: { state: 'completed', result: '{"done":true}' } });
      expect(next?.dueAtMs).toBeLessThanOrEqual(h.nowMs);
    });

    it('are none of a task that a batch did not get in', async () => {
      const h = opened();
      await submitted(h, { givenId: 'mine' });
      const batch = [newTask({ notify: true }), newTask({ givenId: 'mine' })];
      await expect(h.store.submit(batch)).rejects.toMatchObject({ code: 'conflict' });
      await h.store.cancel('mine');
      expect((await h.store.nextDelivery(new Set()))?.delivery.task.id).toBe('mine');
      await h.store.settleDelivery((await h.get('mine')).number, undefined);
      expect(await h.store.nextDelivery(new Set())).toBeUndefined();
    });
  });
}
