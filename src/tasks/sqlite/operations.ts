/** Does one operation inside the transaction that is open. What is refused was not begun. */
import { GollamaError } from '../../base/errors.js';
import type { Row } from '../../base/sqlite/driver.js';
import { postedError } from '../../base/sqlite/storage-failure.js';
import type { ReadyEntry } from '../ready-window.js';
import { isFinal, LEGAL_MOVES, type Task } from '../task.js';
import { cancelled, due, retried, SETTLEMENT_MOVES, settled, started } from '../task-moves.js';
import type { RetentionRule, TaskMove } from '../task-store.js';
import type { MadeMove, MovedReply, Operation, Reply, ReplyOf } from './messages.js';
import { STATE_CODES } from './schema.js';
import { storable } from './storable-text.js';
import { type NewRow, packTask, type StoredTask, storedTask } from './task-row.js';
import type { TaskTable } from './task-table.js';

type OperationOf<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

/** How many tasks one step of pruning takes at most. */
const PRUNE_STEP = 200;

export function perform(table: TaskTable, operation: Operation): Reply {
  switch (operation.kind) {
    case 'submit':
      return submit(table, operation.rows);
    case 'claim':
      return claim(table, operation);
    case 'settle':
      return settle(table, operation);
    case 'cancel':
      return moveById(table, operation, 'cancelled', (task) =>
        LEGAL_MOVES[task.state].includes('cancelled') ? cancelled(task, operation.atMs) : undefined,
      );
    case 'prioritise':
      return moveById(table, operation, 'reprioritised', (task) =>
        isFinal(task.state) ? undefined : { ...task, priority: operation.priority },
      );
    case 'retry':
      return moveById(table, operation, 'readied', (task) =>
        isFinal(task.state) && LEGAL_MOVES[task.state].includes('ready') ? retried(task, operation.order) : undefined,
      );
    case 'ready-due':
      return readyDue(table, operation);
    case 'refill':
      return refill(table, operation);
    case 'settle-delivery':
      return settleDelivery(table, operation);
    case 'remove':
      return remove(table, operation.id);
    case 'prune':
      return { removed: prune(table, operation.rule) };
  }
}

function submit(table: TaskTable, rows: readonly NewRow[]): ReplyOf['submit'] {
  try {
    table.assertFree(rows);
  } catch (thrown) {
    if (thrown instanceof GollamaError) return { refused: postedError(thrown) };
    throw thrown;
  }
  const known: (readonly [number, ReturnType<typeof packTask>])[] = [];
  for (const [place, row] of rows.entries()) {
    // Also one of this submission that was inserted just now.
    const there = table.known(row);
    if (there) known.push([place, packTask(there.task)]);
    else table.insert(row);
  }
  return known.length === 0 ? undefined : { known };
}

function claim(table: TaskTable, { number, engine, atMs }: OperationOf<'claim'>): ReplyOf['claim'] {
  const stored = table.read(number);
  if (stored?.task.state !== 'ready') return undefined;
  const turn = stored.turn + 1;
  const made = make(table, stored, started(stored.task, engine && storable(engine), atMs), {
    move: 'started',
    turn,
    atMs,
  });
  return { made, body: table.bodyOf(number), turn };
}

function settle(table: TaskTable, operation: OperationOf<'settle'>): ReplyOf['settle'] {
  const { number, turn, settlement, atMs } = operation;
  const stored = table.read(number);
  if (stored?.task.state !== 'running' || stored.turn !== turn) return undefined;
  if (settlement.kind === 'completed') table.statements.insertResult.run(number, settlement.result);
  const { error, ...next } = settled(stored.task, settlement, atMs);
  const task = { ...next, error: error && storable(error) };
  return make(table, stored, task, { move: SETTLEMENT_MOVES[settlement.kind], atMs });
}

function moveById(
  table: TaskTable,
  { id, atMs }: { readonly id: string; readonly atMs: number },
  move: TaskMove,
  next: (task: Task) => Task | undefined,
): MovedReply {
  const stored = table.find(id);
  if (!stored) return undefined;
  const task = next(stored.task);
  return task ? { made: make(table, stored, task, { move, atMs }) } : { task: packTask(stored.task) };
}

function make(
  table: TaskTable,
  before: StoredTask,
  task: Task,
  change: { move: TaskMove; turn?: number; atMs: number },
): MadeMove {
  table.replace(before, task, change);
  const { state: from, priority: fromPriority } = before.task;
  return { move: change.move, from, fromPriority, task: packTask(task), atMs: change.atMs };
}

function readyDue(table: TaskTable, { orders, atMs }: OperationOf<'ready-due'>): ReplyOf['ready-due'] {
  const { statements } = table;
  const rows = statements.due.all(atMs, orders.length);
  const made = rows.map((row, place) => {
    const stored = storedTask(row);
    return make(table, stored, due(stored.task, orders[place] ?? 0), { move: 'readied', atMs });
  });
  const next = statements.nextDue.get()?.due_at;
  return { made, nextDueAtMs: typeof next === 'number' ? next : undefined };
}

function refill({ statements }: TaskTable, { model, after, limit }: OperationOf<'refill'>): ReplyOf['refill'] {
  // One more than wanted: it tells whether there are more.
  const rows = after ? readyAfter(statements, model, after, limit + 1) : statements.readyFirst.all(model, limit + 1);
  const places: number[] = [];
  for (const { seq, prio, ord } of rows.slice(0, limit)) places.push(Number(seq), Number(prio), Number(ord));
  return { places, more: rows.length > limit };
}

function readyAfter(statements: TaskTable['statements'], model: string, after: ReadyEntry, limit: number): Row[] {
  const { priority, order } = after;
  const rows = [...statements.readyAtPriority.all(model, priority, order, limit)];
  if (rows.length < limit) rows.push(...statements.readyBelowPriority.all(model, priority, limit - rows.length));
  return rows;
}

function settleDelivery(table: TaskTable, { number, retryAtMs }: OperationOf<'settle-delivery'>): undefined {
  const { deleteDelivery, retryDelivery } = table.statements;
  const changed = retryAtMs === undefined ? deleteDelivery.run(number) : retryDelivery.run(retryAtMs, number);
  if (changed > 0) table.written = true;
}

function remove(table: TaskTable, id: string): ReplyOf['remove'] {
  const stored = table.find(id);
  if (!stored) return undefined;
  if (!isFinal(stored.task.state)) return 'not ended';
  table.remove(stored);
  return { from: stored.task.state };
}

function prune(table: TaskTable, { state, endedBeforeMs, keepMax }: RetentionRule): number {
  const surplus = table.counters.ended(state) - keepMax;
  let removed = 0;
  for (const row of table.statements.ended.all(STATE_CODES[state], PRUNE_STEP)) {
    if (removed >= surplus && Number(row.finished_at) >= endedBeforeMs) break;
    const stored = table.read(Number(row.seq));
    if (stored) table.remove(stored);
    removed += 1;
  }
  return removed;
}
