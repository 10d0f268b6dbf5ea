/** How a connection is set, and what is asked of any database. */
import type { Database } from './driver.js';

/** For the one connection that writes. Only it makes checkpoints. */
export function setForWriting(database: Database): void {
  // Before the first table; afterwards they change nothing.
  database.exec('PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL');
  database.exec('PRAGMA busy_timeout=5000; PRAGMA mmap_size=0; PRAGMA cache_size=-65536');
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8192');
}

/** For every other connection. */
export function setForReading(database: Database): void {
  database.exec('PRAGMA busy_timeout=5000; PRAGMA mmap_size=0; PRAGMA cache_size=-16384; PRAGMA query_only=1');
}

/** The one number that a pragma answers. */
export function pragma(database: Database, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
}

/** What is wrong with its pages, undefined where nothing is. Reads all of them. */
export function checkDatabase(database: Database): string | undefined {
  const findings = database
    .prepare('PRAGMA quick_check(3)')
    .all()
    .map((row) => String(Object.values(row)[0]));
  return findings[0] === 'ok' ? undefined : findings.join('; ');
}

/** Free pages are kept for what comes next up to so many, and given back in steps of so many. */
const FREE_PAGES_KEPT = 1024;
const FREE_PAGES_STEP = 1024;

/** After rows were removed: pages go back to the file system, a few at a time. */
export function giveBackPages(database: Database): void {
  if (pragma(database, 'freelist_count') <= FREE_PAGES_KEPT) return;
  try {
    database.exec(`PRAGMA incremental_vacuum(${FREE_PAGES_STEP})`);
  } catch {
    // They can stay: what was asked for is done.
  }
}

/** All of the work is durable when this returns, or none was done and it throws. */
export function transact<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    rollBack(database);
    throw thrown;
  }
}

export function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // A full disk has rolled it back already.
  }
}
