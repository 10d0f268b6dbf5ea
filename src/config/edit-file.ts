/** Writes a configuration file so that a reader sees the old one or the new one, whole, whatever happens meanwhile. */
import { chmod, chown, lstat, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GollamaError, messageOf } from '../base/errors.js';
import { makePath } from '../base/sqlite/data-folder.js';

/** What is new may come to hold keys, and is for its user alone. */
const FILE_MODE = 0o600;

/** Makes the file and its folders. Throws GollamaError `conflict` where it is there already, `configuration` where it cannot be made. */
export async function createFile(path: string, text: string): Promise<void> {
  await attempt(path, async () => {
    if (await isThere(path)) {
      throw new GollamaError('conflict', `${path} is there already`, {
        hint: 'change it with "gollama config set KEY VALUE", or write it anew with --force',
      });
    }
    await makePath(dirname(path));
    await writeWhole(path, text, { mode: FILE_MODE, flags: 'wx' });
  });
}

/**
 * Puts `text` in the place of the file, or of the file that a link leads to, with its mode and owner; makes it where it
 * is missing. `expected`: what the file is known to hold. Throws GollamaError `conflict` where it holds something else by
 * now, `configuration` where it cannot be written.
 */
export async function replaceFile(path: string, text: string, expected?: string): Promise<void> {
  await attempt(path, async () => {
    await makePath(dirname(path));
    const target = (await isThere(path)) ? await realpath(path) : path;
    const before = await stat(target).catch(() => undefined);
    if (expected !== undefined && (await readFile(target, 'utf8')) !== expected) {
      throw new GollamaError('conflict', `${path} was changed by somebody else meanwhile`, { hint: 'try again' });
    }
    // In the same folder: a rename over the border of a file system is none.
    const draft = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
    try {
      await writeWhole(draft, text, { mode: FILE_MODE, flags: 'w' });
      if (before) await chmod(draft, before.mode & 0o7777);
      if (before && before.uid !== process.getuid?.()) await chown(draft, before.uid, before.gid);
      await rename(draft, target);
    } finally {
      await rm(draft, { force: true });
    }
  });
}

async function writeWhole(path: string, text: string, { mode, flags }: { mode: number; flags: string }): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function attempt(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof GollamaError) throw thrown;
    throw new GollamaError('configuration', `cannot write ${path}: ${messageOf(thrown)}`, {
      hint: 'make it writable, or name another file with --config',
      cause: thrown,
    });
  }
}
