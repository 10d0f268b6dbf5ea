/**
 * The lines that a user has typed, in one file for all programs of that user: an entry a line, as a JSON string, so that entries
 * with line breaks keep them. Nothing that is wrong with the file stops a chat: the history is in memory then, and `problem` says so.
 *
 * Two programs lose nothing of each other: an entry is one write at the end of the file. Where a program puts a shorter file in
 * the place of the old one, whoever wrote to the old one sees that it is no longer there and writes again, and the
 * shortening program takes along what came to the old one meanwhile. At worst an entry stands there twice.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { stateFolder } from '../../base/user-folders.js';
import { indexOfQuery } from './history-search.js';

export interface HistorySurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

const ENTRIES_MAX = 1_000;
/** A longer entry is kept until the program ends, and not written. */
const ENTRY_LENGTH_MAX = 64 * 1024;
/** Of a longer file the end is read, and all else dropped. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;
const LOCK_AGE_MS_MAX = 60_000;
const TRIES_MAX = 5;
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

export class HistoryFile {
  /** Undefined: switched off. */
  readonly #path: string | undefined;
  readonly #clock: Clock;
  #entries: string[] = [];
  #problem: string | undefined;

  /** Reads `$XDG_STATE_HOME/gollama/history`; `GOLLAMA_NOHISTORY=1` keeps it out of the file and the file out of it. Never throws. */
  static open(around: HistorySurroundings, clock: Clock): HistoryFile {
    const { env, home } = around;
    const path = isOff(env.GOLLAMA_NOHISTORY) ? undefined : join(stateFolder(env.XDG_STATE_HOME, home), 'history');
    const history = new HistoryFile(path, clock);
    history.#try(() => history.#load());
    return history;
  }

  private constructor(path: string | undefined, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** What is wrong with the file, for a person; the first that was noticed. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Where it stands; undefined: it is switched off. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Oldest first. */
  entries(): readonly string[] {
    return this.#entries;
  }

  /** The same line twice in a row is one. Never throws. */
  add(text: string): void {
    if (text === '' || text === this.#entries.at(-1)) return;
    this.#entries.push(text);
    if (this.#entries.length > ENTRIES_MAX) this.#entries.shift();
    if (text.length <= ENTRY_LENGTH_MAX) this.#try((path) => append(path, `${JSON.stringify(text)}\n`));
  }

  /** Entries with that text, newest first, each once. */
  search(text: string, max = 20): string[] {
    const found = new Set<string>();
    for (let at = this.#entries.length - 1; at >= 0 && found.size < max; at--) {
      const entry = this.#entries[at] ?? '';
      if (indexOfQuery(entry, text) !== -1) found.add(entry);
    }
    return [...found];
  }

  #try(work: (path: string) => void): void {
    if (this.#path === undefined) return;
    try {
      work(this.#path);
    } catch (thrown) {
      this.#problem ??= `the history is not kept: ${messageOf(thrown)}`;
    }
  }

  #load(): void {
    const path = this.#path ?? '';
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(path, APPEND, 0o600);
    try {
      if ((fstatSync(file).mode & 0o077) !== 0) chmodSync(path, 0o600);
      const { text, wasCut } = readEnd(file);
      const { entries, damaged } = parse(text);
      if (damaged > 0) this.#problem = `${damaged} damaged ${damaged === 1 ? 'line' : 'lines'} in ${path} left out`;
      this.#entries = entries.slice(-ENTRIES_MAX);
      if (entries.length > 2 * ENTRIES_MAX || wasCut) this.#shorten(path, file);
    } finally {
      closeSync(file);
    }
  }

  /** One program at a time; the others leave it. `old` is the file as it was read. */
  #shorten(path: string, old: number): void {
    const lock = `${path}.lock`;
    if (!takeLock(lock, this.#clock)) return;
    try {
      // Somebody else has shortened it.
      if (statSync(path).ino !== fstatSync(old).ino) return;
      // Written before it was read again: what comes later is taken along at the end.
      const { text, size } = readEnd(old);
      const kept = parse(text).entries.slice(-ENTRIES_MAX);
      const next = `${path}.new`;
      rmSync(next, { force: true });
      const file = openSync(next, APPEND | constants.O_EXCL, 0o600);
      try {
        writeSync(file, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
        renameSync(next, path);
        const late = Buffer.alloc(Math.max(fstatSync(old).size - size, 0));
        readSync(old, late, 0, late.length, size);
        writeSync(file, late);
      } finally {
        closeSync(file);
      }
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function isOff(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}

function append(path: string, line: string): void {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const file = openSync(path, APPEND, 0o600);
    try {
      // Behind a line that was cut off by a crash, on one of its own.
      writeSync(file, endsLine(file) ? line : `\n${line}`);
      if (isStillThere(path, file)) return;
    } finally {
      closeSync(file);
    }
  }
}

function endsLine(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

function isStillThere(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.ino === fstatSync(file).ino;
}

interface FileEnd {
  readonly text: string;
  readonly size: number;
  /** There is more before it. */
  readonly wasCut: boolean;
}

function readEnd(file: number): FileEnd {
  const { size } = fstatSync(file);
  const from = Math.max(0, size - FILE_BYTES_MAX);
  const bytes = Buffer.alloc(size - from);
  const read = readSync(file, bytes, 0, bytes.length, from);
  const text = bytes.toString('utf8', 0, read);
  // The first line is not whole.
  return { text: from === 0 ? text : text.slice(text.indexOf('\n') + 1), size, wasCut: from > 0 };
}

function parse(text: string): { entries: string[]; damaged: number } {
  const entries: string[] = [];
  let damaged = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = parseLine(line);
    if (entry === undefined) damaged++;
    else if (entry !== entries.at(-1)) entries.push(entry);
  }
  return { entries, damaged };
}

function parseLine(line: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'string' && entry !== '' ? entry : undefined;
  } catch {
    return undefined;
  }
}

function takeLock(lock: string, clock: Clock): boolean {
  try {
    const held = statSync(lock, { throwIfNoEntry: false });
    // Whoever made it has ended without taking it away.
    if (held && clock.epoch() - held.mtimeMs > LOCK_AGE_MS_MAX) rmSync(lock, { force: true });
    closeSync(openSync(lock, 'wx', 0o600));
    return true;
  } catch {
    return false;
  }
}
