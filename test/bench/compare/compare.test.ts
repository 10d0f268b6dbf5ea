import { describe, expect, it } from 'vitest';
import { compare, confirm } from '../../../bench/compare/compare.js';
import type { Run } from '../../../bench/compare/run.js';
import type { Comparison } from '../../../bench/result.js';
import { normal } from '../../../bench/statistics/normal.js';
import { Samples } from '../../../bench/statistics/samples.js';
import { GollamaError } from '../../../src/base/errors.js';
import { type Random, seededRandom } from '../../../src/base/random.js';
import { resultFixture } from '../support/result-fixture.js';

const SEED = 20_261_121;

interface Server {
  /** Factors on the pace of an imagined server: 400 ms to the first token, 20 ms per token. */
  readonly tokenTime?: number;
  readonly firstToken?: number;
  /** Share of requests that fail. */
  readonly failing?: number;
  /** Relative scatter from run to run, and from request to request. */
  readonly runScatter?: number;
  readonly requestScatter?: number;
  readonly requests?: number;
}

/** One run of `requests` requests of 100 tokens on 4 slots. */
function runOf(server: Server, random: Random, withHistograms = false): Run {
  const {
    tokenTime = 1,
    firstToken = 1,
    failing = 0,
    runScatter = 0.01,
    requestScatter = 0.15,
    requests = 60,
  } = server;
  const spread = (scatter: number) => Math.exp(scatter * normal(random));
  const [runPace, firstPace] = [spread(runScatter), spread(runScatter)];
  const [ttft, tpot, e2e] = [new Samples(), new Samples(), new Samples()];
  let busyMs = 0;
  let failed = 0;
  const perSecond: number[] = [];
  for (let request = 0; request < requests; request++) {
    if (random() < failing) {
      failed += 1;
      continue;
    }
    const firstMs = 400 * firstToken * firstPace * spread(requestScatter);
    const tokenMs = 20 * tokenTime * runPace * spread(requestScatter / 3);
    ttft.add(firstMs);
    tpot.add(tokenMs);
    e2e.add(firstMs + 99 * tokenMs);
    busyMs += firstMs + 99 * tokenMs;
  }
  const successful = requests - failed;
  const durationS = busyMs / 4000;
  const rate = (100 * successful) / durationS;
  for (let second = 0; second < Math.floor(durationS); second++) perSecond.push(rate * spread(0.05));
  const encoded = (samples: Samples) => (withHistograms ? samples.encoded() : null);
  const fixture = resultFixture({
    requests: { total: requests, successful, failed, success_rate: successful / requests },
    tokens: { prompt: 25 * successful, completion: 100 * successful, cached_prompt: 0, total: 125 * successful },
    throughput: { output_tps: rate, request_rps: successful / durationS },
    windows: { full: [0, durationS], steady: [0, durationS] },
    timeseries: { interval_s: 1, output_tokens: perSecond, in_flight: [], errors: [] },
    histograms: { ttft: encoded(ttft), tpot: encoded(tpot), e2e: encoded(e2e), icl: null },
  });
  const latency_ms = {
    ...fixture.latency_ms,
    ttft: ttft.distribution(),
    tpot: tpot.distribution(),
    e2e: e2e.distribution(),
  };
  return { ...fixture, latency_ms };
}

function runsOf(count: number, server: Server, random: Random): Run[] {
  return Array.from({ length: count }, () => runOf(server, random, count < 5));
}

function compared(pairs: number, head: Server, random: Random, base: Server = {}): Comparison {
  return compare(runsOf(pairs, base, random), runsOf(pairs, { ...base, ...head }, random), { random });
}

function verdicts(comparison: Comparison): Record<string, string> {
  return Object.fromEntries(comparison.metrics.map(({ metric, verdict }) => [metric, verdict]));
}

