/** SQLite as Node brings it (`node:sqlite`), where it does. */
import type { OpenDatabase, Row, Value } from './driver.js';

interface NodeStatement {
  run(...values: readonly Value[]): { readonly changes: number | bigint };
  get(...values: readonly Value[]): unknown;
  all(...values: readonly Value[]): unknown[];
}

interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  close(): void;
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase;
}

/** Undefined where this Node has none. */
export function loadNodeSqlite(): OpenDatabase | undefined {
  const sqlite: unknown = process.getBuiltinModule?.('node:sqlite');
  if (!isNodeSqlite(sqlite)) return undefined;
  return (path) => {
    const database = new sqlite.DatabaseSync(path);
    return {
      exec: (sql) => database.exec(sql),
      close: () => database.close(),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        return {
          run: (...values) => Number(statement.run(...values).changes),
          get: (...values) => statement.get(...values) as Row | undefined,
          all: (...values) => statement.all(...values) as Row[],
        };
      },
    };
  };
}

function isNodeSqlite(module: unknown): module is NodeSqlite {
  return typeof module === 'object' && module !== null && 'DatabaseSync' in module;
}
