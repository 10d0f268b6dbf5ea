import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../src/queue/arrivals.js';
import { MemoryTaskStore } from '../../src/tasks/memory-store.js';
import { newTask } from '../conformance/task-store/harness.js';
import { taskStoreConformance } from '../conformance/task-store.js';
import { ManualClock } from '../support/manual-clock.js';

taskStoreConformance('the memory store', async ({ clock, arrivals }) => ({
  store: new MemoryTaskStore({ clock, arrivals }),
  dispose: async () => {},
}));

describe('the memory store', () => {
  it('lets tasks wait for as many models as it was told to', async () => {
    const store = new MemoryTaskStore({ clock: new ManualClock(), arrivals: new Arrivals(), pendingModelsMax: 2 });
    await store.start();
    await store.submit([newTask({ model: 'a' }), newTask({ model: 'b' })]);
    await expect(store.submit([newTask({ model: 'c' })])).rejects.toMatchObject({ code: 'queue_full', param: 'model' });
    await store.claim('a', undefined);
    await store.submit([newTask({ model: 'c' })]);
  });

  it('is not open before it is started, nor after it was stopped', async () => {
    const store = new MemoryTaskStore({ clock: new ManualClock(), arrivals: new Arrivals() });
    await expect(store.submit([newTask()])).rejects.toMatchObject({ code: 'storage_error' });
    await store.stop();
    await expect(store.start()).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('holds one timer, however many tasks are delayed, and none when nothing is', async () => {
    const clock = new ManualClock();
    const store = new MemoryTaskStore({ clock, arrivals: new Arrivals() });
    await store.start();
    const dues = [5000, 1000, 9000].map((delayMs) => newTask({ dueAtMs: clock.epoch() + delayMs }));
    const submitted = await store.submit(dues);
    expect(clock.timers).toBe(1);
    for (const { task } of submitted) await store.cancel(task.id);
    expect(clock.timers).toBe(0);
    await store.submit(dues);
    await clock.advanceAsync(9000);
    expect(clock.timers).toBe(0);
    expect(store.counts().states).toMatchObject({ ready: 3, delayed: 0 });
  });
});
