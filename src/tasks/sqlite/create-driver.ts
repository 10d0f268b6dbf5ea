/** Chooses the SQLite to use. */
import type { OpenDatabase } from './driver.js';
import { loadLibsql } from './libsql-driver.js';
import { loadNodeSqlite } from './node-sqlite-driver.js';

/**
 * Before 3.51.3 a checkpoint could lose commits where two connections write or checkpoint. With libsql, which is older,
 * that is avoided by having one such connection; of another SQLite nobody knows what else it does.
 */
const VERSION_MIN = [3, 51, 3];

/** Node's own where it is new enough, otherwise libsql. */
export async function createDriver(): Promise<OpenDatabase> {
  const own = loadNodeSqlite();
  return own && isNewEnough(versionOf(own)) ? own : await loadLibsql();
}

export function isNewEnough(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [place, least] of VERSION_MIN.entries()) {
    const part = parts[place] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

function versionOf(open: OpenDatabase): string {
  const database = open(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version() AS version').get()?.version);
  } finally {
    database.close();
  }
}
