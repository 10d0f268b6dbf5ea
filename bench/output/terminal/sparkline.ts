/** A series of figures as one line of blocks. */

/** `values` squeezed or stretched to `count`: each is the mean of what falls into its share. */
export function resample(values: readonly number[], count: number): readonly number[] {
  if (values.length === 0) return [];
  return Array.from({ length: Math.min(count, values.length) }, (_, at) => {
    const share = values.length / Math.min(count, values.length);
    const inside = values.slice(
      Math.floor(at * share),
      Math.max(Math.floor((at + 1) * share), Math.floor(at * share) + 1),
    );
    return inside.reduce((sum, value) => sum + value, 0) / inside.length;
  });
}

/** The levels are from nothing to the highest value; only nothing is drawn as nothing. */
export function sparkline(values: readonly number[], levels: readonly string[]): string {
  const highest = Math.max(0, ...values);
  const top = levels.length - 1;
  return values
    .map((value) => (value <= 0 ? 0 : Math.max(1, Math.round((value / highest) * top))))
    .map((level) => levels[level] ?? '')
    .join('');
}
