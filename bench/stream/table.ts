/** The rows as a table for people. */
import { alignColumns } from '../../src/base/text-columns.js';
import type { Spread } from '../relay/summary.js';
import type { Row } from './rows.js';

const TITLES = ['measured', 'by', 'unit', 'median (extremes)', 'target', 'met'];
const COLUMNS = [{}, {}, {}, { align: 'right' }, { align: 'right' }, {}] as const;

/** Without the rows that were not measured. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, contestant, unit, measured, target, isMet }) => {
    if (!measured) return [];
    const limit = target ? `${target.kind === 'at most' ? '<=' : '>='} ${target.value}` : '';
    return [[name, contestant, unit, told(measured), limit, isMet === undefined ? '' : isMet ? 'met' : 'MISSED']];
  });
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
