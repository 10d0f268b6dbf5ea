/** `expect` is too slow for millions of checks. */
export function demand(holds: boolean, rule: string): void {
  if (!holds) throw new Error(`broken: ${rule}`);
}

export function same<T>(actual: T, expected: T, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}
