/**
 * Opens the database of the logs. One that is damaged is put aside and a new one begins, with a new epoch: answers are
 * kept by the task store too, so nothing refuses to start for want of how they came about.
 */
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GollamaError } from '../../base/errors.js';
import { checkDatabase, pragma, setForWriting } from '../../base/sqlite/connection.js';
import type { Database, OpenDatabase } from '../../base/sqlite/driver.js';
import { isDamage } from '../../base/sqlite/storage-failure.js';
import type { LogFiles } from './log-files.js';
import { APPLICATION_ID, createTables, SCHEMA_VERSION } from './schema.js';

/** Pages of a database of this size are checked before it is used: that takes a tenth of a second at most. */
const CHECK_SIZE_BYTES_MAX = 64 * 1024 * 1024;

/** Throws `configuration` where a newer gollama wrote it. */
export function openLogs(
  files: LogFiles,
  open: OpenDatabase,
): { readonly database: Database; readonly damagedCopy: string | undefined } {
  const database = tried(files, open);
  if (database) return { database, damagedCopy: undefined };
  const damagedCopy = putAside(files);
  const fresh = tried(files, open);
  if (!fresh) throw new GollamaError('storage_error', `a database cannot be made in ${files.folder}`);
  return { database: fresh, damagedCopy };
}

/** Undefined where it is damaged. */
function tried({ database: path }: LogFiles, open: OpenDatabase): Database | undefined {
  let database: Database | undefined;
  try {
    database = open(path);
    if (prepare(database, (statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= CHECK_SIZE_BYTES_MAX))
      return database;
  } catch (thrown) {
    if (!isDamage(thrown)) {
      database?.close();
      throw thrown;
    }
  }
  database?.close();
  return undefined;
}

/** False where it is no database of logs, or not a whole one. */
function prepare(database: Database, isChecked: boolean): boolean {
  const isEmpty = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0;
  const owner = pragma(database, 'application_id');
  if (owner !== APPLICATION_ID && !(isEmpty && owner === 0)) return false;
  if (pragma(database, 'user_version') > SCHEMA_VERSION)
    throw new GollamaError('configuration', 'the logs of the answers were written by a newer gollama', {
      hint: 'use that one, or give this one a folder of its own (queue.storage_path)',
    });
  if (!isEmpty && isChecked && checkDatabase(database) !== undefined) return false;
  setForWriting(database);
  if (isEmpty) createTables(database);
  return true;
}

function putAside({ folder, database, journal, index }: LogFiles): string {
  let target = '';
  for (let number = 1; target === '' || existsSync(target); number += 1)
    target = join(folder, `damaged-logs-${number}`);
  mkdirSync(target);
  for (const path of [database, journal, index]) if (existsSync(path)) renameSync(path, join(target, basename(path)));
  return target;
}
