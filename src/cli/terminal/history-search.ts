/** Looking for an earlier line while typing, as Ctrl+R does everywhere. Pure; entries stand oldest first. */

export interface HistorySearch {
  readonly query: string;
  /** The entry that is shown; undefined: none has the query. */
  readonly found: number | undefined;
}

/** Nothing is looked for yet. */
export const EMPTY_SEARCH: HistorySearch = { query: '', found: undefined };

/** The newest entry with the query, at or before the one that is shown. */
export function searchFor(entries: readonly string[], search: HistorySearch, query: string): HistorySearch {
  if (query === '') return EMPTY_SEARCH;
  // A query that was not found may be shortened to one that is, anywhere.
  const isLonger = query.startsWith(search.query) && search.found !== undefined;
  return { query, found: find(entries, query, isLonger ? (search.found ?? 0) : entries.length - 1, -1) };
}

/** The next one that says something else, older (-1) or newer (1); the same where there is none. */
export function searchOn(entries: readonly string[], search: HistorySearch, by: -1 | 1): HistorySearch {
  const { query, found } = search;
  if (query === '' || found === undefined) return search;
  const text = entries[found];
  for (
    let next = find(entries, query, found + by, by);
    next !== undefined;
    next = find(entries, query, next + by, by)
  ) {
    if (entries[next] !== text) return { query, found: next };
  }
  return search;
}

/** Capitals count where the query has one. */
export function indexOfQuery(text: string, query: string): number {
  return query === query.toLowerCase() ? text.toLowerCase().indexOf(query) : text.indexOf(query);
}

function find(entries: readonly string[], query: string, from: number, by: -1 | 1): number | undefined {
  for (let at = from; at >= 0 && at < entries.length; at += by) {
    if (indexOfQuery(entries[at] ?? '', query) !== -1) return at;
  }
  return undefined;
}