describe(`of generated comparisons (seed ${SEED})`, () => {
  const statuses = (draw: () => Comparison, times = 200) => Array.from({ length: times }, () => draw().status);
  const share = (of: readonly Comparison['status'][], status: Comparison['status']) =>
    of.filter((one) => one === status).length / of.length;

  it('fewer than 1 in 100 find a regression where there is none, at five pairs, and most find no difference', () => {
    const random = seededRandom(SEED);
    const found = statuses(() => compared(5, {}, random));
    expect(share(found, 'regression')).toBeLessThan(0.01);
    expect(share(found, 'same')).toBeGreaterThan(0.8);
  });

  it('fewer than 1 in 100 find one on a machine that scatters widely', () => {
    const random = seededRandom(SEED + 1);
    const noisy = { runScatter: 0.08, requestScatter: 0.4, failing: 0.01 };
    expect(
      share(
        statuses(() => compared(5, {}, random, noisy)),
        'regression',
      ),
    ).toBeLessThan(0.01);
  });

  it('fewer than 1 in 100 find one between single runs', () => {
    const random = seededRandom(SEED + 2);
    expect(
      share(
        statuses(() => compared(1, {}, random, { runScatter: 0.02 })),
        'regression',
      ),
    ).toBeLessThan(0.01);
  });

  it('nearly all find 15 % more time per token, at five pairs', () => {
    const random = seededRandom(SEED + 4);
    const slower = Array.from({ length: 100 }, () => compared(5, { tokenTime: 1.15 }, random));
    const found = slower.filter((one) => one.status === 'regression' && verdicts(one)['tpot.p50'] === 'worse');
    expect(found.length / slower.length).toBeGreaterThan(0.95);
  });

  it('nearly all find a third less time per token', () => {
    const random = seededRandom(SEED + 5);
    expect(
      share(
        statuses(() => compared(5, { tokenTime: 0.67 }, random)),
        'improvement',
      ),
    ).toBeGreaterThan(0.95);
  });
});

