import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../bench/mock/pacer.js';
import type { Clock, Timer } from '../../../src/base/clock.js';
import { seededRandom } from '../../../src/base/random.js';
import { ManualClock } from '../../support/manual-clock.js';

function setUp(options: { firstMs: number; intervalMs: number }) {
  const clock = new ManualClock();
  const pacer = new Pacer({ clock, ...options });
  /** Writes `writes` times, and notes when. */
  const join = (writes: number): number[] => {
    const timesMs: number[] = [];
    pacer.join({ write: () => timesMs.push(clock.now()) < writes });
    return timesMs;
  };
  return { clock, pacer, join };
}

describe('a pacer', () => {
  it('writes first after the first wait, then at a steady interval', () => {
    const { clock, join } = setUp({ firstMs: 30, intervalMs: 20 });
    const times = join(4);
    clock.advance(500);
    expect(times).toEqual([30, 50, 70, 90]);
    expect(clock.timers).toBe(0);
  });

  it('has one timer for all streams', () => {
    const { clock, join } = setUp({ firstMs: 10, intervalMs: 20 });
    for (let stream = 0; stream < 100; stream += 1) join(3);
    expect(clock.timers).toBe(1);
    clock.advance(15);
    expect(clock.timers).toBe(1);
  });

  it('lets every stream keep its own times', () => {
    const seed = 11;
    const random = seededRandom(seed);
    const { clock, join } = setUp({ firstMs: 5, intervalMs: 20 });
    const joined: { atMs: number; times: number[] }[] = [];
    for (let stream = 0; stream < 60; stream += 1) {
      // Quarters of a millisecond and more apart: nearer ones are served together.
      clock.advance(Math.floor(random() * 8));
      joined.push({ atMs: clock.now(), times: join(6) });
    }
    clock.advance(200);
    for (const { atMs, times } of joined) {
      expect(times, `seed ${seed}`).toEqual([0, 1, 2, 3, 4, 5].map((index) => atMs + 5 + 20 * index));
    }
  });

  it('catches up after a stall, and keeps to the times that were', () => {
    const clock = new StallingClock();
    const pacer = new Pacer({ clock, firstMs: 0, intervalMs: 10 });
    const times: string[] = [];
    const join = (name: string) => pacer.join({ write: () => times.push(`${name} ${clock.now()}`) > 0 });
    join('a');
    clock.pass(3);
    join('b');
    clock.pass(52);
    expect(times).toEqual(
      ['a 3', 'b 55', ...'ababababab'].flatMap((entry) => (entry.length > 1 ? [entry] : [`${entry} 55`])),
    );
    times.length = 0;
    for (const ms of [5, 3, 7, 3]) clock.pass(ms);
    expect(times).toEqual(['a 60', 'b 63', 'a 70', 'b 73']);
  });

  it('forgets its streams when it stops', () => {
    const { clock, pacer, join } = setUp({ firstMs: 10, intervalMs: 10 });
    const times = join(5);
    pacer.stop();
    clock.advance(100);
    expect(times).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

/** Time passes first; what fell due meanwhile fires then, late. */
class StallingClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  epoch(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { run } of due) run();
  }
}
