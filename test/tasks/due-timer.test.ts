import { describe, expect, it } from 'vitest';
import { DueTimer } from '../../src/tasks/due-timer.js';
import { ManualClock } from '../support/manual-clock.js';

const MINUTE_MS = 60_000;

function setup() {
  const clock = new ManualClock();
  const rings: number[] = [];
  const timer = new DueTimer(clock, () => rings.push(clock.epoch()));
  return { clock, rings, timer };
}

describe('a due timer', () => {
  it('rings once, when its time has come', () => {
    const { clock, rings, timer } = setup();
    const dueAtMs = clock.epoch() + 5 * MINUTE_MS;
    timer.set(dueAtMs);
    clock.advance(5 * MINUTE_MS - 1);
    expect(rings).toEqual([]);
    clock.advance(1);
    expect(rings).toEqual([dueAtMs]);
    clock.advance(10 * MINUTE_MS);
    expect(rings).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('rings soon for a time that has passed, but not within the call', () => {
    const { clock, rings, timer } = setup();
    timer.set(clock.epoch() - MINUTE_MS);
    expect(rings).toEqual([]);
    clock.advance(0);
    expect(rings).toHaveLength(1);
  });

  it('rings at the time it was set to last, or not at all', () => {
    const { clock, rings, timer } = setup();
    const startMs = clock.epoch();
    timer.set(startMs + 1000);
    timer.set(startMs + 500);
    timer.set(startMs + 500);
    clock.advance(500);
    expect(rings).toEqual([startMs + 500]);
    timer.set(startMs + 2000);
    timer.set(undefined);
    clock.advance(MINUTE_MS);
    expect(rings).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('can be set again by what it calls', () => {
    const clock = new ManualClock();
    const rings: number[] = [];
    const startMs = clock.epoch();
    const timer: DueTimer = new DueTimer(clock, () => {
      rings.push(clock.epoch() - startMs);
      if (rings.length < 3) timer.set(clock.epoch() + 10);
    });
    timer.set(startMs + 10);
    clock.advance(100);
    expect(rings).toEqual([10, 20, 30]);
  });

  it('notices within a minute that the wall clock jumped forward', () => {
    const { clock, rings, timer } = setup();
    timer.set(clock.epoch() + 60 * MINUTE_MS);
    clock.jump(60 * MINUTE_MS);
    clock.advance(MINUTE_MS);
    expect(rings).toHaveLength(1);
  });

  it('does not ring early when the wall clock jumped back', () => {
    const { clock, rings, timer } = setup();
    timer.set(clock.epoch() + 1000);
    clock.jump(-10 * MINUTE_MS);
    clock.advance(10 * MINUTE_MS + 999);
    expect(rings).toEqual([]);
    clock.advance(1);
    expect(rings).toHaveLength(1);
  });
});
