import { describe, expect, it } from 'vitest';
import type { Judged } from '../../bench/gates/catalogue.js';
import { type GateOptions, judgeGates, parseGate } from '../../bench/gates.js';
import type { GoodputLimits } from '../../bench/metrics/goodput.js';
import { measure } from '../../bench/metrics.js';
import type { RequestRecord } from '../../bench/record.js';
import { GollamaError } from '../../src/base/errors.js';
import { failedRecord, planFixture, recordFixture } from './support/record-fixture.js';

function judgedOf(records: readonly RequestRecord[], goodput?: GoodputLimits): Judged {
  const plan = planFixture();
  const { endpoint, model, stream, baseUrl: url } = plan.target;
  return { ...measure(records, plan, { goodput }), target: { url, endpoint, model, model_reported: null, stream } };
}

/** Requests one after the other, each with a first token after 100 ms, 101 ms, 102 ms ... */
function runOf(count: number, change: Parameters<typeof recordFixture>[0] = {}): RequestRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const scheduledMs = index * 400;
    return recordFixture({ index, scheduledMs, firstTokenMs: scheduledMs + 100 + index, ...change });
  });
}

function outcomes(expressions: readonly string[], result: Judged, options: GateOptions = {}) {
  return judgeGates(expressions.map(parseGate), result, { maxErrorRate: 1, ...options }).slice(1);
}

const statusOf = (expression: string, result: Judged, options: GateOptions = {}) =>
  outcomes([expression], result, options)[0]?.status;

function refusal(text: string): GollamaError {
  try {
    parseGate(text);
  } catch (thrown) {
    if (thrown instanceof GollamaError) return thrown;
  }
  throw new Error(`${text} was not refused`);
}

describe('a gate', () => {
  it.each([
    ['ttft.p95<800ms', 'ttft.p95', '<', 800],
    [' ttft.p95 <= 2s ', 'ttft.p95', '<=', 2000],
    ['client_queue.mean<250us', 'client_queue.mean', '<', 0.25],
    ['e2e.p999<9000', 'e2e.p999', '<', 9000],
    ['success_rate>=99.5%', 'success_rate', '>=', 0.995],
    ['error_rate<0.01', 'error_rate', '<', 0.01],
    ['success_rate==100%', 'success_rate', '==', 1],
    ['output_tps > 40 tok/s', 'output_tps', '>', 40],
    ['total_tps>40tps', 'total_tps', '>', 40],
    ['goodput_rps>.5rps', 'goodput_rps', '>', 0.5],
    ['request_rps>=2req/s', 'request_rps', '>=', 2],
    ['tokens.completion>1000', 'tokens.completion', '>', 1000],
    ['requests.failed==0', 'requests.failed', '==', 0],
  ])('is read from "%s"', (text, name, operator, threshold) => {
    const gate = parseGate(text);
    expect([gate.measure.name, gate.operator]).toEqual([name, operator]);
    expect(gate.threshold).toBeCloseTo(threshold, 12);
  });

  it('keeps its words without the blanks', () => {
    expect(parseGate(' ttft.p95  <  800ms ').expr).toBe('ttft.p95<800ms');
  });

  it.each([
    ['ttft.p95', 'not understood'],
    ['<800ms', 'not understood'],
    ['ttft.p95=800ms', 'not understood'],
    ['ttft.p95=<800ms', 'not understood'],
    ['', 'not understood'],
    ['tfft.p95<800ms', 'did you mean ttft.p95?'],
    ['output_tsp>4', 'did you mean output_tps?'],
    ['ttft<800ms', '"ttft" needs a statistic'],
    ['ttft.p42<800ms', '"ttft.p42" is unknown'],
    ['output_tps.p95>4', '"output_tps.p95" is unknown'],
    ['ttft.p95<800rps', '"800rps" in gate'],
    ['ttft.p95<-1ms', '"-1ms" in gate'],
    ['success_rate>=99', '"99" in gate'],
    ['success_rate>=101%', '"101%" in gate'],
    ['output_tps>40ms', '"40ms" in gate'],
    ['requests.failed<1%', '"1%" in gate'],
    ['ttft.p95<1e3ms', '"1e3ms" in gate'],
  ])('is refused as "%s", and why is told', (text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
    expect(error.hint).toBeTruthy();
  });

  it('of an unknown metric is answered with those that are known', () => {
    expect(refusal('nonsense>1').hint).toMatch(/ttft.*client_queue.*\.p50.*success_rate.*goodput_rps/);
    expect(refusal('ttft<1s').hint).toContain('ttft.p95');
  });
});

