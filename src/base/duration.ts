/**
 * Durations as Go writes them (the syntax of Go's time.ParseDuration): `300ms`, `1.5h`, `2h45m`, `-1s`, `0`.
 * A bare integer counts nanoseconds, as it does in a Go program that reads YAML into a time.Duration.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go keeps 64 bits of nanoseconds. */
const DURATION_MS_MAX = 2 ** 63 / 1e6;

const WHOLE = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const NANOSECONDS = /^[+-]?\d+$/;

/** Milliseconds, or undefined where the text is no duration. */
export function parseDurationMs(text: string): number | undefined {
  if (NANOSECONDS.test(text)) return withinRange(Number(text) / 1e6);
  const match = WHOLE.exec(text);
  if (!match) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of (match[2] ?? '').matchAll(PART)) sumMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return withinRange(match[1] === '-' ? -sumMs : sumMs);
}

/** True for a number without a unit that is shorter than a millisecond: almost always seconds were meant. */
export function looksLikeForgottenUnit(text: string): boolean {
  return NANOSECONDS.test(text) && Number(text) !== 0 && Math.abs(Number(text)) < 1e6;
}

/** The shortest text that reads back as the same duration: `1m30s`, `1.5s`, `300ms`. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const sign = durationMs < 0 ? '-' : '';
  let restMs = Math.abs(durationMs);
  if (restMs < 1) return `${sign}${Math.round(restMs * 1e6)}ns`;
  if (restMs < 1000) return `${sign}${rounded(restMs)}ms`;
  let text = sign;
  for (const unit of ['h', 'm'] as const) {
    const unitMs = UNIT_MS[unit] ?? 1;
    const count = Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return restMs > 0 ? `${text}${rounded(restMs / 1000)}s` : text;
}

function withinRange(durationMs: number): number | undefined {
  if (Math.abs(durationMs) >= DURATION_MS_MAX) return undefined;
  return durationMs === 0 ? 0 : durationMs;
}

/** Nine digits: nanoseconds of a second. */
function rounded(amount: number): number {
  return Math.round(amount * 1e9) / 1e9;
}
