/** The rows as a table for people. */
import { alignColumns } from '../../src/base/text-columns.js';
import { spreadText } from '../spread.js';
import type { Row } from './rows.js';

const TITLES = ['measured', 'by', 'unit', 'median (extremes)', 'target', 'met'];
const COLUMNS = [{}, {}, {}, { align: 'right' }, { align: 'right' }, {}] as const;

/** Without the rows that were not measured. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, contestant, unit, measured, target, isMet }) => {
    if (!measured) return [];
    const limit = target ? `${target.kind === 'at most' ? '<=' : '>='} ${target.value}` : '';
    return [[name, contestant, unit, spreadText(measured), limit, isMet === undefined ? '' : isMet ? 'met' : 'MISSED']];
  });
  return alignColumns([TITLES, ...lines], COLUMNS).join('\n');
}
