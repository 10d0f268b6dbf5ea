import { describe, expect, it } from 'vitest';
import { seededRandom, systemRandom } from '../../src/base/random.js';
import { goesBefore, type Ordered, PriorityQueue } from '../../src/queue/priority-queue.js';

function drained<T extends Ordered>(queue: PriorityQueue<T>): T[] {
  const entries: T[] = [];
  for (let first = queue.first; first !== undefined; first = queue.first) {
    entries.push(first);
    queue.remove(first);
  }
  return entries;
}

describe('goesBefore', () => {
  it('puts the higher priority first, whoever came first', () => {
    expect(goesBefore({ priority: 10, sequence: 9 }, { priority: 5, sequence: 1 })).toBe(true);
    expect(goesBefore({ priority: 5, sequence: 1 }, { priority: 10, sequence: 9 })).toBe(false);
  });

  it('puts the earlier arrival first inside one priority', () => {
    expect(goesBefore({ priority: 5, sequence: 1 }, { priority: 5, sequence: 2 })).toBe(true);
    expect(goesBefore({ priority: 5, sequence: 2 }, { priority: 5, sequence: 1 })).toBe(false);
  });

  it('takes any integer for a priority, also one below zero', () => {
    expect(goesBefore({ priority: 0, sequence: 9 }, { priority: -3, sequence: 1 })).toBe(true);
  });

  it('puts no entry before itself', () => {
    const entry = { priority: 5, sequence: 1 };
    expect(goesBefore(entry, entry)).toBe(false);
  });
});

describe('a priority queue', () => {
  it('has no first entry when it is empty', () => {
    const queue = new PriorityQueue();
    expect(queue.first).toBeUndefined();
    expect(queue.size).toBe(0);
  });

  it('gives its entries in the order of priority, then of arrival', () => {
    const queue = new PriorityQueue();
    const priorities = [1, 15, 5, 5, 10, 1, 15];
    priorities.forEach((priority, sequence) => {
      queue.push({ priority, sequence });
    });
    expect(drained(queue).map(({ priority, sequence }) => [priority, sequence])).toEqual([
      [15, 1],
      [15, 6],
      [10, 4],
      [5, 2],
      [5, 3],
      [1, 0],
      [1, 5],
    ]);
  });

  it('refuses an entry that it has already', () => {
    const queue = new PriorityQueue();
    const entry = { priority: 5, sequence: 0 };
    queue.push(entry);
    expect(() => queue.push(entry)).toThrow('entry 0 is in the queue already');
    expect(queue.size).toBe(1);
  });

  it('says false when an entry that it does not have is removed', () => {
    const queue = new PriorityQueue();
    const entry = { priority: 5, sequence: 0 };
    expect(queue.remove(entry)).toBe(false);
    queue.push(entry);
    expect(queue.remove(entry)).toBe(true);
    expect(queue.remove(entry)).toBe(false);
  });

  it('takes an entry back that left it', () => {
    const queue = new PriorityQueue();
    const entry = { priority: 5, sequence: 0 };
    queue.push(entry);
    queue.remove(entry);
    queue.push(entry);
    expect([...queue.values()]).toEqual([entry]);
  });

  for (const seed of [1, 2, 3, 4, 5, Math.floor(systemRandom() * 2 ** 32)]) {
    it(`agrees with a sorted list whatever is pushed and removed (seed ${seed})`, () => {
      const random = seededRandom(seed);
      const queue = new PriorityQueue();
      const list: Ordered[] = [];
      for (let sequence = 0; sequence < 2_000; sequence += 1) {
        if (random() < 0.55) {
          const entry = { priority: Math.floor(random() * 6) - 2, sequence };
          queue.push(entry);
          list.push(entry);
        } else if (list.length > 0) {
          const [entry] = list.splice(Math.floor(random() * list.length), 1);
          expect(queue.remove(entry!)).toBe(true);
        }
        list.sort((one, other) => (goesBefore(one, other) ? -1 : 1));
        expect(queue.first).toBe(list[0]);
        expect(queue.size).toBe(list.length);
      }
      expect(drained(queue)).toEqual(list);
    });
  }
});
