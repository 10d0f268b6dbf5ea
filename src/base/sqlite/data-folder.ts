/** The folder that the databases are in. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GollamaError, messageOf } from '../errors.js';

/** Also where it is there already. Rejects with `configuration`; `what` it is the folder of, for the message. */
export async function makeFolder(what: string, folder: string): Promise<void> {
  try {
    await makePath(folder);
    // One that is there may belong to somebody else, or to a file system that is mounted read-only.
    await access(folder, constants.W_OK);
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot use the folder of ${what}: ${messageOf(thrown)}`, {
      hint: 'give it a folder that can be written (queue.storage_path)',
      cause: thrown,
    });
  }
}

/**
 * With its parents, for its user alone. Not `recursive` of `mkdir`: that tries for ever, and cannot be stopped, where the parent is there and
 * still says ENOENT, as /proc does.
 */
export async function makePath(folder: string, hasParent = false): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || hasParent) throw thrown;
    await makePath(dirname(folder));
    await makePath(folder, true);
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
