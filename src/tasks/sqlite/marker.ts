/**
 * The file `STORE`, beside the database: says that there is a store, so that a database that is gone is not taken for a new
 * one, and how many transactions it has committed. That number is written after each commit, not synced: it outlives the
 * process, and after a power cut it may be too low but never too high. A database that knows of fewer commits has lost
 * some: its write-ahead log was removed, cut or damaged, or it is an old copy.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface MarkerContent {
  readonly commits: number;
  /** The store was closed in good order. */
  readonly clean: boolean;
}

const TITLE = 'gollama task store\n';
const DIGITS = 16;
const CONTENT = new RegExp(`^${TITLE}commits ([0-9]{${DIGITS}})\nclosed (yes|no )\n$`);
const COMMITS_AT = TITLE.length + 'commits '.length;

function textOf({ commits, clean }: MarkerContent): string {
  return `${TITLE}commits ${String(commits).padStart(DIGITS, '0')}\nclosed ${clean ? 'yes' : 'no '}\n`;
}

/** Undefined where there is none; `unreadable` where it says something else. */
export function readMarker(path: string): MarkerContent | 'unreadable' | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  const [, commits, closed] = CONTENT.exec(text) ?? [];
  return commits === undefined ? 'unreadable' : { commits: Number(commits), clean: closed === 'yes' };
}

/** The marker of a store that is open. */
export class Marker {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string, commits: number) {
    this.#path = path;
    this.#replace({ commits, clean: false });
    this.#file = openSync(path, 'r+');
  }

  committed(commits: number): void {
    if (this.#file === undefined) return;
    try {
      writeSync(this.#file, String(commits).padStart(DIGITS, '0'), COMMITS_AT, 'latin1');
    } catch {
      // A number that is too low makes a loss harder to see; the commit itself is safe.
    }
  }

  close(commits: number): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#replace({ commits, clean: true });
  }

  /** All of it or nothing, also in a power cut. */
  #replace(content: MarkerContent): void {
    const unfinished = `${this.#path}.new`;
    writeFileSync(unfinished, textOf(content), { flush: true });
    renameSync(unfinished, this.#path);
    syncFolder(dirname(this.#path));
  }
}

function syncFolder(folder: string): void {
  // Windows does not open folders.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
