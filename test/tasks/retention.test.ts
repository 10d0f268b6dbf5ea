import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { MemoryTaskStore } from '../../src/tasks/memory-store.js';
import { Retention } from '../../src/tasks/retention.js';
import type { RetentionRule, TaskChange } from '../../src/tasks/task-store.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const INTERVAL_MS = 3_600_000;

class WatchedStore extends MemoryTaskStore {
  /** What each step removed. */
  readonly steps: number[] = [];
  failure: GollamaError | undefined;
  /** Holds every step back until it is called. */
  gate: Promise<void> | undefined;
  readonly listeners = new Set<object>();

  override onChange(listener: (change: TaskChange) => void): () => void {
    const stop = super.onChange(listener);
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      stop();
    };
  }

  override async prune(rule: RetentionRule): Promise<number> {
    await this.gate;
    if (this.failure) throw this.failure;
    const removed = await super.prune(rule);
    this.steps.push(removed);
    return removed;
  }
}

class Rig {
  readonly clock = new ManualClock();
  readonly store = new WatchedStore({ clock: this.clock, arrivals: new Arrivals() });
  readonly log = recordingLogger();
  readonly retention: Retention;

  constructor(keepMax = 100) {
    const { clock, store } = this;
    this.retention = new Retention({ store, clock, logger: this.log.logger, cleanupIntervalMs: INTERVAL_MS, keepMax });
  }

  async start(): Promise<this> {
    await this.store.start();
    await this.retention.start();
    await settled();
    return this;
  }

  /** Tasks that ended now. */
  async finish(count: number, kind: 'completed' | 'failed' | 'cancelled' = 'completed'): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const [submitted] = await this.store.submit([NEW]);
      if (kind === 'cancelled') await this.store.cancel(submitted!.task.id);
      else {
        const claim = await this.store.claim('m', 'one');
        await this.store.settle(claim!, kind === 'failed' ? { kind, error: 'x' } : { kind, result: '{}' });
      }
    }
    await settled();
  }

  get kept(): number[] {
    const { completed, failed, cancelled } = this.store.counts().states;
    return [completed, failed, cancelled];
  }
}

const NEW = {
  owner: 'somebody',
  type: 'chat',
  model: 'm',
  priority: 5,
  retriesMax: 0,
  dueAtMs: undefined,
  body: '{}',
  givenId: undefined,
  idempotencyKey: undefined,
  notify: false,
} as const;

describe('retention', () => {
  let rig: Rig;
  afterEach(() => rig.retention.stop());

  it('removes tasks that ended more than 24 intervals ago, of every state, at the next interval', async () => {
    rig = await new Rig().start();
    await rig.finish(2);
    await rig.finish(1, 'failed');
    await rig.finish(1, 'cancelled');
    await rig.clock.advanceAsync(24 * INTERVAL_MS);
    expect(rig.kept).toEqual([2, 1, 1]);
    await rig.clock.advanceAsync(INTERVAL_MS);
    expect(rig.kept).toEqual([0, 0, 0]);
  });

  it('removes nothing that has not ended, however old it is', async () => {
    rig = await new Rig().start();
    await rig.store.submit([NEW, NEW, { ...NEW, dueAtMs: rig.clock.epoch() + 1e12 }]);
    await rig.store.claim('m', 'one');
    await rig.clock.advanceAsync(30 * INTERVAL_MS);
    expect(rig.store.counts().states).toMatchObject({ ready: 1, delayed: 1, running: 1 });
  });

  it('cleans at once when it starts', async () => {
    rig = new Rig(3);
    await rig.store.start();
    await rig.finish(5);
    await rig.retention.start();
    await settled();
    expect(rig.kept).toEqual([3, 0, 0]);
  });

  it('keeps no more of a state than it may and a tenth, and then the newest', async () => {
    rig = await new Rig(20).start();
    await rig.finish(22);
    expect(rig.kept).toEqual([22, 0, 0]);
    await rig.clock.advanceAsync(1);
    await rig.finish(1);
    expect(rig.kept).toEqual([20, 0, 0]);
    const numbers = (await rig.store.list({ limit: 100 })).tasks.map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 4));
  });

  it('tolerates one more also where a tenth is less', async () => {
    rig = await new Rig(4).start();
    await rig.finish(5);
    expect(rig.kept).toEqual([5, 0, 0]);
    await rig.finish(1);
    expect(rig.kept).toEqual([4, 0, 0]);
  });

  it('counts each state for itself', async () => {
    rig = await new Rig(4).start();
    await rig.finish(4);
    await rig.finish(4, 'failed');
    await rig.finish(6, 'cancelled');
    expect(rig.kept).toEqual([4, 4, 4]);
  });

  it('goes in steps until nothing is left to do', async () => {
    rig = new Rig(0);
    await rig.store.start();
    await rig.finish(450);
    await rig.retention.start();
    await settled();
    expect(rig.store.steps).toEqual([200, 200, 50, 0, 0, 0]);
  });

  it('cleans once at a time, whatever happens meanwhile', async () => {
    rig = new Rig(1);
    await rig.store.start();
    let open = () => {};
    rig.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await rig.retention.start();
    await rig.finish(10);
    open();
    await settled();
    expect(rig.store.steps).toEqual([9, 0, 0, 0]);
    expect(rig.clock.timers).toBe(1);
  });

  it('tries again at the next interval where the store failed, and says so', async () => {
    rig = await new Rig(1).start();
    rig.store.failure = new GollamaError('storage_full', 'no space');
    await rig.finish(3);
    expect(rig.kept).toEqual([3, 0, 0]);
    expect(rig.log.lines.map(({ message }) => message)).toContain('finished tasks could not be removed');
    rig.store.failure = undefined;
    await rig.clock.advanceAsync(INTERVAL_MS);
    expect(rig.kept).toEqual([1, 0, 0]);
  });

  it('says nothing where the store is being stopped', async () => {
    rig = await new Rig(1).start();
    rig.store.failure = new GollamaError('shutting_down', 'stopped');
    await rig.finish(3);
    expect(rig.log.lines).toEqual([]);
  });

  it('stops between two steps, does nothing afterwards, and leaves no timer', async () => {
    rig = new Rig(0);
    await rig.store.start();
    await rig.finish(450);
    let open = () => {};
    rig.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await rig.retention.start();
    const stopped = rig.retention.stop();
    open();
    await stopped;
    expect(rig.store.steps).toEqual([200]);
    expect(rig.clock.timers).toBe(0);
    await rig.finish(10);
    expect(rig.kept).toEqual([260, 0, 0]);
  });

  it('may be started and stopped twice', async () => {
    rig = await new Rig(1).start();
    await rig.retention.start();
    expect(rig.clock.timers).toBe(1);
    await rig.retention.stop();
    await rig.retention.stop();
    expect([rig.clock.timers, rig.store.listeners.size]).toEqual([0, 0]);
    await rig.retention.start();
    await rig.finish(5);
    expect(rig.kept).toEqual([1, 0, 0]);
  });
});
