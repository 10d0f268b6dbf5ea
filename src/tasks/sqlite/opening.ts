/** Opens the database of a folder, or refuses: what was damaged is never taken for an empty store, or for a whole one. */
import { statSync } from 'node:fs';
import { GollamaError, messageOf } from '../../base/errors.js';
import { checkDatabase, pragma, setForWriting } from '../../base/sqlite/connection.js';
import type { Database, OpenDatabase } from '../../base/sqlite/driver.js';
import { isDamage } from '../../base/sqlite/storage-failure.js';
import { Counters } from './counters.js';
import { type MarkerContent, readMarker } from './marker.js';
import { quarantine, standIn } from './quarantine.js';
import { APPLICATION_ID, createTables, SCHEMA_VERSION } from './schema.js';
import { prepareStatements, type Statements } from './statements.js';
import type { StoreFiles } from './store-folder.js';

export interface OpenStore {
  readonly database: Database;
  readonly statements: Statements;
  readonly counters: Counters;
  /** It is to be checked while it works: it is large, and was not closed in good order. */
  readonly checkLater: boolean;
}

/** A database of this size is checked before it is used: that takes a tenth of a second at most. */
const CHECK_SIZE_BYTES_MAX = 64 * 1024 * 1024;

/** Something is wrong with the files, said in words. */
class Damage extends Error {
  /** There is a database that can be read. */
  readonly isReadable: boolean;

  constructor(message: string, isReadable = false) {
    super(message);
    this.isReadable = isReadable;
  }
}

/** Throws `configuration`; then the files are as they were, beside a copy of them where they are damaged. */
export function openStore(files: StoreFiles, open: OpenDatabase): OpenStore {
  const marker = readMarker(files.marker);
  const sizeBytes = sizeOf(files.database);
  let database: Database | undefined;
  try {
    if (marker !== undefined && sizeBytes === 0) throw new Damage('its database is gone or empty');
    database = open(files.database);
    prepare(database, marker !== undefined);
    const statements = prepareStatements(database);
    const counters = new Counters(statements);
    if (marker !== undefined && marker !== 'unreadable') assertComplete(marker, counters);
    // Whoever removed the marker wants what is left: it is checked, but not refused.
    const checkNow = marker !== undefined && sizeBytes <= CHECK_SIZE_BYTES_MAX;
    const fault = checkNow ? checkDatabase(database) : undefined;
    if (fault !== undefined) throw new Damage(`its database is damaged (${fault})`, true);
    // Only now: it writes.
    setForWriting(database);
    const wasClosed = marker !== undefined && marker !== 'unreadable' && marker.clean;
    return { database, statements, counters, checkLater: !checkNow && !wasClosed };
  } catch (thrown) {
    const error = refusal(thrown, files);
    database?.close();
    throw error;
  }
}

function prepare(database: Database, isKnown: boolean): void {
  const isEmpty = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0;
  const owner = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  if (owner !== APPLICATION_ID && !(isEmpty && owner === 0)) throw new Damage('its database is not one of gollama');
  if (version > SCHEMA_VERSION)
    throw new GollamaError('configuration', 'the task store was written by a newer gollama', {
      hint: 'use that one, or give this one a folder of its own (queue.storage_path)',
    });
  if (isEmpty && (isKnown || owner !== 0)) throw new Damage('its tables are gone');
  if (!isEmpty) return;
  setForWriting(database);
  createTables(database);
}

function assertComplete(marker: MarkerContent, counters: Counters): void {
  if (counters.commits >= marker.commits) return;
  const lost = marker.commits - counters.commits;
  throw new Damage(
    `its last ${lost} of ${marker.commits} changes are lost (a file was removed, cut, damaged or replaced)`,
    true,
  );
}

function refusal(thrown: unknown, files: StoreFiles): unknown {
  const isOurs = thrown instanceof Damage;
  if (!isOurs && !isDamage(thrown)) return thrown;
  const what = isOurs ? thrown.message : `its database cannot be read (${messageOf(thrown)})`;
  const copy = keptAside(files);
  const kept = copy === undefined ? 'the files were left as they are' : `a copy of the files is in ${copy}`;
  const rest = isOurs && thrown.isReadable ? `remove ${files.marker} to go on with what is left, ` : '';
  return new GollamaError('configuration', `the task store ${files.folder} is damaged: ${what}; ${kept}`, {
    hint: `restore the folder from a backup, ${rest}or move the folder away to begin with an empty store`,
    cause: thrown,
  });
}

/** Where the copy is. Closing what is open changes nothing after this. */
function keptAside(files: StoreFiles): string | undefined {
  let copy: string | undefined;
  try {
    copy = quarantine(files);
    standIn(files);
  } catch {
    // No room, most likely. The files themselves are still there.
  }
  return copy;
}

/** 0 where there is none. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
