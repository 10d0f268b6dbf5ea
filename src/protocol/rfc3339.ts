/** Points in time as RFC 3339 writes them: `2026-11-21T16:30:00Z`, `2026-11-21T17:30:00.5+01:00`. */

const TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Epoch milliseconds; undefined where the text is no such time. */
export function parseRfc3339(text: string): number | undefined {
  const [, year, month, day, time, fraction = '', zone = ''] = TIME.exec(text) ?? [];
  if (year === undefined || Number(day) > daysOf(Number(year), Number(month))) return undefined;
  // Read with three digits: how many more a Date takes is left open by its standard.
  const atMs = Date.parse(`${year}-${month}-${day}T${time}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** `Date` takes the 30th of February for the 2nd of March. */
function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
