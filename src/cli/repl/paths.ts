/** Files whose names begin as a typed path does. */
import { readdir } from 'node:fs/promises';
import { type AttachmentPlace, resolvePath } from '../../chat/attachments.js';

const NAMES_MAX = 500;

/** As they are typed, folders with a slash at their end; hidden ones only where that is asked for. */
export async function pathsLike(typed: string, place: AttachmentPlace): Promise<readonly string[]> {
  const cut = typed.lastIndexOf('/') + 1;
  const [folder, begin] = [typed.slice(0, cut), typed.slice(cut)];
  try {
    const entries = await readdir(resolvePath(folder || '.', place), { withFileTypes: true });
    return entries
      .filter(({ name }) => name.startsWith(begin) && (begin.startsWith('.') || !name.startsWith('.')))
      .slice(0, NAMES_MAX)
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .toSorted();
  } catch {
    return [];
  }
}
