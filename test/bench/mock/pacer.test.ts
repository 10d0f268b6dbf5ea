import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../bench/mock/pacer.js';
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
    const { clock, join } = setUp({ firstMs: 0, intervalMs: 10 });
    const early = join(20);
    clock.advance(3);
    const late = join(20);
    clock.advance(2);
    // Nothing fires while time jumps.
    const pending = clock.now();
    stall(clock, 50);
    clock.advance(10);
    expect(pending).toBe(5);
    expect(early.slice(0, 7)).toEqual([0, 55, 55, 55, 55, 55, 60]);
    expect(late.slice(0, 7)).toEqual([3, 55, 55, 55, 55, 63, Number.NaN].slice(0, late.length));
    expect(early.length + late.length).toBe(13);
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

/** Time passes, and no timer fires before it has. */
function stall(clock: ManualClock, byMs: number): void {
  const untilMs = clock.now() + byMs;
  const now = clock.now.bind(clock);
  clock.now = () => Math.max(now(), untilMs);
  clock.advance(byMs);
  clock.now = now;
}
