import { describe, expect, it } from 'vitest';
import { ENGINE, type Harness, HOUR_MS, headOf, MODEL, numbersOf, OTHER_MODEL, RETURNED, retryAt } from './harness.js';

export function describeOrder(opened: () => Harness): void {
  describe('claims', () => {
    it('take the highest priority first, any integer, and the oldest inside it', async () => {
      const h = opened();
      const priorities = [5, -3, 15, 0, 5, -(2 ** 40), 2 ** 53 - 1, 15, -3, 1];
      const tasks = await h.submit(...priorities.map((priority) => ({ priority })));
      const expected = [6, 2, 7, 0, 4, 9, 3, 1, 8, 5].map((place) => tasks[place]!.number);
      expect(await h.claimAll()).toEqual(expected);
    });

    it('take tasks of their model alone', async () => {
      const h = opened();
      const [one, other] = await h.submit({ model: OTHER_MODEL, priority: 15 }, { model: MODEL });
      expect((await h.claim(MODEL)).task.number).toBe(other!.number);
      expect(await h.store.claim(MODEL, ENGINE)).toBeUndefined();
      expect((await h.claim(OTHER_MODEL)).task.number).toBe(one!.number);
      expect(await h.store.claim('never heard of', ENGINE)).toBeUndefined();
    });

    it('tell the task as it is now, what it asks, and which claim of it they are', async () => {
      const h = opened();
      const task = await h.submitOne({ body: '{"a":1}' });
      await h.advance(250);
      const claim = await h.store.claim(MODEL, 'engine \u00fc');
      const running = { ...task, state: 'running', startedAtMs: h.nowMs, engine: 'engine \u00fc' };
      expect(claim).toEqual({ task: running, body: '{"a":1}', turn: 1 });
      expect(await h.get(task.id)).toEqual({ ...running, body: '{"a":1}', result: undefined });
    });

    it('need no name of an engine', async () => {
      const h = opened();
      await h.submitOne();
      expect((await h.store.claim(MODEL, undefined))?.task.engine).toBeUndefined();
    });

    it('made at the same time take different tasks, and none when there are too few', async () => {
      const h = opened();
      const tasks = await h.submit({}, {}, {});
      const claims = await Promise.all(Array.from({ length: 5 }, () => h.store.claim(MODEL, ENGINE)));
      const taken = claims.flatMap((claim) => (claim ? [claim.task.number] : []));
      expect(taken.toSorted((one, other) => one - other)).toEqual(numbersOf(tasks));
    });

    it('never take a task that was cancelled meanwhile', async () => {
      const h = opened();
      const [one, other] = await h.submit({}, {});
      const [moved, claim] = await Promise.all([h.store.cancel(one!.id), h.store.claim(MODEL, ENGINE)]);
      const after = await h.get(one!.id);
      expect(moved?.moved).toBe(true);
      expect(after.state).toBe('cancelled');
      if (claim?.task.number === one!.number) expect(await h.store.settle(claim, RETURNED)).toBe(false);
      else if (!claim) expect((await h.claim()).task.number).toBe(other!.number);
      expect((await h.get(one!.id)).state).toBe('cancelled');
    });
  });

  describe('heads', () => {
    it('are unknown for a model without ready tasks', async () => {
      const h = opened();
      expect(h.store.head(MODEL)).toBeUndefined();
      expect([...h.store.models()]).toEqual([]);
      await h.submitOne({ dueAtMs: h.nowMs + HOUR_MS });
      expect(h.store.head(MODEL)).toBeUndefined();
      expect([...h.store.models()]).toEqual([]);
    });

    it('follow submissions and claims', async () => {
      const h = opened();
      const low = await h.submitOne({ priority: -1 });
      await h.expectHead(MODEL, headOf(low));
      const high = await h.submitOne({ priority: 10 });
      await h.expectHead(MODEL, headOf(high));
      await h.submitOne({ priority: 10 });
      await h.expectHead(MODEL, headOf(high));
      await h.claim();
      await h.claim();
      await h.expectHead(MODEL, headOf(low));
      await h.claim();
      await h.expectHead(MODEL, undefined);
      expect([...h.store.models()]).toEqual([]);
    });

    it('follow cancels', async () => {
      const h = opened();
      const [one, other] = await h.submit({}, {});
      await h.store.cancel(one!.id);
      await h.expectHead(MODEL, headOf(other!));
      await h.store.cancel(other!.id);
      await h.expectHead(MODEL, undefined);
    });

    it('follow changes of priority, up and down', async () => {
      const h = opened();
      const [one, other] = await h.submit({}, {});
      await h.store.setPriority(other!.id, 10);
      await h.expectHead(MODEL, { priority: 10, order: other!.order });
      await h.store.setPriority(other!.id, -10);
      await h.expectHead(MODEL, headOf(one!));
      await h.store.setPriority(one!.id, -10);
      await h.expectHead(MODEL, { priority: -10, order: one!.order });
    });

    it('follow returns, delays and retries by hand', async () => {
      const h = opened();
      const [one, other] = await h.submit({}, {});
      await h.store.settle(await h.claim(), RETURNED);
      await h.expectHead(MODEL, headOf(one!));
      await h.store.settle(await h.claim(), retryAt(h.nowMs + 1000));
      await h.expectHead(MODEL, headOf(other!));
      await h.claim();
      await h.expectHead(MODEL, undefined);
      await h.advance(1000);
      const ready = await h.untilIn('ready', one!.id);
      await h.expectHead(MODEL, headOf(ready));
      await h.store.cancel(one!.id);
      await h.expectHead(MODEL, undefined);
      const retried = await h.store.retry(one!.id);
      await h.expectHead(MODEL, headOf(retried!.task));
    });

    it('are told for the model alone that they belong to, until the listener leaves', async () => {
      const h = opened();
      const heard: string[] = [];
      const leave = h.store.onHead((model) => heard.push(model));
      await h.submitOne({ model: OTHER_MODEL });
      expect(new Set(heard)).toEqual(new Set([OTHER_MODEL]));
      leave();
      heard.length = 0;
      await h.submitOne();
      await h.quiet();
      expect(heard).toEqual([]);
    });
  });

  describe('places', () => {
    it('are kept by a task that is returned', async () => {
      const h = opened();
      const tasks = await h.submit({}, {}, {});
      await h.store.settle(await h.claim(), RETURNED);
      expect(await h.claimAll()).toEqual(numbersOf(tasks));
    });

    it('are kept by age in a new priority', async () => {
      const h = opened();
      const [low, high, lower] = await h.submit({ priority: 1 }, { priority: 10 }, { priority: 0 });
      const moved = await h.store.setPriority(low!.id, 10);
      expect(moved).toEqual({ moved: true, task: { ...low!, priority: 10 } });
      await h.store.setPriority(lower!.id, 10);
      expect(await h.claimAll()).toEqual([low!.number, high!.number, lower!.number]);
    });

    it('are at the end for a task that waited for a time or is retried by hand', async () => {
      const h = opened();
      const delayed = await h.submitOne({ dueAtMs: h.nowMs + 10 });
      const [one, two, three] = await h.submit({}, {}, {});
      await h.store.cancel(one!.id);
      await h.store.retry(one!.id);
      await h.advance(10);
      await h.untilIn('ready', delayed.id);
      const last = await h.submitOne();
      expect(await h.claimAll()).toEqual(numbersOf([two!, three!, one!, delayed, last]));
    });

    it('are those of a priority that was given while the task ran', async () => {
      const h = opened();
      const [one, other] = await h.submit({}, {});
      const claim = await h.claim();
      expect((await h.store.setPriority(one!.id, 1))?.moved).toBe(true);
      await h.store.settle(claim, RETURNED);
      expect(await h.get(one!.id)).toMatchObject({ priority: 1, order: one!.order, state: 'ready' });
      expect(await h.claimAll()).toEqual([other!.number, one!.number]);
    });
  });
}
