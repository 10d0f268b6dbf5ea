import { describe, expect, it } from 'vitest';
import { type Candidate, chooseMember } from '../../src/pool/balancer.js';

const candidate = (free: number, inUse: number, weight = 1): Candidate => ({ free, inUse, weight });

describe('the choice of a member', () => {
  it('is nobody where nobody has a free slot', () => {
    expect(chooseMember([])).toBeUndefined();
    expect(chooseMember([candidate(0, 2), candidate(0, 0)])).toBeUndefined();
  });

  it('is one with a free slot, however light the others are', () => {
    const [full, loaded] = [candidate(0, 0), candidate(1, 7)];
    expect(chooseMember([full, loaded])).toBe(loaded);
  });

  it('is the one that carries the least', () => {
    const [busy, idle] = [candidate(3, 1), candidate(1, 0)];
    expect(chooseMember([busy, idle])).toBe(idle);
  });

  it('is the one that carries the least for its weight', () => {
    const [light, heavy] = [candidate(4, 1, 1), candidate(4, 2, 2)];
    expect(chooseMember([light, heavy])).toBe(heavy);
  });

  it('is the heavier one of two idle members', () => {
    const [light, heavy] = [candidate(4, 0, 1), candidate(4, 0, 2)];
    expect(chooseMember([light, heavy])).toBe(heavy);
  });

  it('is the one with more free slots among equals, then the earlier one', () => {
    const [small, large, twin] = [candidate(1, 0), candidate(4, 0), candidate(4, 0)];
    expect(chooseMember([small, large, twin])).toBe(large);
    expect(chooseMember([small, twin, large])).toBe(twin);
  });

  it('shares requests that do not end in the proportion of the weights', () => {
    const members = [1, 2, 5].map((weight) => ({ free: 100, inUse: 0, weight }));
    for (let request = 0; request < 80; request += 1) {
      const member = chooseMember(members)!;
      member.inUse += 1;
      member.free -= 1;
    }
    expect(members.map(({ inUse }) => inUse)).toEqual([10, 20, 50]);
  });
});
