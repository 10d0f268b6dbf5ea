import { describe, expect, it } from 'vitest';
import { dueTimes } from '../../../bench/arrival.js';
import type { Load, Plan, Stop, WorkItem } from '../../../bench/plan.js';
import { automaticWorkers, part, sharedItems, sharedPlan, usefulWorkers } from '../../../bench/workers/share.js';
import { seededRandom } from '../../../src/base/random.js';

const OPEN: Load = { kind: 'open', rate: 10, arrival: 'poisson', burstiness: 1, inFlightMax: 7, rampMs: 0 };
const CLOSED: Load = { kind: 'closed', concurrency: 10, rampMs: 0 };

function planOf(load: Load, stop: Stop): Plan {
  return { load, stop, seed: 3 } as Plan;
}

function item(index: number): WorkItem | undefined {
  return index < 11 ? { messages: [{ role: 'user', content: `${index}` }], maxTokens: 1 } : undefined;
}

describe('a share', () => {
  it.each([1, 2, 3, 4, 10])('is a part of the whole: %d of them make it again', (of) => {
    for (const whole of [1, 10, 11, 1_000]) {
      const parts = Array.from({ length: of }, (_, worker) => part(whole, { worker, of }));
      expect(parts.reduce((sum, one) => sum + one, 0)).toBe(whole);
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
    }
  });

  it('splits concurrency and requests, or rate and places in flight', () => {
    const closed = sharedPlan(planOf(CLOSED, { kind: 'requests', requests: 11 }), { worker: 0, of: 3 });
    expect([closed.load, closed.stop]).toEqual([
      { kind: 'closed', concurrency: 4, rampMs: 0 },
      { kind: 'requests', requests: 4 },
    ]);
    const open = sharedPlan(planOf(OPEN, { kind: 'duration', durationMs: 5 }), { worker: 1, of: 2 });
    expect([open.load, open.stop]).toEqual([
      { ...OPEN, rate: 5, inFlightMax: 3 },
      { kind: 'duration', durationMs: 5 },
    ]);
  });

  it.each([1, 2, 3, 5])('of %d has items of its own, and together they have all', (of) => {
    const seen = Array.from({ length: of }, (_, worker) => {
      const own = sharedItems(planOf(CLOSED, { kind: 'requests', requests: 11 }), { worker, of }, item);
      return Array.from({ length: 11 }, (_, index) => own(index)?.messages[0]?.content).filter(
        (text) => text !== undefined,
      );
    });
    expect(
      seen
        .flat()
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each([1, 2, 3])('of %d is due when it would be due in a single thread', (of) => {
    const times = dueTimes(OPEN, seededRandom(3));
    const expected = Array.from({ length: 11 }, () => times.next().value as number);
    const seen: number[] = [];
    for (let worker = 0; worker < of; worker += 1) {
      const own = sharedItems(planOf(OPEN, { kind: 'requests', requests: 11 }), { worker, of }, item);
      for (let index = 0; own(index); index += 1) seen[index * of + worker] = own(index)?.dueMs ?? Number.NaN;
    }
    expect(seen).toEqual(expected);
  });

  it('keeps the due times that the work itself has', () => {
    const plan = planOf(OPEN, { kind: 'requests', requests: 11 });
    const own = sharedItems(plan, { worker: 1, of: 2 }, (index) => ({
      messages: [],
      maxTokens: 1,
      dueMs: index * 100,
    }));
    expect([own(0)?.dueMs, own(1)?.dueMs]).toEqual([100, 300]);
  });
});

describe('the number of workers', () => {
  it.each([
    [0, 8, 1],
    [9_000, 8, 1],
    [12_800, 8, 2],
    [100_000, 8, 7],
    [100_000, 2, 1],
    [100_000, 1, 1],
  ])('for %d events a second on %d cores is %d', (events, cores, expected) => {
    expect(automaticWorkers(events, cores)).toBe(expected);
  });

  it('is no more than there is to do', () => {
    const requests = (count: number): Stop => ({ kind: 'requests', requests: count });
    expect(usefulWorkers(4, planOf(CLOSED, requests(3)))).toBe(3);
    expect(usefulWorkers(40, planOf(CLOSED, requests(100)))).toBe(10);
    expect(usefulWorkers(40, planOf(OPEN, { kind: 'duration', durationMs: 1 }))).toBe(7);
    expect(usefulWorkers(0, planOf(CLOSED, requests(3)))).toBe(1);
  });
});
