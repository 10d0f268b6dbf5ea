import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../../bench/result.js';
import { kneeOf, nextStep, parseSweep } from '../../bench/sweep.js';
import { resultFixture } from './support/result-fixture.js';

/** Steps with this output in tokens a second. */
function steps(...outputs: readonly (number | null)[]): BenchResult[] {
  return outputs.map((output_tps) => {
    const result = resultFixture();
    const successful = output_tps === null ? 0 : 20;
    return {
      ...result,
      requests: { ...result.requests, successful },
      throughput: { ...result.throughput, output_tps, request_rps: output_tps },
    };
  });
}

describe('a sweep', () => {
  it('goes through its list, whatever comes of it', () => {
    const plan = parseSweep('1,3,8');
    expect([0, 1, 2, 3].map((done) => nextStep(plan, steps(...Array(done).fill(10))))).toEqual([1, 3, 8, undefined]);
  });

  it('doubles by itself until a step brings less than a tenth more', () => {
    const plan = parseSweep('auto');
    expect(nextStep(plan, [])).toBe(1);
    expect(nextStep(plan, steps(10))).toBe(2);
    expect(nextStep(plan, steps(10, 19))).toBe(4);
    expect(nextStep(plan, steps(10, 19, 20))).toBeUndefined();
  });

  it('ends by itself where nothing succeeds any more, and somewhere in any case', () => {
    expect(nextStep(parseSweep('auto'), steps(null))).toBeUndefined();
    const growing = steps(...Array.from({ length: 12 }, (_, step) => 2 ** step));
    expect(nextStep(parseSweep('auto'), growing)).toBeUndefined();
  });

  it('has its knee at the last step that brought a tenth more', () => {
    const made = steps(10, 19, 20, 40);
    expect(kneeOf(made)).toBe(made[1]);
    expect(kneeOf([])).toBeUndefined();
  });

  it.each(['', '0', '4,2', '2,2', '1,x', '1.5'])('"%s" is no list', (text) => {
    expect(() => parseSweep(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
