import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bench, startMock } from '../../support/bench-process.js';
import { endAll } from '../../support/ending.js';
import { FakeUpstream } from '../../support/fake-upstream.js';
import { gollama } from '../../support/gollama-process.js';
import { makePlace } from '../../support/place.js';

afterEach(endAll);

const PACE = { tokensPerSecond: 100, ttftMs: 10, tokens: 12 };
/** So slow that a busy machine does not matter. */
const CALM = { tokensPerSecond: 25, ttftMs: 10, tokens: 8 };

describe('two servers', () => {
  it('are asked in turn, each first every other time', async () => {
    const order: string[] = [];
    const start = (name: string) =>
      FakeUpstream.start({
        answer: (call) => {
          order.push(name);
          call.beginStream();
          call.say('hi');
          call.endStream();
        },
      });
    const [head, base] = [await start('head'), await start('base')];
    const args = ['--against', base.url, '--repeat', '4', '--confirm', '0', '-n', '1', '-c', '1', '--warmup', '0'];
    await bench(head.url, args);
    expect(order.join(' ')).toBe('head base base head head base base head');
  });

  // What is just enough is a matter of the statistics, which have tests of their own.
  it('differ with exit code 8 where one takes twice as long for a token', { timeout: 40_000 }, async () => {
    const head = await startMock({ ...CALM, tokensPerSecond: CALM.tokensPerSecond / 2 });
    const base = await startMock(CALM);
    const { code, result } = await bench(head.url, ['--against', base.url, '-n', '10', '-c', '10', '--warmup', '0']);
    const tpot = result.comparison?.metrics.find(({ metric }) => metric.startsWith('tpot'));
    expect({ guards: result.comparison?.guards, verdict: tpot?.verdict }).toEqual({ guards: [], verdict: 'worse' });
    expect(result.comparison).toMatchObject({ status: 'regression', confirmed: true, pairs: 5 });
    expect(code).toBe(8);
  });

  it('do not differ where they are the same', { timeout: 40_000 }, async () => {
    const mock = await startMock(CALM);
    const { result } = await bench(mock.url, ['--against', mock.url, '-n', '10', '-c', '10', '--warmup', '0']);
    expect(result.comparison?.status).not.toBe('regression');
    // On a busy machine it may be inconclusive.
    expect(result.comparison?.metrics.find(({ metric }) => metric.startsWith('tpot'))?.verdict).not.toBe('worse');
  });
});

describe('a saved result', () => {
  it('can be compared with the next run, which is inconclusive where that did other work', async () => {
    const place = makePlace();
    const mock = await startMock(PACE);
    const base = ['bench', mock.url, '--no-calibrate', '-n', '8', '-q', '--json', 'base.json'];
    expect((await gollama(base, { place })).code).toBe(0);
    const { code, result } = await bench(mock.url, ['-n', '8', '--seed', '7', '--baseline', 'base.json'], { place });
    expect(code).toBe(9);
    expect(result.comparison?.guards.join()).toContain('workload differs');

    const compared = await gollama(['bench', 'compare', 'base.json', 'base.json', '--json'], { place });
    expect(compared.code).not.toBe(8);
    expect(JSON.parse(compared.stdout)).toMatchObject({ pairs: 1, guards: [] });
  });

  it('can be shown again, and turned into other forms', async () => {
    const place = makePlace();
    const mock = await startMock(PACE);
    const forms = ['--csv', 'a.csv', '--markdown', 'a.md', '--html', 'a.html', '--junit', 'a.xml'];
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(place.cwd, 'summary.md') };
    const args = ['--gate', 'ttft.p50<1us', '-n', '8'];
    const run = await gollama(['bench', mock.url, '--no-calibrate', '--json', 'a.json', ...args, ...forms], {
      place,
      env,
    });
    expect(run.code).toBe(7);
    expect(run.stderr).toMatch(/^::error title=/m);
    const read = (name: string) => readFileSync(join(place.cwd, name), 'utf8');
    expect(read('summary.md')).toContain('FAIL');
    expect(read('a.xml')).toMatch(/<failure/);
    expect(read('a.html')).not.toMatch(/(src|href)="http/);

    const again = await gollama(['bench', 'report', 'a.json', '--junit', 'b.xml'], { place });
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('Service URL');
    expect(read('b.xml')).toBe(read('a.xml'));

    const shown = await gollama(['bench', 'report', 'a.json', '--json'], { place });
    expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(read('a.json')));
    place.write('shown.json', shown.stdout);
    expect((await gollama(['bench', 'compare', 'a.json', 'shown.json'], { place })).stderr).toBe('');
  });
});