describe('a judged gate', () => {
  const result = judgedOf(runOf(60), { ttft: 129.5 });

  it('passes or fails by the figure', () => {
    expect(outcomes(['ttft.p95<200ms', 'ttft.p95<150ms'], result)).toEqual([
      {
        expr: 'ttft.p95<200ms',
        actual: expect.closeTo(156.05, 9),
        unit: 'ms',
        ci95: [null, 159],
        n: 60,
        min_n: 59,
        status: 'pass',
        reason: null,
      },
      expect.objectContaining({ expr: 'ttft.p95<150ms', status: 'fail', reason: null }),
    ]);
  });

  it.each([
    ['ttft.max<159ms', 'fail'],
    ['ttft.max<=159ms', 'pass'],
    ['ttft.min>=100ms', 'pass'],
    ['ttft.min>100ms', 'fail'],
    ['requests.failed==0', 'pass'],
    ['tokens.completion==300', 'pass'],
    ['tokens.completion==301', 'fail'],
    ['output_tps>12', 'pass'],
    ['request_rps<2', 'fail'],
    ['good_fraction>=50%', 'pass'],
    ['goodput_rps<1', 'fail'],
    ['concurrency.peak==1', 'pass'],
  ])('%s is a %s', (expression, status) => {
    expect(statusOf(expression, result)).toBe(status);
  });

  it('of rates has its interval', () => {
    const [success, error] = outcomes(['success_rate>=99%', 'error_rate<=1%'], result);
    expect(success).toMatchObject({ actual: 1, n: 60, ci95: [expect.closeTo(0.9398, 4), 1], status: 'pass' });
    expect(error).toMatchObject({ actual: 0, n: 60, ci95: [0, expect.closeTo(0.0602, 4)], status: 'pass' });
  });

  it.each([
    ['ttft.p95<1s', 58, 59],
    ['ttft.p95<1s', 59, 59],
    ['ttft.p99<1s', 298, 299],
    ['ttft.p90<1s', 28, 29],
    ['ttft.p50<1s', 4, 5],
    ['ttft.p50<1s', 5, 5],
    ['ttft.p95>1ms', 2, 1],
  ])('%s of %i values needs %i', (expression, count, needed) => {
    const [outcome] = outcomes([expression], judgedOf(runOf(count)));
    expect([outcome?.n, outcome?.min_n]).toEqual([count, needed]);
    expect(outcome?.status).toBe(count < needed ? 'inconclusive' : 'pass');
  });

  it('of too few values tells how many it needs, and is judged where that is allowed', () => {
    const few = judgedOf(runOf(20));
    expect(outcomes(['ttft.p95<1s'], few)[0]?.reason).toBe('n=20, a 95% bound needs 59');
    expect(statusOf('ttft.p95<1s', few, { allowSmallN: true })).toBe('pass');
    expect(statusOf('ttft.p95<1ms', few, { allowSmallN: true })).toBe('fail');
    expect(statusOf('ttft.mean<1s', few)).toBe('pass');
  });

  it('of a figure that was not measured fails', () => {
    const plain = judgedOf(runOf(60, { firstContentMs: null }));
    expect(outcomes(['ttfo.p50<1s'], plain)[0]).toMatchObject({ actual: null, status: 'fail', reason: 'not measured' });
    expect(outcomes(['goodput_rps>1'], plain)[0]?.reason).toContain('--goodput');
  });

  it.each([
    'output_tps>1',
    'tpot.p50<1s',
    'ntpot.mean<1s',
    'tokens.completion>1',
    'total_tps>1',
    'decode_tps_per_user_mean>1',
  ])('%s is not judged by estimated tokens, unless that is allowed', (expression) => {
    const estimated = judgedOf(runOf(60, { tokens: { source: 'chunks' } }));
    expect(statusOf(expression, estimated)).toBe('inconclusive');
    expect(statusOf(expression, estimated, { allowEstimatedTokens: true })).toBe('pass');
    expect(statusOf('ttft.p50<1s', estimated)).toBe('pass');
  });
});

describe('the error budget', () => {
  const withFailures = (successes: number, failures: number) =>
    judgedOf([
      ...runOf(successes),
      ...Array.from({ length: failures }, (_, at) => failedRecord({ index: successes + at, scheduledMs: 400 * at })),
    ]);

  it('is one in a hundred by default', () => {
    expect(judgeGates([], withFailures(99, 1))).toMatchObject([{ expr: 'success_rate>=99%', status: 'pass' }]);
    expect(judgeGates([], withFailures(98, 2))).toMatchObject([{ expr: 'success_rate>=99%', status: 'fail' }]);
  });

  it('gives way to a gate of the same rate, unless it was given itself', () => {
    const gates = [parseGate('error_rate<10%')];
    const result = withFailures(95, 5);
    expect(judgeGates(gates, result).map(({ expr, status }) => [expr, status])).toEqual([['error_rate<10%', 'pass']]);
    expect(judgeGates(gates, result, { maxErrorRate: 0.025 }).map(({ expr, status }) => [expr, status])).toEqual([
      ['success_rate>=97.5%', 'fail'],
      ['error_rate<10%', 'pass'],
    ]);
  });

  it('does not help a run without a single success', () => {
    const outcome = judgeGates([parseGate('ttft.p50<2s')], withFailures(0, 20), { maxErrorRate: 1 });
    expect(outcome).toMatchObject([
      { expr: 'requests.successful>0', actual: 0, status: 'fail', reason: 'no request succeeded' },
      { expr: 'success_rate>=0%', status: 'pass' },
      { expr: 'ttft.p50<2s', actual: null, status: 'fail' },
    ]);
  });

  it('does not help a run without a single token, but embeddings have none', () => {
    const mute = judgedOf(runOf(60, { tokens: { completion: 0 } }));
    expect(judgeGates([], mute)[0]).toMatchObject({ expr: 'tokens.completion>0', status: 'fail' });
    const embedded = { ...mute, target: { ...mute.target, endpoint: 'embeddings' } };
    expect(judgeGates([], embedded)).toMatchObject([{ expr: 'success_rate>=99%', status: 'pass' }]);
  });
});
