/** What the samples say. Pure: medians over rounds, of ratios and differences inside a round. */
import { type Spread, spread } from '../spread.js';
import { DIRECT, type IdleSample, type Measurement, type Sample } from './rounds.js';
import { IDLE_STREAMS, type WorkloadName } from './workloads.js';

export interface Verdict {
  readonly name: string;
  readonly unit: string;
  /** Undefined where it was not measured. */
  readonly measured: Spread | undefined;
  readonly must: number;
  readonly goal: number | undefined;
  readonly meetsMust: boolean | undefined;
  readonly meetsGoal: boolean | undefined;
}

const MIB = 2 ** 20;

/** CPU time of the gateway for one request, or one chunk. */
export function costUs({ cpuUs, report, workload }: Sample): number {
  return (cpuUs ?? Number.NaN) / (workload.startsWith('ns') ? report.requests : report.chunks);
}

/** The samples of one gateway in one test. */
export function samplesOf({ samples }: Measurement, workload: WorkloadName, gateway: string): Sample[] {
  return samples.filter((sample) => sample.workload === workload && sample.gateway === gateway);
}

/** Round by round: `combine` of this gateway's sample and of the other's. */
function paired(
  measurement: Measurement,
  workload: WorkloadName,
  [gateway, other]: readonly [string, string],
  combine: (sample: Sample, other: Sample) => number,
): number[] {
  const others = new Map(samplesOf(measurement, workload, other).map((sample) => [sample.round, sample]));
  return samplesOf(measurement, workload, gateway).flatMap((sample) => {
    const partner = others.get(sample.round);
    return partner ? [combine(sample, partner)] : [];
  });
}

export function costRatio(
  measurement: Measurement,
  workload: WorkloadName,
  pair: readonly [string, string],
): Spread | undefined {
  return spread(paired(measurement, workload, pair, (one, other) => costUs(one) / costUs(other)));
}

/** What the gateway adds to the direct way, in microseconds, medians of the chunks or requests of a test. */
export function addedUs(
  measurement: Measurement,
  workload: WorkloadName,
  gateway: string,
  series: 'latencyUs' | 'firstChunkUs' | 'delayUs',
): Spread | undefined {
  const differences = paired(
    measurement,
    workload,
    [gateway, DIRECT],
    (one, direct) => one.report[series].p50 - direct.report[series].p50,
  );
  return spread(differences);
}

/** Growth of the memory by 1,000 idle streams. */
export function idleMib(samples: readonly IdleSample[], gateway: string): Spread | undefined {
  const own = samples.filter((sample) => sample.gateway === gateway && sample.ready);
  return spread(
    own.map(({ rssBeforeBytes, rssWithBytes }) => ((rssWithBytes - rssBeforeBytes) / MIB) * (1_000 / IDLE_STREAMS)),
  );
}

/** Requests and streams of a gateway that failed in these tests; undefined where none of them was run. */
export function failedOf(
  measurement: Measurement,
  workloads: readonly WorkloadName[],
  gateway: string,
): number | undefined {
  const own = workloads.flatMap((workload) => samplesOf(measurement, workload, gateway));
  if (own.length === 0) return undefined;
  return own.flatMap(({ report }) => Object.values(report.failed)).reduce((sum, count) => sum + count, 0);
}

/** The targets of the relay, held against what `gateway` did. */
export function verdicts(measurement: Measurement, gateway: string): Verdict[] {
  const ratio = (workload: WorkloadName, other: string) => costRatio(measurement, workload, [gateway, other]);
  const added = (series: 'firstChunkUs' | 'delayUs') => addedUs(measurement, 's64', gateway, series);
  const wedged = failedOf(measurement, ['flat', 'slow'], gateway);
  return [
    verdict('CPU per chunk, 64 streams', 'x pipe', ratio('s64', 'pipe'), 1.15, 0.9),
    verdict('CPU per chunk, 64 streams', 'x portkey', ratio('s64', 'portkey'), 0.45, 0.33),
    verdict('CPU per chunk, 64 streams', 'x nginx', ratio('s64', 'nginx'), 2.2, 1.7),
    verdict('CPU per JSON answer, 32 at once', 'x pipe', ratio('ns32', 'pipe'), 1.2, 0.8),
    verdict('CPU per JSON answer, 32 at once', 'x portkey', ratio('ns32', 'portkey'), 1 / 12, 1 / 20),
    verdict('CPU per JSON answer, 32 at once', 'x nginx', ratio('ns32', 'nginx'), 6, 4),
    verdict('added delay of a chunk, 64 streams, p50', 'us', added('delayUs'), 150, 75),
    verdict('added time to first chunk, 64 streams, p50', 'us', added('firstChunkUs'), 1_000, 500),
    verdict('memory of 1,000 idle streams', 'MiB', idleMib(measurement.idle, gateway), 25, undefined),
    verdict('failures and wedged streams, flat and slow', '', wedged === undefined ? undefined : spread([wedged]), 0),
  ];
}

function verdict(name: string, unit: string, measured: Spread | undefined, must: number, goal?: number): Verdict {
  const meets = (limit: number | undefined) =>
    measured === undefined || limit === undefined ? undefined : measured.median <= limit;
  return { name, unit, measured, must, goal, meetsMust: meets(must), meetsGoal: meets(goal) };
}
