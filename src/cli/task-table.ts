/**
 * Tasks as a table. In a pipe or a file it is that of Ollama Queue's command line, which scripts cut by columns; a terminal
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

/** What a terminal that is too narrow has to do without, in this order. */
const FIRST_TO_GO = ['COMPLETED', 'TYPE', 'CREATED', 'PRIORITY', 'MODEL'];
const GAP = 2;

/** `total` counts those of other pages too; `columns` are those of a terminal, and undefined where it goes elsewhere. */
export function taskTable(tasks: readonly TaskReport[], total: number, columns?: number): string {
  if (tasks.length === 0 && total === 0) return 'No tasks found';
  const lines = columns === undefined ? fixedLines(tasks) : fittedLines(tasks, columns);
  return [...lines, '', `Total: ${total} tasks`].join('\n');
}

function fixedLines(tasks: readonly TaskReport[]): readonly string[] {
  return [line(titles()), RULE, ...tasks.map((task) => line(cells(task, shortened)))];
}

function titles(): readonly string[] {
  return COLUMNS.map(([title]) => title);
}

function cells(task: TaskReport, shown: (model: string) => string): readonly string[] {
  return [
    printable(task.id),
    task.type,
    priorityCell(task.priority),
    task.status,
    shown(printable(task.model)),
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

/**
 * Columns as wide as what stands in them. Where that is too much, models are cut, and then columns go; the last ones to stay
 * are the id and the state.
 */
function fittedLines(tasks: readonly TaskReport[], columns: number): readonly string[] {
  const whole = rowsOf(tasks, (model) => model);
  const rows = widthOf(widthsOf(whole)) <= columns ? whole : rowsOf(tasks, shortened);
  const widths = widthsOf(rows);
  let shown = widths.map((_, at) => at);
  for (const title of FIRST_TO_GO) {
    if (widthOf(shown.map((at) => widths[at] ?? 0)) <= columns) break;
    shown = shown.filter((at) => COLUMNS[at]?.[0] !== title);
  }
  return rows.map((row) => {
    const text = shown.map((at) => padDisplay(row[at] ?? '', widths[at] ?? 0)).join(' '.repeat(GAP));
    return cutDisplay(text.trimEnd(), columns, '…');
  });
}

function rowsOf(tasks: readonly TaskReport[], shown: (model: string) => string): readonly (readonly string[])[] {
  return [titles(), ...tasks.map((task) => cells(task, shown))];
}

function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  return titles().map((_, at) => Math.max(...rows.map((row) => displayWidth(row[at] ?? ''))));
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}
