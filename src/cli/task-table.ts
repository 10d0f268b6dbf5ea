/**
 * Tasks as a table. It is that of Ollama Queue's command line, which scripts cut by columns; a terminal that is narrower
 * gets the columns that fit.
 */

import { printable } from '../base/printable.js';
import type { TaskReport } from '../protocol/task.js';
import { priorityCell } from './priority-text.js';
import { timeText } from './task-time.js';
import { cutDisplay, displayWidth, padDisplay } from './terminal/display-width.js';

const COLUMNS = [
  ['ID', 36],
  ['TYPE', 10],
  ['PRIORITY', 8],
  ['STATUS', 10],
  ['MODEL', 15],
  ['CREATED', 20],
  ['COMPLETED', 20],
] as const;
const RULE = '-'.repeat(136);
const MODEL_CELLS_MAX = 12;

/** What a narrow terminal has to do without, in this order. */
const FIRST_TO_GO = ['COMPLETED', 'TYPE', 'CREATED', 'PRIORITY', 'MODEL'];
const GAP = 2;

/** `total` counts those of other pages too; `columns` are those of a terminal, and undefined where it goes elsewhere. */
export function taskTable(tasks: readonly TaskReport[], total: number, columns?: number): string {
  if (tasks.length === 0 && total === 0) return 'No tasks found';
  const isNarrow = columns !== undefined && columns < RULE.length;
  const lines = isNarrow ? narrowLines(tasks, columns) : [line(titles()), RULE, ...tasks.map(cells).map(line)];
  return [...lines, '', `Total: ${total} tasks`].join('\n');
}

function titles(): readonly string[] {
  return COLUMNS.map(([title]) => title);
}

function cells(task: TaskReport): readonly string[] {
  return [
    printable(task.id),
    task.type,
    priorityCell(task.priority),
    task.status,
    shortened(printable(task.model)),
    timeText(task.created_at),
    timeText(task.completed_at),
  ];
}

function line(row: readonly string[]): string {
  return row.map((cell, at) => padDisplay(cell, COLUMNS[at]?.[1] ?? 0)).join(' ');
}

function shortened(model: string): string {
  const isLong = [...model].length > MODEL_CELLS_MAX || displayWidth(model) > MODEL_CELLS_MAX;
  return isLong ? cutDisplay(`${model}...`, MODEL_CELLS_MAX + 3, '...') : model;
}

/** Columns as wide as what stands in them; the last ones to stay are the id and the state. */
function narrowLines(tasks: readonly TaskReport[], columns: number): readonly string[] {
  const rows = [titles(), ...tasks.map(cells)];
  const widths = titles().map((_, at) => Math.max(...rows.map((row) => displayWidth(row[at] ?? ''))));
  let shown = widths.map((_, at) => at);
  for (const title of FIRST_TO_GO) {
    const width = shown.reduce((sum, at) => sum + (widths[at] ?? 0) + GAP, -GAP);
    if (width <= columns) break;
    shown = shown.filter((at) => COLUMNS[at]?.[0] !== title);
  }
  return rows.map((row) => {
    const text = shown.map((at) => padDisplay(row[at] ?? '', widths[at] ?? 0)).join(' '.repeat(GAP));
    return cutDisplay(text.trimEnd(), columns, '…');
  });
}
