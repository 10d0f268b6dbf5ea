import { describe, expect, it } from 'vitest';
import type { GollamaError } from '../../../src/base/errors.js';
import { CRASHED, ENGINE, type Harness, HOUR_MS, headOf, MODEL, newTask, numbersOf, OTHER_MODEL } from './harness.js';

export async function failureOf(promise: Promise<unknown>): Promise<GollamaError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  // By name: a store may have been compiled, with a class of its own.
  expect(outcome).toMatchObject({ name: 'GollamaError' });
  return outcome as GollamaError;
}

export function describeSubmitting(opened: () => Harness): void {
  describe('submissions', () => {
    it('store a task with all that was said of it', async () => {
      const h = opened();
      const asked = newTask({
        owner: "Anna 'the' \u{1f600}",
        type: 'embed',
        model: OTHER_MODEL,
        priority: -7,
        retriesMax: 0,
        body: JSON.stringify({ text: '\u4f60\u597d \u{1f468}\u200d\u{1f469}\u200d\u{1f467} \\ \' " \n' }),
      });
      const { task, isNew } = await h.submitted(asked);
      expect(isNew).toBe(true);
      expect(task).toEqual({
        number: task.number,
        id: task.id,
        owner: asked.owner,
        type: 'embed',
        model: OTHER_MODEL,
        state: 'ready',
        priority: -7,
        order: task.order,
        retryCount: 0,
        retriesMax: 0,
        crashes: 0,
        createdAtMs: h.nowMs,
        startedAtMs: undefined,
        finishedAtMs: undefined,
        dueAtMs: undefined,
        error: undefined,
        engine: undefined,
      });
      expect(task.id).toMatch(new RegExp(`^${task.number.toString(36)}-[0-9a-z]{12}$`));
      expect(await h.get(task.id)).toEqual({ ...task, body: asked.body, result: undefined });
    });

    it('keep a body of megabytes whole', async () => {
      const h = opened();
      const body = JSON.stringify({ text: 'g\u00e4nse\u{1f986}'.repeat(400_000) });
      const task = await h.submitOne({ body });
      expect((await h.get(task.id)).body).toBe(body);
      expect((await h.claim()).body).toBe(body);
    });

    it('give rising numbers, ids that differ, and rising orders', async () => {
      const h = opened();
      const tasks = [...(await h.submit({}, { priority: 9 }, { model: OTHER_MODEL })), ...(await h.submit({}, {}))];
      expect(numbersOf(tasks)).toEqual(numbersOf(tasks).toSorted((one, other) => one - other));
      expect(new Set(numbersOf(tasks)).size).toBe(5);
      expect(new Set(tasks.map(({ id }) => id)).size).toBe(5);
      const orders = tasks.map(({ order }) => order);
      expect(orders).toEqual([...new Set(orders)].toSorted((one, other) => one - other));
    });

    it('that come at the same time are all stored', async () => {
      const h = opened();
      const batches = await Promise.all(Array.from({ length: 50 }, () => h.submit({}, {})));
      expect(new Set(batches.flatMap(numbersOf)).size).toBe(100);
      for (const batch of batches) expect(batch[1]!.number).toBe(batch[0]!.number + 1);
      expect(await h.claimAll()).toEqual(batches.flatMap(numbersOf));
    });

    it('of nothing store nothing', async () => {
      const h = opened();
      expect(await h.store.submit([])).toEqual([]);
      expect(await h.all()).toEqual([]);
    });

    it('of more than a window holds are all taken in their order', { timeout: 120_000 }, async () => {
      const h = opened();
      const tasks = await h.submit(...Array.from({ length: 5_000 }, (_, place) => ({ priority: place % 7 })));
      const expected = [6, 5, 4, 3, 2, 1, 0].flatMap((priority) =>
        numbersOf(tasks.filter((task) => task.priority === priority)),
      );
      const claimed = await h.claimAll();
      expect(claimed).toEqual(expected);
    });

    it('of a batch are all or none', async () => {
      const h = opened();
      await h.submitOne({ givenId: 'mine' });
      const before = await h.all();
      h.forgetChanges();
      const batch = [newTask({ priority: 99 }), newTask({ givenId: 'mine' }), newTask({ model: OTHER_MODEL })];
      expect((await failureOf(h.store.submit(batch))).code).toBe('conflict');
      expect(await h.all()).toEqual(before);
      expect(await h.told()).toEqual([]);
      await h.expectHead(MODEL, headOf(before[0]!));
      await h.until('the other model has no head', () => h.store.head(OTHER_MODEL) === undefined);
      expect([...h.store.models()]).toEqual([MODEL]);
    });

    it('count as ready before they are durable, so that a claim can follow at once', async () => {
      const h = opened();
      const submitting = h.submit({ priority: 3 });
      expect(h.store.head(MODEL)?.priority).toBe(3);
      expect([...h.store.models()]).toEqual([MODEL]);
      const claiming = h.store.claim(MODEL, ENGINE);
      expect(h.store.head(MODEL)).toBeUndefined();
      const [[task], claim] = await Promise.all([submitting, claiming]);
      expect(task).toMatchObject({ state: 'ready', order: claim?.task.order });
      expect(claim).toMatchObject({ turn: 1, task: { id: task!.id, state: 'running' } });
      expect((await h.get(task!.id)).state).toBe('running');
      expect(await h.told()).toEqual([`submitted ${task!.number}`, `started ${task!.number}`]);
    });

    it('for too many models at once are refused whole', { timeout: 60_000 }, async () => {
      const h = opened();
      const models = (count: number) => Array.from({ length: count }, (_, number) => ({ model: `m${number}` }));
      expect((await failureOf(h.submit(...models(1001)))).code).toBe('queue_full');
      expect(await h.all()).toEqual([]);
      await h.submit(...models(999), { model: 'late', dueAtMs: h.nowMs + HOUR_MS });
      expect((await failureOf(h.submit({ model: 'm0' }, { model: 'one more' }))).code).toBe('queue_full');
      await h.submit({ model: 'm0' }, { model: 'late' });
      await h.claim('m7');
      await h.submit({ model: 'one more' });
      expect(h.store.counts().states).toMatchObject({ ready: 1001, delayed: 1, running: 1 });
    });
  });

  describe('given ids', () => {
    it('are the ids of their tasks', async () => {
      const h = opened();
      const id = 'b7e23ec2-9af4-4d0f-8f7e-2c4c0b1a4f10';
      const task = await h.submitOne({ givenId: id });
      expect(task.id).toBe(id);
      expect((await h.get(id)).number).toBe(task.number);
      expect((await h.store.setPriority(id, 8))?.task.priority).toBe(8);
      expect((await h.claim()).task.id).toBe(id);
      expect((await h.store.cancel(id))?.moved).toBe(true);
      expect((await h.store.retry(id))?.moved).toBe(true);
    });

    it.each(['ready', 'delayed', 'running', 'completed', 'failed', 'cancelled'] as const)(
      'are taken also while their task is %s, whoever owns it',
      async (state) => {
        const h = opened();
        await h.taskIn(state, { givenId: 'mine' });
        const error = await failureOf(h.submit({ givenId: 'mine', owner: 'bert' }));
        expect(error).toMatchObject({ code: 'conflict', message: 'task already exists: mine' });
        expect(await h.all()).toHaveLength(1);
      },
    );

    it('are refused twice in one batch, and to the second of two at the same time', async () => {
      const h = opened();
      expect((await failureOf(h.submit({ givenId: 'a' }, { givenId: 'a' }))).code).toBe('conflict');
      expect(await h.all()).toEqual([]);
      const outcomes = await Promise.allSettled([h.submit({ givenId: 'b' }), h.submit({ givenId: 'b' })]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(await h.all()).toHaveLength(1);
    });

    it('do no harm to others that are submitted at the same time', async () => {
      const h = opened();
      await h.submitOne({ givenId: 'taken' });
      const outcomes = await Promise.allSettled([h.submit({}), h.submit({ givenId: 'taken' }), h.submit({})]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await h.claimAll()).toHaveLength(3);
    });
  });

  describe('idempotency keys', () => {
    it('give the first task again, as it is now, and store nothing', async () => {
      const h = opened();
      const first = await h.submitted({ idempotencyKey: 'k', priority: 5 });
      await h.store.setPriority(first.task.id, 8);
      h.forgetChanges();
      const second = await h.submitted({ idempotencyKey: 'k', priority: 1, model: OTHER_MODEL, body: '{}' });
      expect(first.isNew).toBe(true);
      expect(second).toEqual({ isNew: false, task: { ...first.task, priority: 8 } });
      expect(await h.all()).toHaveLength(1);
      expect(await h.told()).toEqual([]);
      expect(h.store.head(OTHER_MODEL)).toBeUndefined();
    });

    it('are known also when their task has ended', async () => {
      const h = opened();
      const { task } = await h.taskIn('completed', { idempotencyKey: 'k' });
      const again = await h.submitted({ idempotencyKey: 'k' });
      expect(again).toMatchObject({ isNew: false, task: { id: task.id, state: 'completed' } });
    });

    it('belong to their owner', async () => {
      const h = opened();
      const one = await h.submitted({ idempotencyKey: 'k', owner: 'anna' });
      const other = await h.submitted({ idempotencyKey: 'k', owner: 'bert' });
      expect([one.isNew, other.isNew]).toEqual([true, true]);
      expect(other.task.id).not.toBe(one.task.id);
    });

    it('make one task of two that are submitted at the same time', async () => {
      const h = opened();
      const [one, other] = await Promise.all([
        h.submitted({ idempotencyKey: 'k' }),
        h.submitted({ idempotencyKey: 'k' }),
      ]);
      expect([one.isNew, other.isNew].toSorted()).toEqual([false, true]);
      expect(one.task.id).toBe(other.task.id);
      expect(await h.claimAll()).toEqual([one.task.number]);
    });

    it('make one task of two in one batch, beside the others in it', async () => {
      const h = opened();
      const submitted = await h.store.submit([
        newTask({ idempotencyKey: 'k' }),
        newTask({}),
        newTask({ idempotencyKey: 'k' }),
      ]);
      expect(submitted.map(({ isNew }) => isNew)).toEqual([true, true, false]);
      expect(submitted[2]!.task.id).toBe(submitted[0]!.task.id);
      expect(await h.claimAll()).toEqual([submitted[0]!.task.number, submitted[1]!.task.number]);
    });

    it('go before given ids', async () => {
      const h = opened();
      const wishes = { idempotencyKey: 'k', givenId: 'mine' };
      const first = await h.submitted(wishes);
      expect(await h.submitted(wishes)).toEqual({ task: first.task, isNew: false });
    });

    it('of a batch that was refused are free', async () => {
      const h = opened();
      await h.submitOne({ givenId: 'mine' });
      await failureOf(h.submit({ idempotencyKey: 'k' }, { givenId: 'mine' }));
      expect((await h.submitted({ idempotencyKey: 'k' })).isNew).toBe(true);
    });
  });

  it('a task that crashed keeps its key', async () => {
    const h = opened();
    const { task, isNew } = await h.submitted({ idempotencyKey: 'k' });
    await h.store.settle(await h.claim(), CRASHED);
    expect(isNew).toBe(true);
    expect(await h.submitted({ idempotencyKey: 'k' })).toMatchObject({
      isNew: false,
      task: { id: task.id, crashes: 1 },
    });
  });
}
