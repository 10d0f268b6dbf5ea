/** A figure that was measured in several rounds: the median and the extremes. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Undefined for an empty list. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = values.filter(Number.isFinite).sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  const [below, above] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (below === undefined || above === undefined || low === undefined || high === undefined) return undefined;
  return { median: (below + above) / 2, low, high };
}

/** `1.02 (0.95..1.10)`; one figure where they are all the same. Without `digits`, with three figures. */
export function spreadText({ median, low, high }: Spread, digits?: number): string {
  const text = (value: number) => (digits === undefined ? threeFigures(value) : value.toFixed(digits));
  return low === high ? text(median) : `${text(median)} (${text(low)}..${text(high)})`;
}

/** They are enough; whole numbers stay whole. */
export function threeFigures(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
