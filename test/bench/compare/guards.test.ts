import { describe, expect, it } from 'vitest';
import { guardsOf } from '../../../bench/compare/guards.js';
import { resultFixture } from '../support/result-fixture.js';

type Change = Parameters<typeof resultFixture>[0];

const guards = (change: Change) =>
  guardsOf([resultFixture(), resultFixture()], [resultFixture(), resultFixture(change)]);

describe('runs', () => {
  it('that are alike can be compared', () => {
    expect(guards({})).toEqual([]);
  });

  it.each<[string, Change]>([
    ['workload differs', { workload: { hash: 'sha256:ff' } }],
    ['model differs', { target: { model: 'other' } }],
    ['endpoint differs', { target: { endpoint: 'completions' } }],
    ['streaming differs', { target: { stream: false } }],
    ['concurrency differs: 4, 8', { load: { concurrency: 8 } }],
    ['load mode differs: closed, open', { load: { mode: 'open' } }],
    ['rate differs: none, 2', { load: { rate_rps: 2 } }],
    ['counting of tokens differs', { tokens: { estimated: true } }],
    ['answers differ in length: 38.1 and 41.1 tokens', { tokens: { completion: 882 } }],
    ['cached prompt tokens differ: 96% and 72%', { tokens: { cached_prompt: 240 } }],
    ['a run of head was interrupted', { complete: false }],
    ['the client was saturated in a run of head', { client: { saturated: true } }],
    ['no request of a run of head succeeded', { requests: { successful: 0 } }],
  ])('of which %s cannot', (reason, change) => {
    expect(guards(change).some((guard) => guard.startsWith(reason))).toBe(true);
  });

  it.each<[string, Change]>([
    ['lengths that differ by 4 %', { tokens: { completion: 792 } }],
    ['caches that differ by 4 points', { tokens: { cached_prompt: 460 } }],
    ['another address', { target: { url: 'http://elsewhere' } }],
    ['a cache that one of them does not tell of', { tokens: { cached_prompt: null } }],
  ])('with %s can', (_, change) => {
    expect(guards(change)).toEqual([]);
  });

  it('on machines of another speed cannot be compared, where the speed is on the same scale', () => {
    const on = (cpu_score: number | null, version = '0.1.0') =>
      guardsOf([resultFixture()], [resultFixture({ env: { cpu_score }, tool: { version } })]);
    expect(on(1.3)).toEqual(['machines differ: CPU score 1.00 and 1.30']);
    expect([on(1.1), on(null), on(1.3, '0.2.0')]).toEqual([[], [], []]);
  });
});
