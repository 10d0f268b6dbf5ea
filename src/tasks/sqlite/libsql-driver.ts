/** SQLite as the `libsql` package brings it, for versions of Node without a good one of their own. */
import type { Database, OpenDatabase, Row, Statement, Value } from './driver.js';

export async function loadLibsql(): Promise<OpenDatabase> {
  const { default: Libsql } = await import('libsql');
  return (path) => {
    const database = new Libsql(path);
    return {
      exec: (sql) => void database.exec(sql),
      prepare: (sql) => wrapped(database.prepare(sql)),
      close: () => void database.close(),
    } satisfies Database;
  };
}

interface LibsqlStatement {
  run(...values: unknown[]): { readonly changes: number };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}

function wrapped(statement: LibsqlStatement): Statement {
  // One array: a lone value that is an object would be taken for named parameters, and null is one.
  return {
    run: (...values: readonly Value[]) => statement.run(values).changes,
    get: (...values) => statement.get(values) as Row | undefined,
    all: (...values) => statement.all(values) as readonly Row[],
  };
}
