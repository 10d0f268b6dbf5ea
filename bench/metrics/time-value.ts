/** A time as it is written in a gate or a limit: `800ms`, `2s`, `250us`, and `800` for milliseconds. */

const TIME_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, us: 0.001, µs: 0.001, '': 1 };

/** Undefined where it is none. */
export function parseTimeMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|us|µs)?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (TIME_UNITS_MS[unit] ?? 1);
}
