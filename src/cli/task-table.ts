/** Tasks as the table of Ollama Queue's command line: scripts cut it by columns. */
import type { TaskReport } from '../protocol/task.js';
import { printable } from './printable.js';
import { priorityCell } from './priority-text.js';
import { timeText } from './task-time.js';

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
const MODEL_CHARACTERS_MAX = 12;

/** `total` counts those of other pages too. */
export function taskTable(tasks: readonly TaskReport[], total: number): string {
  if (tasks.length === 0 && total === 0) return 'No tasks found';
  return [line(COLUMNS.map(([title]) => title)), RULE, ...tasks.map(rowOf), '', `Total: ${total} tasks`].join('\n');
}

function rowOf(task: TaskReport): string {
  return line([
    printable(task.id),
    task.type,
    priorityCell(task.priority),
    task.status,
    shortened(printable(task.model)),
    timeText(task.created_at),
    timeText(task.completed_at),
  ]);
}

function line(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padEnd(COLUMNS[at]?.[1] ?? 0)).join(' ');
}

function shortened(model: string): string {
  const characters = [...model];
  return characters.length > MODEL_CHARACTERS_MAX ? `${characters.slice(0, MODEL_CHARACTERS_MAX).join('')}...` : model;
}
