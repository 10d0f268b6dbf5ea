/** Quantities as flags take them: durations with a unit, percentages. */
import { GollamaError } from '../src/base/errors.js';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of `500ms`, `30s`, `1m30s`, `2h`; a bare number is seconds. Throws `usage`. */
export function durationMs(text: string, flag: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new GollamaError('usage', `${flag} ${text}: expected a duration such as 500ms, 30s or 1m30s`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS], 0);
}

/** 0.01 of `1%` or `0.01`. Throws `usage`. */
export function ratio(text: string, flag: string): number {
  const match = text.match(/^(\d+(?:\.\d+)?)(%?)$/);
  if (!match) throw new GollamaError('usage', `${flag} ${text}: expected a share such as 1% or 0.01`);
  return Number(match[1]) / (match[2] === '%' ? 100 : 1);
}
