import { expect } from 'vitest';
import type { TaskState } from '../../../src/tasks/task.js';
import type { Harness } from './harness.js';

/** What the store says of its counts is what counting its tasks gives. */
export async function expectCountsRight(h: Harness): Promise<void> {
  await h.quiet();
  const states: Record<TaskState, number> = { ready: 0, delayed: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
  const pending = new Map<number, number>();
  for (const { state, priority } of await h.all()) {
    states[state] += 1;
    if (state === 'ready' || state === 'delayed') pending.set(priority, (pending.get(priority) ?? 0) + 1);
  }
  const counts = h.store.counts();
  expect(counts.states).toEqual(states);
  const counted = [...counts.pendingByPriority].filter(([, count]) => count !== 0);
  expect(new Map(counted)).toEqual(pending);
}
