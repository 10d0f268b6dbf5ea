/** The statements of one page of a list, by keyset where a cursor is given: a later page costs no more than the first. */

import type { Value } from '../../base/sqlite/driver.js';
import type { TaskFilter } from '../task-store.js';
import { STATE_CODES } from './schema.js';
import { TASK_COLUMNS } from './task-row.js';

interface Query {
  readonly sql: string;
  readonly values: readonly Value[];
}

export interface ListQueries {
  /** One row more than the limit, where there are more. */
  readonly page: Query;
  readonly total: Query;
}

export function listSql(filter: TaskFilter): ListQueries {
  const conditions = conditionsOf(filter);
  const from = filter.states?.length === 1 && filter.states[0] === 'running' ? 'task INDEXED BY task_run' : 'task';
  return { page: pageQuery(filter, from, conditions), total: totalQuery(filter, from, conditions) };
}

function pageQuery(filter: TaskFilter, from: string, conditions: readonly Query[]): Query {
  const { cursor, newestFirst = false, limit, offset = 0 } = filter;
  const rest: Query[] = cursor === undefined ? [] : [{ sql: `task.seq${newestFirst ? '<' : '>'}?`, values: [cursor] }];
  const { sql, values } = joined([...conditions, ...rest]);
  return {
    sql: `SELECT ${TASK_COLUMNS}, payload, data FROM ${from}
      CROSS JOIN body ON body.seq=task.seq LEFT JOIN result ON result.seq=task.seq
      ${sql} ORDER BY task.seq ${newestFirst ? 'DESC' : 'ASC'} LIMIT ? OFFSET ?`,
    values: [...values, limit + 1, offset],
  };
}

function totalQuery(filter: TaskFilter, from: string, conditions: readonly Query[]): Query {
  const { owner, types, priorities, models, sinceMs, states } = filter;
  const byStateOnly = [owner, types, priorities, models, sinceMs].every((condition) => condition === undefined);
  if (byStateOnly) {
    const names = states ?? Object.keys(STATE_CODES);
    const { sql, values } = joined([oneOf('name', names)]);
    return { sql: `SELECT sum(value) AS total FROM counter ${sql}`, values };
  }
  const { sql, values } = joined(conditions);
  return { sql: `SELECT count(*) AS total FROM ${from} ${sql}`, values };
}

function conditionsOf({ owner, states, types, priorities, models, sinceMs }: TaskFilter): Query[] {
  const conditions: Query[] = [];
  if (owner !== undefined) conditions.push({ sql: 'owner=?', values: [owner] });
  if (states) {
    // A literal, for the partial index.
    if (states.length === 1 && states[0] === 'running') conditions.push({ sql: 'state=2', values: [] });
    else
      conditions.push(
        oneOf(
          'state',
          states.map((state) => STATE_CODES[state]),
        ),
      );
  }
  if (types) conditions.push(oneOf('type', types));
  if (priorities) conditions.push(oneOf('prio', priorities));
  if (models) conditions.push(oneOf('model', models));
  if (sinceMs !== undefined) conditions.push({ sql: 'created_at>=?', values: [sinceMs] });
  return conditions;
}

/** As JSON: lists of any length are one statement. */
function oneOf(column: string, values: readonly Value[]): Query {
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

function joined(conditions: readonly Query[]): Query {
  if (conditions.length === 0) return { sql: '', values: [] };
  return {
    sql: `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values),
  };
}
