/** Axes: from a figure to a place, and the round figures that are written beside them. */

export interface Scale {
  readonly ticks: readonly number[];
  /** Place of a value in the plot. */
  at(value: number): number;
}

/** From `low` to at least `high`; ticks are 1, 2 or 5 times a power of ten. */
export function linearScale(low: number, high: number, [start, end]: readonly [number, number], ticks = 5): Scale {
  const span = high > low ? high - low : Math.max(Math.abs(high), 1);
  const step = roundStep(span / ticks);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor((low + span) / step + 1e-9);
  return {
    ticks: Array.from({ length: Math.max(0, last - first + 1) }, (_, at) =>
      Number(((first + at) * step).toPrecision(12)),
    ),
    at: (value) => start + ((value - low) / span) * (end - start),
  };
}

/** For figures of different size in one plot, all above 0; ticks are 1, 2 and 5 times a power of ten. */
export function logScale(low: number, high: number, [start, end]: readonly [number, number]): Scale {
  const from = Math.log10(low);
  const span = Math.max(Math.log10(high) - from, 0.1);
  const ticks: number[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(from + span); power += 1) {
    ticks.push(...[1, 2, 5].map((first) => first * 10 ** power));
  }
  return {
    ticks: ticks.filter((tick) => tick >= low * 0.999 && tick <= 10 ** (from + span) * 1.001),
    at: (value) => start + ((Math.log10(Math.max(value, low)) - from) / span) * (end - start),
  };
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate >= rough / power - 1e-9) ?? 10;
  return factor * power;
}
