/** Tables for people: a line of titles and a line for each row, without rules, so that they can be read and cut. */
import { alignColumns } from '../base/text-columns.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  return alignColumns([columns.map(({ title }) => title), ...rows], columns).join('\n');
}
