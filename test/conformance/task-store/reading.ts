import { describe, expect, it } from 'vitest';
import type { TaskFilter } from '../../../src/tasks/task-store.js';
import { COMPLETED, type Harness, HOUR_MS, MODEL, numbersOf, OTHER_MODEL } from './harness.js';
import { expectCountsRight } from './recount.js';

/** Twelve tasks of all kinds; places in this list are what the tests speak of. */
async function mixedTasks(h: Harness): Promise<readonly number[]> {
  const numbers: number[] = [];
  const states = ['ready', 'delayed', 'running', 'completed', 'failed', 'cancelled'] as const;
  for (const [place, state] of [...states, ...states].entries()) {
    const { task } = await h.taskIn(state, {
      owner: place % 3 === 0 ? 'anna' : 'bert',
      type: (['chat', 'generate', 'embed'] as const)[place % 3] ?? 'chat',
      priority: [1, 5, -2][place % 3] ?? 5,
      // A model of its own, so that the claim takes this one.
      model: `${place < 6 ? MODEL : OTHER_MODEL} ${place}`,
      body: `{"place":${place}}`,
    });
    numbers.push(task.number);
    await h.advance(10);
  }
  return numbers;
}

export function describeReading(opened: () => Harness): void {
  const places = async (h: Harness, numbers: readonly number[], filter: Omit<TaskFilter, 'limit'>) => {
    const page = await h.store.list({ limit: 100, ...filter });
    expect(page.total).toBe(page.tasks.length);
    expect(page.cursor).toBeUndefined();
    return page.tasks.map(({ number }) => numbers.indexOf(number));
  };

  describe('lists', () => {
    it('are empty at first', async () => {
      expect(await opened().store.list({ limit: 10 })).toEqual({ tasks: [], total: 0, cursor: undefined });
    });

    it('have whole tasks, in the order of their numbers or against it', async () => {
      const h = opened();
      const numbers = await mixedTasks(h);
      const { tasks } = await h.store.list({ limit: 100 });
      expect(numbersOf(tasks)).toEqual(numbers);
      for (const task of tasks) expect(task).toEqual(await h.get(task.id));
      expect(tasks.map(({ body }) => body)).toEqual(numbers.map((_, place) => `{"place":${place}}`));
      expect(tasks.map(({ result }) => result !== undefined)).toEqual(tasks.map(({ state }) => state === 'completed'));
      const newestFirst = await h.store.list({ limit: 100, newestFirst: true });
      expect(numbersOf(newestFirst.tasks)).toEqual(numbers.toReversed());
    });

    it('filter by everything they can, and by all of it together', async () => {
      const h = opened();
      const startMs = h.nowMs;
      const numbers = await mixedTasks(h);
      const found = (filter: Omit<TaskFilter, 'limit'>) => places(h, numbers, filter);
      expect(await found({ owner: 'anna' })).toEqual([0, 3, 6, 9]);
      expect(await found({ owner: 'nobody' })).toEqual([]);
      expect(await found({ states: ['running'] })).toEqual([2, 8]);
      expect(await found({ states: ['ready', 'delayed', 'cancelled'] })).toEqual([0, 1, 5, 6, 7, 11]);
      expect(await found({ types: ['embed'] })).toEqual([2, 5, 8, 11]);
      expect(await found({ types: ['embed', 'chat'] })).toEqual([0, 2, 3, 5, 6, 8, 9, 11]);
      expect(await found({ priorities: [-2] })).toEqual([2, 5, 8, 11]);
      expect(await found({ priorities: [1, 5, 77] })).toEqual([0, 1, 3, 4, 6, 7, 9, 10]);
      expect(await found({ models: [`${MODEL} 3`, `${OTHER_MODEL} 9`] })).toEqual([3, 9]);
      expect(await found({ sinceMs: startMs + 100 })).toEqual([10, 11]);
      expect(await found({ sinceMs: startMs + 101 })).toEqual([11]);
      expect(
        await found({
          owner: 'bert',
          states: ['failed', 'running'],
          types: ['generate', 'embed'],
          sinceMs: startMs + 21,
        }),
      ).toEqual([4, 8, 10]);
      expect(await found({ owner: 'bert', states: ['failed'], newestFirst: true })).toEqual([10, 4]);
    });

    it.each([false, true])('are read page by page, newest first: %s', async (newestFirst) => {
      const h = opened();
      const numbers = await mixedTasks(h);
      const seen: number[] = [];
      const sizes: number[] = [];
      for (let cursor: number | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
        const page = await h.store.list({
          limit: 4,
          newestFirst,
          owner: 'bert',
          ...(cursor === undefined ? {} : { cursor }),
        });
        expect(page.total).toBe(8);
        seen.push(...numbersOf(page.tasks));
        sizes.push(page.tasks.length);
        cursor = page.cursor;
      }
      const berts = numbers.filter((_, place) => place % 3 !== 0);
      expect(seen).toEqual(newestFirst ? berts.toReversed() : berts);
      expect(sizes).toEqual([4, 4]);
    });

    it('are read page by page while tasks come and go, nothing twice and nothing left out', async () => {
      const h = opened();
      const numbers = await mixedTasks(h);
      const first = await h.store.list({ limit: 5, newestFirst: true });
      await h.submit({}, {});
      await h.store.prune({ state: 'completed', endedBeforeMs: h.nowMs + 1, keepMax: 0 });
      const second = await h.store.list({ limit: 100, newestFirst: true, cursor: first.cursor! });
      const kept = numbers.filter((_, place) => place !== 3 && place !== 9);
      const seen = [...numbersOf(first.tasks), ...numbersOf(second.tasks)];
      expect(seen.filter((number) => kept.includes(number))).toEqual(kept.toReversed());
    });

    it('skip what they are told to', async () => {
      const h = opened();
      const numbers = await mixedTasks(h);
      const page = await h.store.list({ limit: 3, offset: 4 });
      expect(page.total).toBe(12);
      expect(numbersOf(page.tasks)).toEqual(numbers.slice(4, 7));
      const next = await h.store.list({ limit: 100, cursor: page.cursor! });
      expect(numbersOf(next.tasks)).toEqual(numbers.slice(7));
      const beyond = await h.store.list({ limit: 3, offset: 12 });
      expect(beyond).toEqual({ tasks: [], total: 12, cursor: undefined });
      const filtered = await h.store.list({ limit: 2, offset: 1, states: ['running'] });
      expect(numbersOf(filtered.tasks)).toEqual([numbers[8]]);
    });

    it('have what was acknowledged before they were asked for', async () => {
      const h = opened();
      for (let count = 1; count <= 20; count += 1) {
        const task = await h.submitOne();
        expect((await h.store.list({ limit: 1, newestFirst: true })).tasks[0]?.number).toBe(task.number);
        await h.store.setPriority(task.id, count);
        expect((await h.get(task.id)).priority).toBe(count);
      }
    });
  });

  describe('counts', () => {
    it('are zero at first', () => {
      const { states, pendingByPriority } = opened().store.counts();
      expect(states).toEqual({ ready: 0, delayed: 0, running: 0, completed: 0, failed: 0, cancelled: 0 });
      expect([...pendingByPriority.values()].filter((count) => count !== 0)).toEqual([]);
    });

    it('are those of a recount after every move', async () => {
      const h = opened();
      const tasks = await h.submit({ priority: 1 }, { priority: -9, dueAtMs: h.nowMs + HOUR_MS }, { priority: 1 });
      const steps = [
        () => h.claim(),
        () => h.store.setPriority(tasks[0]!.id, 7),
        () => h.store.setPriority(tasks[1]!.id, 7),
        () => h.store.cancel(tasks[0]!.id),
        () => h.store.retry(tasks[0]!.id),
        () => h.advance(HOUR_MS),
        async () => h.store.settle(await h.claim(), COMPLETED),
        () => h.store.prune({ state: 'completed', endedBeforeMs: h.nowMs + 1, keepMax: 0 }),
      ];
      await expectCountsRight(h);
      for (const step of steps) {
        await step();
        await expectCountsRight(h);
      }
      expect(h.store.counts().states).toMatchObject({ ready: 2, completed: 0 });
    });

    it('that were read do not change afterwards', async () => {
      const h = opened();
      const before = h.store.counts();
      await h.submitOne();
      expect(before.states.ready).toBe(0);
      expect(before.pendingByPriority.get(5) ?? 0).toBe(0);
    });
  });

  describe('changes', () => {
    it('tell every move once, in its order, with the task as it is then', async () => {
      const h = opened();
      const [one, two] = await h.submit({ priority: 9 }, { dueAtMs: h.nowMs + 100 });
      await h.store.settle(await h.claim(), { kind: 'returned', crashed: false });
      await h.store.setPriority(two!.id, 3);
      await h.advance(100);
      await h.untilIn('ready', two!.id);
      await h.store.settle(await h.claim(), { kind: 'retry', error: 'no', dueAtMs: h.nowMs + 50 });
      await h.store.settle(await h.claim(), { kind: 'failed', error: 'no' });
      await h.store.retry(two!.id);
      await h.store.cancel(two!.id);
      await h.advance(50);
      await h.untilIn('ready', one!.id);
      await h.store.settle(await h.claim(), COMPLETED);
      const a = one!.number;
      const b = two!.number;
      expect(await h.told()).toEqual([
        `submitted ${a}`,
        `submitted ${b}`,
        `started ${a}`,
        `readied ${a}`,
        `reprioritised ${b}`,
        `readied ${b}`,
        `started ${a}`,
        `retrying ${a}`,
        `started ${b}`,
        `failed ${b}`,
        `readied ${b}`,
        `cancelled ${b}`,
        `readied ${a}`,
        `started ${a}`,
        `completed ${a}`,
      ]);
      expect(h.changes.map(({ task }) => task.state)).toEqual(
        'ready delayed running ready delayed ready running delayed running failed ready cancelled ready running completed'.split(
          ' ',
        ),
      );
    });

    it('are told of many calls at the same time in the order of the moves', async () => {
      const h = opened();
      const tasks = await h.submit(...Array.from({ length: 20 }, () => ({})));
      const claims = await Promise.all(tasks.map(() => h.claim()));
      await Promise.all(claims.flatMap((claim) => [h.store.settle(claim, COMPLETED), h.store.cancel(claim.task.id)]));
      await h.quiet();
      for (const task of tasks) {
        const moves = h.changes.filter((change) => change.task.number === task.number).map(({ move }) => move);
        expect(moves.slice(0, 2)).toEqual(['submitted', 'started']);
        expect(moves[2]).toBe((await h.get(task.id)).state);
        expect(moves).toHaveLength(3);
      }
    });

    it('are of tasks that can be read as they were told', async () => {
      const h = opened();
      const reads: Promise<string | undefined>[] = [];
      h.store.onChange(({ task }) => reads.push(h.store.get(task.id).then((read) => read?.state)));
      await h.submitOne();
      await h.claim();
      await h.quiet();
      expect(await Promise.all(reads)).not.toContain(undefined);
      expect(reads).toHaveLength(2);
    });

    it('are told in one order also where a listener makes more of them', async () => {
      const h = opened();
      const first: string[] = [];
      const second: string[] = [];
      const cancels: Promise<unknown>[] = [];
      h.store.onChange(({ move, task }) => {
        first.push(move);
        if (move === 'submitted') cancels.push(h.store.cancel(task.id));
      });
      h.store.onChange(({ move }) => second.push(move));
      await h.submitOne();
      await h.quiet();
      await Promise.all(cancels);
      expect(first).toEqual(['submitted', 'cancelled']);
      expect(second).toEqual(first);
    });

    it('are not told any more to a listener that left', async () => {
      const h = opened();
      const heard: string[] = [];
      const leave = h.store.onChange(({ move }) => heard.push(move));
      await h.submitOne();
      await h.quiet();
      leave();
      await h.claim();
      await h.quiet();
      expect(heard).toEqual(['submitted']);
    });
  });
}
