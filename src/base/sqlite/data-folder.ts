/** The folder that the databases are in. */
import { mkdir } from 'node:fs/promises';
import { GollamaError, messageOf } from '../errors.js';

/** Also where it is there already. Rejects with `configuration`; `what` it is the folder of, for the message. */
export async function makeFolder(what: string, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot make the folder of ${what}: ${messageOf(thrown)}`, {
      hint: 'give it a folder that can be written (queue.storage_path)',
      cause: thrown,
    });
  }
}
