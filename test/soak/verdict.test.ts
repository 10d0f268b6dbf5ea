import { describe, expect, test } from 'vitest';
import type { Holdings } from '../support/gateway-watch.js';
import { type Ending, findings, type Sample, sparkline } from './verdict.js';

const MIB = 2 ** 20;

function holdings(more: Partial<Holdings> = {}): Holdings {
  const bytes = { rssBytes: 100 * MIB, heapBytes: 20 * MIB, externalBytes: MIB };
  return { ...bytes, connections: 0, files: ['socket', 'pipe'], handles: { TCPServerWrap: 1 }, ...more };
}

function samples(heapMibs: readonly number[]): Sample[] {
  return heapMibs.map((mib, at) => ({ ...holdings({ heapBytes: mib * MIB }), requests: at * 100, elapsedS: at }));
}

const GOOD: Ending = { unended: 0, endedAgain: 0, failed: 0, unrest: 0, before: holdings(), after: holdings() };

function failures(of: readonly Sample[], ending: Partial<Ending> = {}): string[] {
  return findings(of, { ...GOOD, ...ending })
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);
}

const STEADY = [20, 24, 25, 25, 26, 25, 26, 25, 26, 25, 26, 25];

describe('a soak test', () => {
  test('passes where memory settles after the warm-up', () => {
    expect(failures(samples(STEADY))).toEqual([]);
  });

  test('fails where the heap grows to the end', () => {
    expect(failures(samples(STEADY.map((mib, at) => mib + at)))).toEqual(['heap growth after warm-up']);
  });

  test('does not take one high sample for growth', () => {
    expect(failures(samples([...STEADY.slice(0, -1), 60]))).toEqual([]);
  });

  test('fails with too few samples to tell', () => {
    expect(failures(samples([20]))).toContain('heap growth after warm-up');
  });

  test.each([
    ['requests without an end in the log', { unended: 1 }],
    ['requests with several ends in the log', { endedAgain: 1 }],
    ['failed requests', { failed: 1 }],
    ['slots taken or requests waiting', { unrest: 1 }],
    ['open connections at the end', { after: holdings({ connections: 1 }) }],
    ['open files beside connections', { after: holdings({ files: ['socket', 'pipe', 'pipe'] }) }],
    ['handles at the end', { after: holdings({ handles: { TCPServerWrap: 1, Timeout: 1 } }) }],
  ])('fails where it finds %s', (name, ending) => {
    expect(failures(samples(STEADY), ending)).toEqual([name]);
  });

  test('draws its values from the smallest to the largest', () => {
    expect(sparkline([1, 8, 4.5])).toBe('▁█▄');
    expect(sparkline([3, 3])).toBe('▁▁');
  });
});
