import { describe, expect, it } from 'vitest';
import { TaskCounter } from '../../src/tasks/task-counts.js';

const NONE = { ready: 0, delayed: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };

describe('a task counter', () => {
  it('counts tasks in their states, and waiting ones by priority', () => {
    const counter = new TaskCounter();
    counter.moved(undefined, 'ready', 5);
    counter.moved(undefined, 'delayed', -3);
    counter.moved(undefined, 'ready', 5, 40);
    counter.moved('ready', 'running', 5);
    expect(counter.read().states).toEqual({ ...NONE, ready: 40, delayed: 1, running: 1 });
    expect([...counter.read().pendingByPriority]).toEqual([
      [5, 40],
      [-3, 1],
    ]);
  });

  it('forgets priorities that nothing waits in', () => {
    const counter = new TaskCounter();
    counter.moved(undefined, 'ready', 7);
    counter.moved('ready', 'cancelled', 7);
    expect(counter.read().pendingByPriority.size).toBe(0);
    counter.moved('cancelled', undefined, 7);
    expect(counter.read().states).toEqual(NONE);
  });

  it('moves what waits to its new priority, and nothing else', () => {
    const counter = new TaskCounter();
    counter.moved(undefined, 'delayed', 1);
    counter.moved(undefined, 'running', 1);
    counter.reprioritised('delayed', 1, 2);
    counter.reprioritised('running', 1, 2);
    expect([...counter.read().pendingByPriority]).toEqual([[2, 1]]);
  });

  it('gives counts that do not change afterwards', () => {
    const counter = new TaskCounter();
    const before = counter.read();
    counter.moved(undefined, 'ready', 5);
    expect(before.states.ready).toBe(0);
    expect(before.pendingByPriority.size).toBe(0);
  });
});
