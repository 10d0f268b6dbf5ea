import { describe, expect, it } from 'vitest';
import { MEASUREMENTS } from '../../../bench/queue/catalogue.js';
import { parseOptions } from '../../../bench/queue/options.js';
import { STEPS } from '../../../bench/queue/steps.js';

describe('the options of the queue benchmark', () => {
  it('measure everything in three rounds with a million waiting when nothing is said', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({ rounds: 3, waiting: 1_000_000, jsonPath: undefined, folder: undefined });
    expect(options.only).toEqual(STEPS.map(({ name }) => name));
  });

  it('can be quick, and still be told otherwise', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, waiting: 100_000 });
    expect(parseOptions(['--quick', '--rounds', '4', '--waiting', '20000'])).toMatchObject({
      rounds: 4,
      waiting: 20_000,
    });
  });

  it('name measurements that there are', () => {
    expect(parseOptions(['--only', 'lives, wal']).only).toEqual(['lives', 'wal']);
    for (const { name } of STEPS) expect(MEASUREMENTS).toHaveProperty([name]);
  });

  it.each([
    [['--only', 'lifes'], /"lifes" is no measurement: expected submits/],
    [['--rounds', '0'], /--rounds 0: expected a whole number from 1 to 100/],
    [['--waiting', '9999'], /--waiting 9999: expected a whole number from 10000/],
    [['--roundz', '3'], /--roundz/],
  ])('refuse %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
