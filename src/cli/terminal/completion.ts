/** What Tab offers. Pure. */
import { displayWidth, padDisplay } from './display-width.js';

export interface Completion {
  /** Whole texts, each in the place of what stands between `start` and the cursor; with a blank behind where nothing else fits. */
  readonly candidates: readonly string[];
  /** In UTF-16 units from the beginning of the text. */
  readonly start: number;
}

export type Completer = (text: string, cursor: number) => Completion | Promise<Completion>;

const ROWS_MAX = 6;
const GAP = 2;

/** What all candidates begin with: without a choice, all of it. */
export function commonBeginning(candidates: readonly string[]): string {
  const [first = '', ...others] = candidates;
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  // Not half a character.
  return /[\ud800-\udbff]$/.test(first.slice(0, length)) ? first.slice(0, length - 1) : first.slice(0, length);
}

/** Side by side, in rows from left to right; what does not fit is counted. */
export function candidateRows(candidates: readonly string[], columns: number): string[] {
  const width = Math.max(0, ...candidates.map((candidate) => displayWidth(candidate.trimEnd()))) + GAP;
  const perRow = Math.max(1, Math.floor(columns / width));
  const rows: string[] = [];
  for (let at = 0; at < candidates.length; at += perRow) {
    if (rows.length === ROWS_MAX - 1 && candidates.length > at + perRow) {
      return [...rows, `… and ${candidates.length - at} more`];
    }
    rows.push(
      candidates
        .slice(at, at + perRow)
        .map((candidate) => padDisplay(candidate.trimEnd(), width))
        .join('')
        .trimEnd(),
    );
  }
  return rows;
}
