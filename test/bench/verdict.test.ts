import { describe, expect, it } from 'vitest';
import type { Comparison, GateOutcome } from '../../bench/result.js';
import { type VerdictEvidence, verdictOf } from '../../bench/verdict.js';

const gate = (status: GateOutcome['status'], expr = 'ttft.p50<2s', reason: string | null = null): GateOutcome => ({
  expr,
  actual: 1,
  unit: 'ms',
  ci95: null,
  n: 20,
  min_n: 5,
  status,
  reason,
});

const comparison = (status: Comparison['status'], guards: readonly string[] = []): Comparison => ({
  base: 'main',
  head: 'head',
  pairs: 5,
  method: 'paired-bootstrap',
  noise: 0.02,
  metrics: [],
  guards,
  confirmed: true,
  status,
});

function verdict(evidence: Partial<VerdictEvidence>) {
  return verdictOf({
    complete: true,
    gates: [],
    comparison: null,
    client: { saturated: false, reasons: [] },
    ...evidence,
  });
}

describe('a verdict', () => {
  it.each<{ of: string; evidence: Partial<VerdictEvidence>; status: string; exitCode: number }>([
    { of: 'nothing to judge', evidence: {}, status: 'pass', exitCode: 0 },
    { of: 'gates that pass', evidence: { gates: [gate('pass')] }, status: 'pass', exitCode: 0 },
    { of: 'a gate that fails', evidence: { gates: [gate('pass'), gate('fail')] }, status: 'fail', exitCode: 7 },
    {
      of: 'a regression',
      evidence: { gates: [gate('pass')], comparison: comparison('regression') },
      status: 'regression',
      exitCode: 8,
    },
    { of: 'a gate that is open', evidence: { gates: [gate('inconclusive')] }, status: 'inconclusive', exitCode: 9 },
    {
      of: 'an open comparison',
      evidence: { comparison: comparison('inconclusive') },
      status: 'inconclusive',
      exitCode: 9,
    },
    { of: 'an improvement', evidence: { comparison: comparison('improvement') }, status: 'pass', exitCode: 0 },
    { of: 'no change', evidence: { comparison: comparison('same') }, status: 'pass', exitCode: 0 },
    {
      of: 'all of it',
      evidence: { gates: [gate('inconclusive'), gate('fail')], comparison: comparison('regression') },
      status: 'fail',
      exitCode: 7,
    },
    {
      of: 'a regression and an open gate',
      evidence: { gates: [gate('inconclusive')], comparison: comparison('regression') },
      status: 'regression',
      exitCode: 8,
    },
    {
      of: 'an interruption, whatever came before',
      evidence: { complete: false, gates: [gate('fail')] },
      status: 'interrupted',
      exitCode: 130,
    },
  ])('of $of is $status, exit code $exitCode', ({ evidence, status, exitCode }) => {
    expect(verdict(evidence)).toMatchObject({ status, exit_code: exitCode });
  });

  it('tells why it is open', () => {
    expect(verdict({ gates: [gate('pass'), gate('inconclusive')] }).reason).toBe('1 of 2 gates could not be judged');
    expect(verdict({ comparison: comparison('inconclusive', ['other model']) }).reason).toBe('other model');
    expect(verdict({ comparison: comparison('inconclusive') }).reason).toBe('the comparison is inconclusive');
  });

  it('tells what no gate had to ask for', () => {
    const gates = [gate('fail', 'requests.successful>0', 'no request succeeded'), gate('fail')];
    expect(verdict({ gates }).reason).toBe('no request succeeded');
    expect(verdict({ gates: [gate('fail')] }).reason).toBeNull();
  });

  it('is not changed by a client at its limit, unless that was asked for', () => {
    const client = { saturated: true, reasons: ['cpu 97%', 'loop delay p99 41 ms'] };
    expect(verdict({ client }).status).toBe('pass');
    expect(verdict({ client, strictClient: true })).toEqual({
      status: 'inconclusive',
      exit_code: 9,
      reason: 'client saturated: cpu 97%, loop delay p99 41 ms',
    });
    expect(verdict({ client, strictClient: true, gates: [gate('fail')] }).exit_code).toBe(7);
  });

  it('that is open can be made to pass or to fail', () => {
    const gates = [gate('inconclusive')];
    expect(verdict({ gates, inconclusiveAs: 'pass' })).toMatchObject({ status: 'inconclusive', exit_code: 0 });
    expect(verdict({ gates, inconclusiveAs: 'fail' })).toMatchObject({ status: 'inconclusive', exit_code: 7 });
  });
});
