/** How many requests were on their way, when. */

/** Requests whose spans are kept: 16 MB. What comes after them is not seen here. */
export const SPANS_MAX = 1_000_000;

export interface InFlight {
  /** Time-weighted, between the two moments. */
  mean(fromMs: number, toMs: number): number;
  readonly peak: number;
  /** From the first moment that `target` requests were in flight until the last; undefined: they never were. */
  window(target: number): readonly [number, number] | undefined;
  /** Means of equal intervals from 0 on. */
  series(intervalMs: number, points: number): number[];
}

export class Spans {
  #startsMs = new Float64Array(1024);
  #endsMs = new Float64Array(1024);
  #count = 0;
  #left = 0;

  /** Spans beyond the bound. */
  get leftOut(): number {
    return this.#left;
  }

  add(startMs: number, endMs: number): void {
    if (this.#count >= SPANS_MAX) {
      this.#left += 1;
      return;
    }
    if (this.#count === this.#startsMs.length) this.#grow();
    this.#startsMs[this.#count] = startMs;
    this.#endsMs[this.#count] = endMs;
    this.#count += 1;
  }

  inFlight(): InFlight {
    return inFlightOf(
      this.#startsMs.subarray(0, this.#count).slice().sort(),
      this.#endsMs.subarray(0, this.#count).slice().sort(),
    );
  }

  #grow(): void {
    const [startsMs, endsMs] = [this.#startsMs, this.#endsMs];
    this.#startsMs = new Float64Array(2 * startsMs.length);
    this.#endsMs = new Float64Array(2 * endsMs.length);
    this.#startsMs.set(startsMs);
    this.#endsMs.set(endsMs);
  }
}

/** Both ascending. Where one request ends in the moment that another starts, they were never in flight together. */
function inFlightOf(startsMs: Float64Array, endsMs: Float64Array): InFlight {
  const sinceStarts = timeSince(startsMs);
  const sinceEnds = timeSince(endsMs);
  const busyUntil = (atMs: number) => sinceStarts(atMs) - sinceEnds(atMs);
  const mean = (fromMs: number, toMs: number) =>
    toMs > fromMs ? (busyUntil(toMs) - busyUntil(fromMs)) / (toMs - fromMs) : 0;
  let peak = 0;
  for (const { count } of steps(startsMs, endsMs)) peak = Math.max(peak, count);
  return {
    mean,
    peak,
    window: (target) => windowOf(steps(startsMs, endsMs), target),
    series: (intervalMs, points) =>
      Array.from({ length: points }, (_, at) => {
        return Math.round(mean(at * intervalMs, (at + 1) * intervalMs) * 1000) / 1000;
      }),
  };
}

/** A function of time: the sum of what has passed since each of the moments that lie behind. */
function timeSince(momentsMs: Float64Array): (atMs: number) => number {
  const sums = new Float64Array(momentsMs.length + 1);
  for (const [at, momentMs] of momentsMs.entries()) sums[at + 1] = (sums[at] ?? 0) + momentMs;
  return (atMs) => {
    let low = 0;
    let high = momentsMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((momentsMs[middle] ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return low * atMs - (sums[low] ?? 0);
  };
}

interface Step {
  readonly atMs: number;
  /** In flight from here on. */
  readonly count: number;
}

function* steps(startsMs: Float64Array, endsMs: Float64Array): Generator<Step> {
  let start = 0;
  let end = 0;
  while (end < endsMs.length) {
    const startMs = startsMs[start] ?? Number.POSITIVE_INFINITY;
    const endMs = endsMs[end] ?? Number.POSITIVE_INFINITY;
    if (endMs <= startMs && end < start) end += 1;
    else start += 1;
    yield { atMs: Math.min(startMs, endMs), count: start - end };
  }
}

function windowOf(all: Iterable<Step>, target: number): readonly [number, number] | undefined {
  let fromMs: number | undefined;
  let toMs = 0;
  let before = 0;
  for (const { atMs, count } of all) {
    if (count >= target) fromMs ??= atMs;
    if (before >= target) toMs = atMs;
    before = count;
  }
  return fromMs === undefined ? undefined : [fromMs, toMs];
}
