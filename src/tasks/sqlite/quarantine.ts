/** Keeps what is damaged as it was found, before anybody tries anything with it. */
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { StoreFiles } from './store-folder.js';

/**
 * Copies the files into a folder of their own in the store's folder, named after the time of the last change, so that one
 * damage is copied once. Returns its path. Throws where the copy cannot be made; nothing is left of it then.
 */
export function quarantine({ folder, database, log, marker }: StoreFiles): string {
  const damaged = [database, log, marker].filter((path) => existsSync(path));
  const changedAtMs = Math.max(0, ...damaged.map((path) => statSync(path).mtimeMs));
  const time = new Date(changedAtMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const target = join(folder, `damaged-${time}`);
  if (existsSync(target)) return target;
  const unfinished = `${target}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  try {
    for (const path of damaged) copyFileSync(path, join(unfinished, basename(path)), constants.COPYFILE_FICLONE);
    renameSync(unfinished, target);
  } catch (thrown) {
    rmSync(unfinished, { recursive: true, force: true });
    throw thrown;
  }
  return target;
}

/**
 * Puts copies in the places of the database and its log, which are open. SQLite writes the log into the database and removes
 * it when it closes both, except where it finds other files in their places. Throws where that cannot be done.
 */
export function standIn({ database, log }: StoreFiles): void {
  for (const path of [database, log].filter((each) => existsSync(each))) {
    const copy = `${path}.copy`;
    try {
      const { atime, mtime } = statSync(path);
      copyFileSync(path, copy, constants.COPYFILE_FICLONE);
      // By it `quarantine` knows the damage again.
      utimesSync(copy, atime, mtime);
      renameSync(copy, path);
    } catch (thrown) {
      rmSync(copy, { force: true });
      throw thrown;
    }
  }
}
