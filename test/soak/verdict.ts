/** What the samples of a soak test mean. Pure. */
import type { Holdings } from '../support/gateway-watch.js';

export interface Sample extends Holdings {
  readonly requests: number;
  readonly elapsedS: number;
}

export interface Ending {
  /** Requests whose end is missing in the log, and ends of requests that had ended before. */
  readonly unended: number;
  readonly endedAgain: number;
  readonly failed: number;
  /** Slots that are not free and requests that wait, when every client is through. */
  readonly unrest: number;
  readonly before: Holdings;
  /** When every connection was given time to close. */
  readonly after: Holdings;
}

export interface Finding {
  readonly name: string;
  readonly value: string;
  readonly limit: string;
  readonly ok: boolean;
}

const MIB = 2 ** 20;
/** Machine code, pools and heap pages settle in the first part of a run. */
const WARM_UP = 0.25;
/** A byte that is kept of each of 100 000 requests is 0.1 MiB: less than 100 bytes a request are seen. */
const HEAP_GROWTH_BYTES_MAX = 4 * MIB;
const RSS_GROWTH_BYTES_MAX = 24 * MIB;

export function findings(samples: readonly Sample[], ending: Ending): Finding[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  return [
    growth('RSS growth after warm-up', warm, ({ rssBytes }) => rssBytes, RSS_GROWTH_BYTES_MAX),
    growth(
      'heap growth after warm-up',
      warm,
      (sample) => sample.heapBytes + sample.externalBytes,
      HEAP_GROWTH_BYTES_MAX,
    ),
    atMost('open files beside connections', ending.after.files.length, ending.before.files.length),
    atMost('open connections at the end', ending.after.connections, 0),
    atMost('handles at the end', handlesOf(ending.after), handlesOf(ending.before)),
    atMost('slots taken or requests waiting', ending.unrest, 0),
    atMost('failed requests', ending.failed, 0),
    atMost('requests without an end in the log', ending.unended, 0),
    atMost('requests with several ends in the log', ending.endedAgain, 0),
  ];
}

/** The difference of the medians of the last and the first third: one sample in the middle of a burst does not count. */
function growth(name: string, samples: readonly Sample[], read: (sample: Sample) => number, maxBytes: number): Finding {
  const third = Math.ceil(samples.length / 3);
  const grown = median(samples.slice(-third).map(read)) - median(samples.slice(0, third).map(read));
  const ok = samples.length > 1 && grown <= maxBytes;
  return { name, value: mebibytes(grown), limit: `at most ${mebibytes(maxBytes)}`, ok };
}

function atMost(name: string, value: number, max: number): Finding {
  return { name, value: String(value), limit: max === 0 ? '0' : `at most ${max}`, ok: value <= max };
}

export function handlesOf({ handles }: Holdings): number {
  return Object.values(handles).reduce((sum, count) => sum + count, 0);
}

export function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const BARS = '▁▂▃▄▅▆▇█';

/** One bar a value, from the smallest to the largest. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  return values.map((value) => BARS[Math.floor(((value - low) / range) * (BARS.length - 1))]).join('');
}
