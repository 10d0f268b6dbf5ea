/** The rows as a table for people. */
import { alignColumns } from '../../src/base/text-columns.js';
import type { Spread } from '../relay/summary.js';
import type { Row } from './rows.js';

const TITLES = ['measured', 'unit', 'median (extremes)', 'target', 'met', 'F'];
const COLUMNS = [{}, {}, { align: 'right' }, { align: 'right' }, {}, { align: 'right' }] as const;

/** Rows that were not measured are left out. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows
    .filter(({ measured }) => measured)
    .map(({ name, unit, measured, target, isMet, syncsPerS }) => [
      name,
      unit,
      told(measured),
      target ? `${target.kind === 'at most' ? '<=' : '>='} ${target.value}` : '',
      target ? (isMet === undefined ? 'not for this disk' : isMet ? 'met' : 'MISSED') : '',
      syncsPerS ? figure(syncsPerS.median) : '',
    ]);
  return alignColumns([TITLES, ...lines], COLUMNS).join('\n');
}

function told(measured: Spread | undefined): string {
  if (!measured) return '';
  const { median, low, high } = measured;
  return low === high ? figure(median) : `${figure(median)} (${figure(low)}..${figure(high)})`;
}

/** Three figures are enough; whole numbers stay whole. */
function figure(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
