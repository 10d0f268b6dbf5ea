/** What is done to the tasks that were running when the process ended, before anything else. */
import { CRASHES_MAX } from '../task.js';
import { settled } from '../task-moves.js';
import type { Recovery } from '../task-store.js';
import { storedTask } from './task-row.js';
import type { TaskTable } from './task-table.js';

const POISONED = `the server died ${CRASHES_MAX} times while this task ran`;

/** Inside the transaction that is open. */
export function recover(table: TaskTable, atMs: number): Recovery {
  let poisoned = 0;
  const rows = table.statements.running.all();
  for (const row of rows) {
    const before = storedTask(row);
    const returned = settled(before.task, { kind: 'returned', crashed: true }, atMs);
    const isPoison = returned.crashes >= CRASHES_MAX;
    if (isPoison) poisoned += 1;
    const task = isPoison ? settled(returned, { kind: 'failed', error: POISONED }, atMs) : returned;
    table.replace(before, task, { atMs });
  }
  return { returned: rows.length - poisoned, poisoned };
}
