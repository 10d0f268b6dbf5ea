import { describe, expect, it } from 'vitest';
import { EMPTY_SEARCH, searchFor, searchOn } from '../../../src/cli/terminal/history-search.js';

const entries = ['Alpha', 'beta', 'alphabet', 'alphabet', 'gamma'];

describe('a search in the history', () => {
  it('finds the newest first, and goes on to older ones that say something else', () => {
    const first = searchFor(entries, EMPTY_SEARCH, 'alpha');
    expect(first.found).toBe(3);
    const second = searchOn(entries, first, -1);
    expect(second.found).toBe(0);
    expect(searchOn(entries, second, -1)).toBe(second);
    expect(searchOn(entries, second, 1).found).toBe(2);
  });

  it('stays where it is while the query grows, and goes back to the newest when it shrinks', () => {
    let search = searchFor(entries, EMPTY_SEARCH, 'al');
    search = searchOn(entries, search, -1);
    search = searchFor(entries, search, 'alp');
    expect(search.found).toBe(0);
    expect(searchFor(entries, search, 'a').found).toBe(4);
  });

  it('minds capitals where the query has one', () => {
    expect(searchFor(entries, EMPTY_SEARCH, 'Alph').found).toBe(0);
  });

  it('finds nothing for nothing, and says so where there is nothing', () => {
    expect(searchFor(entries, EMPTY_SEARCH, '')).toBe(EMPTY_SEARCH);
    const lost = searchFor(entries, EMPTY_SEARCH, 'zzz');
    expect(lost).toEqual({ query: 'zzz', found: undefined });
    expect(searchOn(entries, lost, -1)).toBe(lost);
    expect(searchFor(entries, lost, 'alphabet').found).toBe(3);
  });
});
