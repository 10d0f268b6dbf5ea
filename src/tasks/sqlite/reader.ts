/** A connection that only reads: what is asked of single tasks and of lists. */

import { checkDatabase, setForReading } from '../../base/sqlite/connection.js';
import type { Database, OpenDatabase, Row, Statement } from '../../base/sqlite/driver.js';
import { parseTaskId } from '../task-id.js';
import { listSql } from './list-query.js';
import type { Answer, AnswerTo, Question } from './messages.js';
import { type PackedFullTask, packTask, storedTask, TASK_COLUMNS } from './task-row.js';

const FULL_TASKS = `SELECT ${TASK_COLUMNS}, payload, data
  FROM task JOIN body ON body.seq=task.seq LEFT JOIN result ON result.seq=task.seq`;

export const READ_STATEMENTS = {
  byNumber: `${FULL_TASKS} WHERE task.seq=?`,
  byGivenId: `${FULL_TASKS.replace('FROM task', 'FROM task INDEXED BY task_given')}
    WHERE given_id=? AND given_id IS NOT NULL`,
  nextDelivery: `SELECT seq, failures, due_at FROM delivery INDEXED BY delivery_due ORDER BY due_at, seq LIMIT ?`,
} as const;

/** Filters come in few shapes; each is prepared once. */
const SHAPES_MAX = 64;

export class Reader {
  readonly #database: Database;
  readonly #byNumber: Statement;
  readonly #byGivenId: Statement;
  readonly #nextDelivery: Statement;
  readonly #shapes = new Map<string, Statement>();

  constructor(path: string, open: OpenDatabase) {
    this.#database = open(path);
    setForReading(this.#database);
    this.#byNumber = this.#database.prepare(READ_STATEMENTS.byNumber);
    this.#byGivenId = this.#database.prepare(READ_STATEMENTS.byGivenId);
    this.#nextDelivery = this.#database.prepare(READ_STATEMENTS.nextDelivery);
  }

  /** All of an answer is from one moment. */
  answer(question: Question): Answer {
    this.#database.exec('BEGIN');
    try {
      return this.#answer(question);
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  close(): void {
    this.#database.close();
  }

  #answer(question: Question): Answer {
    switch (question.kind) {
      case 'get':
        return this.#get(question.id);
      case 'list':
        return this.#list(question);
      case 'next-delivery':
        return this.#delivery(question.except);
      case 'check':
        return checkDatabase(this.#database);
    }
  }

  #get(id: string): AnswerTo['get'] {
    const parsed = parseTaskId(id);
    const numbered = parsed && this.#byNumber.get(parsed.number);
    if (numbered && storedTask(numbered).task.id === id) return fullTask(numbered);
    const named = this.#byGivenId.get(id);
    return named && fullTask(named);
  }

  #list({ filter }: Extract<Question, { kind: 'list' }>): AnswerTo['list'] {
    const { page, total } = listSql(filter);
    const rows = this.#shape(page.sql).all(...page.values);
    const tasks = rows.slice(0, filter.limit).map(fullTask);
    const sum = this.#shape(total.sql).get(...total.values)?.total;
    const cursor = rows.length > filter.limit ? Number(rows[filter.limit - 1]?.seq) : undefined;
    return { tasks, total: Number(sum ?? 0), cursor };
  }

  #delivery(except: readonly number[]): AnswerTo['next-delivery'] {
    const row = this.#nextDelivery.all(except.length + 1).find(({ seq }) => !except.includes(Number(seq)));
    const task = row && this.#byNumber.get(Number(row.seq));
    if (!row || !task) return undefined;
    return { task: fullTask(task), failures: Number(row.failures), dueAtMs: Number(row.due_at) };
  }

  #shape(sql: string): Statement {
    const known = this.#shapes.get(sql);
    if (known) return known;
    if (this.#shapes.size >= SHAPES_MAX) this.#shapes.clear();
    const statement = this.#database.prepare(sql);
    this.#shapes.set(sql, statement);
    return statement;
  }
}

function fullTask(row: Row): PackedFullTask {
  const result = row.data;
  return {
    task: packTask(storedTask(row).task),
    body: String(row.payload),
    result: result === null || result === undefined ? undefined : String(result),
  };
}
