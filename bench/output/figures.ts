/** Numbers as text, the same in every output. What was not measured is a dash, never a zero. */

export const NOTHING = '-';

export function fixed(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? NOTHING : value.toFixed(digits);
}

/** Three digits that matter: 0.29, 3.7, 13.1, 1213. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** A ratio as percent. Nothing but 1 is shown as 100, nothing but 0 as 0: 99.96 % is not all. */
export function percent(ratio: number | null | undefined, digits = 1): string {
  if (ratio === null || ratio === undefined) return NOTHING;
  return `${percentFigure(ratio, digits)}%`;
}

/** The bounds of a ratio, without the sign: `83.9-100`. */
export function percentRange([low, high]: readonly [number, number]): string {
  return `${bareFigure(low)}-${bareFigure(high)}`;
}

/** `+59.0`, `-9.9`. */
export function signed(value: number, digits = 1): string {
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return value > 0 ? `+${text}` : text;
}

/** Milliseconds as a person says them: `812ms`, `1.21s`, `11.4s`, `75s`. */
export function spokenMs(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  return `${short(ms / 1000)}s`;
}

/** `3 requests`, `1 request`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `timeout_ttft 4, http_5xx 3`: the most frequent first. */
export function tally(counts: Readonly<Record<string, number | undefined>>, between = ' '): string {
  return sortedCounts(counts)
    .map(([name, count]) => `${name}${between}${count}`)
    .join(', ');
}

export function sortedCounts(counts: Readonly<Record<string, number | undefined>>): readonly [string, number][] {
  return Object.entries(counts)
    .flatMap(([name, count]): [string, number][] => (count === undefined ? [] : [[name, count]]))
    .sort(([nameA, a], [nameB, b]) => b - a || nameA.localeCompare(nameB, 'en'));
}

function percentFigure(ratio: number, digits: number): string {
  const text = (ratio * 100).toFixed(digits);
  const step = 10 ** -digits;
  if (Number(text) >= 100 && ratio < 1) return (100 - step).toFixed(digits);
  if (Number(text) === 0 && ratio > 0) return step.toFixed(digits);
  return text;
}

function bareFigure(ratio: number): string {
  return percentFigure(ratio, 1).replace(/\.0$/, '');
}