describe('a comparison', () => {
  const random = () => seededRandom(SEED);

  it('of five pairs tells figures, changes and intervals in the order of trust', () => {
    const comparison = compared(5, { tokenTime: 1.3, firstToken: 1.3 }, random());
    expect(comparison).toMatchObject({ pairs: 5, method: 'paired-bootstrap', confirmed: false, status: 'regression' });
    expect(comparison.metrics.map(({ metric, unit }) => [metric, unit])).toEqual([
      ['success_rate', ''],
      ['ttft.p50', 'ms'],
      ['tpot.p50', 'ms'],
      ['e2e.p50', 'ms'],
      ['output_tps', 'tok/s'],
      ['ttft.p95', 'ms'],
      ['tpot.p95', 'ms'],
    ]);
    const tpot = comparison.metrics[2];
    expect(tpot?.change).toBeCloseTo((tpot?.head ?? 0) / (tpot?.base ?? 1) - 1, 9);
    expect(tpot?.ci95?.[0]).toBeGreaterThan(0.2);
    expect(tpot?.ci95?.[1]).toBeLessThan(0.4);
    expect(comparison.noise).toBeGreaterThan(0);
  });

  it('is the same for the same seed', () => {
    expect(compared(5, { tokenTime: 1.1 }, random())).toEqual(compared(5, { tokenTime: 1.1 }, random()));
  });

  it('of single runs goes by their requests, and has no noise to tell', () => {
    const comparison = compared(1, { tokenTime: 1.4 }, random());
    expect(comparison).toMatchObject({ pairs: 1, method: 'request-bootstrap', noise: null, status: 'regression' });
    expect(verdicts(comparison)).toMatchObject({ 'tpot.p50': 'worse', 'ttft.p50': 'same', output_tps: 'worse' });
  });

  it('of single runs lets a figure without an interval decide nothing', () => {
    const generator = random();
    const short = { requests: 4 };
    const [base, head] = [runOf(short, generator, true), runOf(short, generator, true)];
    const still = { ...head, latency_ms: base.latency_ms, histograms: base.histograms };
    const comparison = compare([base], [still], { random: generator, minEffect: 2 });
    expect(verdicts(comparison)).toMatchObject({ output_tps: 'inconclusive', 'tpot.p50': 'same' });
    expect(comparison.status).toBe('same');
  });

  it('of a few pairs does not leave out how far they are apart', () => {
    const generator = random();
    const base = runsOf(3, {}, generator);
    const head = [1, 1, 1.5].map((tokenTime) => runOf({ tokenTime }, generator, true));
    const { metrics, method } = compare(base, head, { random: generator });
    const [low, high] = metrics.find(({ metric }) => metric === 'tpot.p50')?.ci95 ?? [0, 0];
    expect(method).toBe('request-bootstrap');
    expect(low).toBeLessThan(0.05);
    expect(high).toBeGreaterThan(0.4);
  });

  it('finds fewer successes before anything else', () => {
    const comparison = compared(5, { failing: 0.1 }, random());
    expect(verdicts(comparison).success_rate).toBe('worse');
    expect(comparison.status).toBe('regression');
  });

  it('goes by E2E and requests where nothing is streamed and no token is made', () => {
    const generator = random();
    const still = (run: Run): Run => ({
      ...run,
      latency_ms: { ...run.latency_ms, ttft: null, tpot: null },
      throughput: { ...run.throughput, output_tps: null },
    });
    const comparison = compare(
      runsOf(5, {}, generator).map(still),
      runsOf(5, { tokenTime: 1.3 }, generator).map(still),
      {
        random: generator,
      },
    );
    expect(verdicts(comparison)).toEqual({ success_rate: 'same', 'e2e.p50': 'worse', request_rps: 'worse' });
  });

  it('is open where a figure is missing on one side', () => {
    const generator = random();
    const head = runsOf(5, {}, generator).map((run) => ({ ...run, latency_ms: { ...run.latency_ms, tpot: null } }));
    const comparison = compare(runsOf(5, {}, generator), head, { random: generator });
    expect(comparison.metrics.find(({ metric }) => metric === 'tpot.p50')).toMatchObject({
      base: expect.closeTo(20, 0),
      head: null,
      change: null,
      verdict: 'inconclusive',
    });
    expect(comparison.status).toBe('inconclusive');
  });

  it('takes the names that it is given, or the commit, or the number of the run', () => {
    const generator = random();
    const named = compare(runsOf(1, {}, generator), runsOf(1, {}, generator), { random: generator, headName: 'new' });
    expect([named.base, named.head]).toEqual(['0f6b2c9a', 'new']);
  });

  it('of unequal numbers of runs is refused', () => {
    const generator = random();
    expect(() => compare(runsOf(1, {}, generator), [], { random: generator })).toThrow(GollamaError);
    expect(() => compare([], [], { random: generator })).toThrow(GollamaError);
  });
});

describe('another set of pairs', () => {
  const random = seededRandom(SEED);
  const slower = compared(5, { tokenTime: 1.3 }, random);
  const again = compared(5, { tokenTime: 1.3 }, random);
  const same = compared(5, {}, random);

  it('confirms a regression that comes again', () => {
    expect(confirm(slower, again)).toMatchObject({ status: 'regression', confirmed: true });
  });

  it('makes one that does not come again inconclusive', () => {
    const confirmed = confirm(slower, same);
    expect(confirmed).toMatchObject({ status: 'inconclusive', confirmed: false });
    expect(verdicts(confirmed)['tpot.p50']).toBe('inconclusive');
  });

  it('leaves alone what found no difference', () => {
    expect(confirm(same, again)).toBe(same);
  });

  it('that cannot be compared confirms nothing', () => {
    expect(confirm(slower, { ...again, guards: ['x'] })).toMatchObject({ status: 'inconclusive', guards: ['x'] });
  });
});
