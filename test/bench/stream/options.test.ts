import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../bench/stream/options.js';
import { burstRecords, CONTESTANTS, STEPS } from '../../../bench/stream/steps.js';

describe('the options of the stream benchmark', () => {
  it('measure everything in three rounds when nothing is said', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({ rounds: 3, contestants: CONTESTANTS, jsonPath: undefined });
    expect(options.only).toEqual(STEPS.map(({ name }) => name));
  });

  it('can be quick, and still be told otherwise', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 1 });
    expect(parseOptions(['--quick', '--rounds', '4']).rounds).toBe(4);
    expect(parseOptions(['--only', 'fan-1, stalled', '--faces', 'bare,sse'])).toMatchObject({
      only: ['fan-1', 'stalled'],
      contestants: ['bare', 'sse'],
    });
  });

  it.each([
    [['--only', 'fan-2'], /--only: "fan-2" is none of fan-1, fan-100/],
    [['--faces', 'ws'], /--faces: "ws" is none of bare, centrifuge/],
    [['--rounds', '0'], /--rounds 0: expected a whole number from 1 to 100/],
    [['--roundz', '3'], /--roundz/],
  ])('refuse %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});

describe('a step of the stream benchmark', () => {
  it('has whole readers for each producer, and a burst of the same size for every width', () => {
    for (const step of STEPS) {
      expect(step.readers % step.producers).toBe(0);
      expect(burstRecords(step)).toBeGreaterThanOrEqual(10);
      expect(burstRecords(step) * step.readers).toBeLessThanOrEqual(100_000);
    }
  });
});
