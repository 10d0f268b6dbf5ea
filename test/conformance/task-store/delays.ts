import { describe, expect, it } from 'vitest';
import { type Harness, HOUR_MS, MODEL, numbersOf, retryAt } from './harness.js';

/** The store looks at the wall clock at least so often. */
const LOOK_MS = 60_000;

export function describeDelays(opened: () => Harness): void {
  const expectDelayed = async (h: Harness, id: string) => {
    await h.quiet();
    expect((await h.get(id)).state).toBe('delayed');
    expect(h.store.head(MODEL)).toBeUndefined();
  };

  describe('delays', () => {
    it('end when the time has come, and not a millisecond before', async () => {
      const h = opened();
      const dueAtMs = h.nowMs + 5000;
      const task = await h.submitOne({ dueAtMs });
      expect(task).toMatchObject({ state: 'delayed', dueAtMs });
      await expectDelayed(h, task.id);
      await h.advance(4999);
      await expectDelayed(h, task.id);
      expect(await h.store.claim(MODEL, 'one')).toBeUndefined();
      await h.advance(1);
      const ready = await h.untilIn('ready', task.id);
      expect(ready).toMatchObject({ dueAtMs: undefined, startedAtMs: undefined });
      await h.expectHead(MODEL, { priority: ready.priority, order: ready.order });
      expect(await h.told()).toEqual([`submitted ${task.number}`, `readied ${task.number}`]);
    });

    it('in the past are none', async () => {
      const h = opened();
      const tasks = await h.submit({ dueAtMs: h.nowMs }, { dueAtMs: h.nowMs - HOUR_MS }, { dueAtMs: 0 });
      for (const task of tasks) expect(task).toMatchObject({ state: 'ready', dueAtMs: undefined });
      expect(await h.claimAll()).toEqual(numbersOf(tasks));
    });

    it('that end together end in the order of their times', async () => {
      const h = opened();
      const dues = [3000, 1000, 2000, 1000];
      const tasks = await h.submit(...dues.map((delayMs) => ({ dueAtMs: h.nowMs + delayMs })));
      h.clock.jump(HOUR_MS);
      await h.advance(LOOK_MS);
      for (const task of tasks) await h.untilIn('ready', task.id);
      expect(await h.claimAll()).toEqual([1, 3, 2, 0].map((place) => tasks[place]!.number));
    });

    it('go on when an earlier one is set, ends or is cancelled', async () => {
      const h = opened();
      const late = await h.submitOne({ dueAtMs: h.nowMs + 300 });
      const early = await h.submitOne({ dueAtMs: h.nowMs + 100 });
      const cancelled = await h.submitOne({ dueAtMs: h.nowMs + 200 });
      await h.store.cancel(cancelled.id);
      await h.advance(100);
      await h.untilIn('ready', early.id);
      await h.advance(199);
      expect((await h.get(late.id)).state).toBe('delayed');
      await h.advance(1);
      await h.untilIn('ready', late.id);
      expect((await h.get(cancelled.id)).state).toBe('cancelled');
    });

    it('longer than any timer end in time too', async () => {
      const h = opened();
      const dueAtMs = h.nowMs + 40 * 24 * HOUR_MS;
      const task = await h.submitOne({ dueAtMs });
      h.clock.jump(40 * 24 * HOUR_MS - 2 * LOOK_MS);
      await h.advance(LOOK_MS);
      await expectDelayed(h, task.id);
      await h.advance(LOOK_MS);
      await h.untilIn('ready', task.id);
    });

    it('of tasks that will be tried again end as well', async () => {
      const h = opened();
      const task = await h.submitOne();
      await h.store.settle(await h.claim(), retryAt(h.nowMs + 700));
      await h.advance(699);
      await expectDelayed(h, task.id);
      await h.advance(1);
      await h.untilIn('ready', task.id);
    });

    it('end soon after the wall clock jumped past their time', async () => {
      const h = opened();
      const task = await h.submitOne({ dueAtMs: h.nowMs + HOUR_MS });
      h.clock.jump(HOUR_MS);
      await h.advance(LOOK_MS);
      await h.untilIn('ready', task.id);
    });

    it('do not end early when the wall clock jumps back', async () => {
      const h = opened();
      const task = await h.submitOne({ dueAtMs: h.nowMs + 1000 });
      h.clock.jump(-HOUR_MS);
      await h.advance(1000);
      await expectDelayed(h, task.id);
      await h.advance(HOUR_MS - 1);
      await expectDelayed(h, task.id);
      await h.advance(LOOK_MS);
      await h.untilIn('ready', task.id);
    });

    it('that have ended do not begin again when the wall clock jumps', async () => {
      const h = opened();
      const task = await h.submitOne({ dueAtMs: h.nowMs + 1000 });
      await h.advance(1000);
      await h.untilIn('ready', task.id);
      h.clock.jump(-24 * HOUR_MS);
      await h.advance(2 * LOOK_MS);
      expect((await h.get(task.id)).state).toBe('ready');
      h.clock.jump(48 * HOUR_MS);
      await h.advance(2 * LOOK_MS);
      expect(await h.claimAll()).toEqual([task.number]);
    });
  });

  it('jumps of the wall clock change nothing in the order of ready tasks', async () => {
    const h = opened();
    const numbers: number[] = [];
    for (const jumpMs of [0, HOUR_MS, -24 * HOUR_MS, 5, 24 * HOUR_MS]) {
      h.clock.jump(jumpMs);
      numbers.push((await h.submitOne()).number);
    }
    expect(await h.claimAll()).toEqual(numbers);
  });
}
