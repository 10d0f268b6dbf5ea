/** The rows as a table for people. */
import { alignColumns } from '../../src/base/text-columns.js';
import type { Spread } from '../relay/summary.js';
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
      measured ? told(measured) : (missing[unit] ?? ''),
      target ? `${target.kind === 'at most' ? '<=' : '>='} ${target.value}` : '',
      target ? (!measured ? '' : isMet === undefined ? 'not for this disk' : isMet ? 'met' : 'MISSED') : '',
      syncsPerS ? figure(syncsPerS.median) : '',
    ]);
  return alignColumns([TITLES, ...lines], COLUMNS).join('\n');
}

function told({ median, low, high }: Spread): string {
  return low === high ? figure(median) : `${figure(median)} (${figure(low)}..${figure(high)})`;
}

/** Three figures are enough; whole numbers stay whole. */
function figure(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
