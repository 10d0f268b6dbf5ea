/** The rows as a table for people. */
import { alignColumns } from '../../src/base/text-columns.js';
import { spreadText, threeFigures } from '../spread.js';
import type { Row } from './rows.js';

const TITLES = ['measured', 'unit', 'median (extremes)', 'target', 'met', 'F'];
const COLUMNS = [{}, {}, { align: 'right' }, { align: 'right' }, {}, { align: 'right' }] as const;

/** Rows that were not measured are left out, except those whose unit has a reason in `missing`. */
export function tableOf(rows: readonly Row[], missing: Readonly<Record<string, string>> = {}): string {
  const lines = rows
    .filter(({ measured, unit }) => measured || missing[unit] !== undefined)
    .map(({ name, unit, measured, target, isMet, syncsPerS }) => [
      name,
      unit,
      measured ? spreadText(measured) : (missing[unit] ?? ''),
      target ? `${target.kind === 'at most' ? '<=' : '>='} ${target.value}` : '',
      target ? (!measured ? '' : isMet === undefined ? 'not for this disk' : isMet ? 'met' : 'MISSED') : '',
      syncsPerS ? threeFigures(syncsPerS.median) : '',
    ]);
  return alignColumns([TITLES, ...lines], COLUMNS).join('\n');
}
