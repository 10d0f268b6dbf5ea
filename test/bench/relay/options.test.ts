import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../bench/relay/options.js';

describe('the options of the relay benchmark', () => {
  it('measure everything in five rounds when nothing is said', () => {
    const options = parseOptions([], '/root');
    expect(options).toMatchObject({ rounds: 5, quick: false, gateways: undefined, entry: '/root/bin/run.js' });
    expect(options.tests).toEqual(['ns1', 'ns32', 's64', 's512', 'flat', 'slow', 'idle']);
  });

  it('leave out the longest test when it shall be quick, unless it is asked for', () => {
    expect(parseOptions(['--quick'], '/root').tests).not.toContain('s512');
    expect(parseOptions(['--quick', '--only', 's512'], '/root').tests).toEqual(['s512']);
  });

  it('take further builds to measure beside', () => {
    const { also } = parseOptions(['--also', 'before=/tmp/a/run.js', '--also', 'after=/tmp/b/run.js'], '/root');
    expect(also).toEqual([
      { name: 'before', entry: '/tmp/a/run.js' },
      { name: 'after', entry: '/tmp/b/run.js' },
    ]);
  });

  it.each([
    [['--only', 's65'], /"s65" is no test: expected ns1/],
    [['--gateways', 'apache'], /"apache" is no gateway/],
    [['--rounds', '0'], /--rounds 0: expected a whole number/],
    [['--also', '/tmp/run.js'], /expected NAME=PATH/],
    [['--roundz', '3'], /--roundz/],
  ])('refuse %j', (argv, message) => {
    expect(() => parseOptions(argv, '/root')).toThrow(message);
  });
});
