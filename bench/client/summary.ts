/** What the samples say. Pure: medians over rounds, of ratios inside a round. */
import { type Spread, spread } from '../spread.js';
import {
  AGAIN,
  DELAY_P50_MS_MAX,
  IDIOMATIC,
  type Load,
  type Measurement,
  OURS,
  type Sample,
  sameLoad,
  TARGET_LOAD,
} from './rounds.js';

export interface Verdict {
  readonly name: string;
  /** Undefined where it was not measured. */
  readonly measured: Spread | undefined;
  readonly target: number | undefined;
  /** What is met: at most the target, or at least. */
  readonly meets: boolean | undefined;
}

const CPU_RATIO_MAX = 0.6;
const EVENTS_PER_SECOND_MIN = TARGET_LOAD.streams * TARGET_LOAD.tokensPerSecond;

export function costUs({ report }: Sample): number {
  return report.cpuUs / report.events;
}

export function samplesOf({ samples }: Measurement, load: Load, name: string): Sample[] {
  return samples.filter((sample) => sample.name === name && sameLoad(sample.load, load));
}

/** CPU time per event of one against that of the other, round by round. */
export function costRatio(measurement: Measurement, load: Load, one: string, other: string): Spread | undefined {
  const others = new Map(samplesOf(measurement, load, other).map((sample) => [sample.round, sample]));
  return spread(
    samplesOf(measurement, load, one).flatMap((sample) => {
      const partner = others.get(sample.round);
      return partner ? [costUs(sample) / costUs(partner)] : [];
    }),
  );
}

export function sustained({ climbs }: Measurement, name: string): Spread | undefined {
  return spread(climbs.filter((climb) => climb.name === name).map(({ eventsPerSecond }) => eventsPerSecond));
}

export function verdicts(measurement: Measurement): Verdict[] {
  const at = `${TARGET_LOAD.streams} x ${TARGET_LOAD.tokensPerSecond}`;
  const delay = spread(samplesOf(measurement, TARGET_LOAD, OURS.name).map(({ report }) => report.delayP50Ms));
  return [
    atMost(`CPU per event, x ${IDIOMATIC.name}, ${at}`, ratio(measurement, OURS.name, IDIOMATIC.name), CPU_RATIO_MAX),
    atMost(`delay p50 in ms, ${at}`, delay, DELAY_P50_MS_MAX),
    atLeast(`events/s at delay p50 < ${DELAY_P50_MS_MAX} ms`, sustained(measurement, OURS.name), EVENTS_PER_SECOND_MIN),
    {
      name: `noise: CPU per event, x ${AGAIN.name}, ${at}`,
      measured: ratio(measurement, OURS.name, AGAIN.name),
      target: undefined,
      meets: undefined,
    },
  ];
}

function ratio(measurement: Measurement, one: string, other: string): Spread | undefined {
  return costRatio(measurement, TARGET_LOAD, one, other);
}

function atMost(name: string, measured: Spread | undefined, target: number): Verdict {
  return { name, measured, target, meets: measured && measured.median <= target };
}

function atLeast(name: string, measured: Spread | undefined, target: number): Verdict {
  return { name, measured, target, meets: measured && measured.median >= target };
}
