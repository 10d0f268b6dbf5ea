import { describe, expect, it } from 'vitest';
import type { IdleSample, Measurement, Sample } from '../../../bench/relay/rounds.js';
import { addedUs, costRatio, costUs, failedOf, idleMib, verdicts } from '../../../bench/relay/summary.js';
import type { WorkloadName } from '../../../bench/relay/workloads.js';

interface Given {
  round?: number;
  workload?: WorkloadName;
  gateway: string;
  cpuUs?: number;
  delayUs?: number;
  stuck?: number;
}

/** A test of 10 requests with 100 chunks. */
function sample({ round = 1, workload = 's64', gateway, cpuUs, delayUs = 0, stuck = 0 }: Given): Sample {
  const series = (p50: number) => ({ count: 10, p50, p99: p50 });
  const failed = { status: 0, cut: 0, chunks: 0, ending: 0, usage: 0, stuck };
  return {
    round,
    workload,
    gateway,
    cpuUs,
    neighbourCores: 0,
    report: {
      requests: 10,
      chunks: 100,
      bytes: 1000,
      wallUs: 1e6,
      cpuUs: 1,
      latencyUs: series(1),
      firstChunkUs: series(1),
      delayUs: series(delayUs),
      failed,
    },
  };
}

const of = (samples: Sample[], idle: IdleSample[] = []): Measurement => ({ samples, idle });
const verdictOf = (measurement: Measurement, name: string, unit: string) =>
  verdicts(measurement, 'gollama').find((verdict) => verdict.name.startsWith(name) && verdict.unit === unit);

describe('the summary of the relay benchmark', () => {
  it('compares gateways inside a round only', () => {
    // Across rounds the ratios would be anything from 0.2 to 20.
    const slowRound = [sample({ gateway: 'pipe', cpuUs: 1000 }), sample({ gateway: 'gollama', cpuUs: 2000 })];
    const quickRound = [
      sample({ round: 2, gateway: 'pipe', cpuUs: 100 }),
      sample({ round: 2, gateway: 'gollama', cpuUs: 200 }),
    ];
    const measurement = of([...slowRound, ...quickRound]);
    expect(costRatio(measurement, 's64', ['gollama', 'pipe'])).toEqual({ median: 2, low: 2, high: 2 });
  });

  it('leaves out a round that has only one of the two', () => {
    const measurement = of([
      sample({ gateway: 'pipe', cpuUs: 100 }),
      sample({ gateway: 'gollama', cpuUs: 100 }),
      sample({ round: 2, gateway: 'gollama', cpuUs: 900 }),
    ]);
    expect(costRatio(measurement, 's64', ['gollama', 'pipe'])).toEqual({ median: 1, low: 1, high: 1 });
  });

  it('tells what a gateway adds to the direct way', () => {
    const measurement = of([
      sample({ gateway: 'direct', delayUs: 20 }),
      sample({ gateway: 'gollama', delayUs: 95, cpuUs: 1 }),
    ]);
    expect(addedUs(measurement, 's64', 'gollama', 'delayUs')?.median).toBe(75);
  });

  it('divides by requests where answers are whole, and by chunks where they are streams', () => {
    expect(costUs(sample({ workload: 'ns32', gateway: 'pipe', cpuUs: 500 }))).toBe(50);
    expect(costUs(sample({ workload: 's64', gateway: 'pipe', cpuUs: 500 }))).toBe(5);
  });

  it('holds the medians against what must be and what is hoped for', () => {
    const measurement = of([sample({ gateway: 'pipe', cpuUs: 100 }), sample({ gateway: 'gollama', cpuUs: 110 })]);
    expect(verdictOf(measurement, 'CPU per chunk', 'x pipe')).toMatchObject({ meetsMust: true, meetsGoal: false });
    const worse = of([sample({ gateway: 'pipe', cpuUs: 100 }), sample({ gateway: 'gollama', cpuUs: 120 })]);
    expect(verdictOf(worse, 'CPU per chunk', 'x pipe')).toMatchObject({ meetsMust: false, meetsGoal: false });
  });

  it('misses the target with a single wedged stream', () => {
    const measurement = of([
      sample({ workload: 'flat', gateway: 'gollama' }),
      sample({ workload: 'slow', gateway: 'gollama', stuck: 1 }),
    ]);
    expect(failedOf(measurement, ['flat', 'slow'], 'gollama')).toBe(1);
    expect(verdictOf(measurement, 'failures', '')?.meetsMust).toBe(false);
  });

  it('gives no verdict on what was not measured', () => {
    for (const verdict of verdicts(of([]), 'gollama')) {
      expect(verdict).toMatchObject({ measured: undefined, meetsMust: undefined, meetsGoal: undefined });
    }
  });

  it('does not count memory of streams that did not all come up', () => {
    const mib = 2 ** 20;
    const idle = { gateway: 'gollama', rssBeforeBytes: 100 * mib, cpuUsPerSecond: 0 };
    const samples = [
      { ...idle, round: 1, ready: true, rssWithBytes: 120 * mib },
      { ...idle, round: 2, ready: false, rssWithBytes: 101 * mib },
    ];
    expect(idleMib(samples, 'gollama')).toEqual({ median: 20, low: 20, high: 20 });
  });
});
