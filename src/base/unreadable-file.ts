/** A file that the user named and that cannot be read, in words for people: those of the system name its own calls. */
import { GollamaError, messageOf } from './errors.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
};

/** `thrown` by the file system, or an error whose message is the reason. It is the command line that is wrong: `usage`. */
export function unreadableFile(path: string, thrown: unknown, hint?: string): GollamaError {
  return new GollamaError('usage', `cannot read ${path}: ${reasonOf(thrown)}`, {
    cause: thrown,
    ...(hint === undefined ? {} : { hint }),
  });
}

function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return REASONS[code] ?? messageOf(thrown);
}
