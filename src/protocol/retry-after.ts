/** The `Retry-After` header (RFC 9110, 10.2.3): a number of seconds, or a date. */

/** Milliseconds from now; undefined where there is no such header, or nobody can read it. */
export function retryAfterMs(field: string | string[] | undefined, epochMs: number): number | undefined {
  const text = (Array.isArray(field) ? field[0] : field)?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // `Date.parse` makes a date of nearly everything; these begin with a day of the week.
  const dateMs = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - epochMs);
}
