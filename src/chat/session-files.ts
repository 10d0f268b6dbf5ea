/**
 * Sessions on disk: one JSON file each, readable by their owner alone, replaced as a whole at every save. What cannot be read
 * is told and left alone.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.js';
import { GollamaError, messageOf } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import { type Random, systemRandom } from '../base/random.js';
import { stateFolder } from '../base/user-folders.js';
import {
  isSessionId,
  newSession,
  parseSession,
  type Session,
  type SessionSummary,
  sessionText,
  summaryOf,
  titleOf,
} from './session.js';

export interface SessionFilesOptions {
  /** See `sessionsFolder`. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A file that was passed over. */
export interface DamagedSession {
  readonly path: string;
  /** A sentence, with the path in it. */
  readonly problem: string;
}

export interface SessionList {
  /** Newest first. */
  readonly sessions: readonly SessionSummary[];
  readonly damaged: readonly DamagedSession[];
  /** How many older ones were not looked at. */
  readonly unseen: number;
}

interface Found {
  readonly id: string;
  readonly path: string;
  readonly savedAtMs: number;
  readonly sizeBytes: number;
}

const LISTED_MAX = 50;
/** Pictures are in it. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
const SUFFIX = '.json';
/** No save takes that long: who began it is gone. */
const ABANDONED_MS = 30_000;
/** Not those that look alike. */
const ID_LETTERS = '23456789abcdefghjkmnpqrstuvwxyz';
const ID_LENGTH = 3;
const ID_TRIES = 8;

/** `stateHome`: what `$XDG_STATE_HOME` says. */
export function sessionsFolder({ stateHome, home }: { stateHome: string | undefined; home: string }): string {
  return join(stateFolder(stateHome, home), 'sessions');
}

export class SessionFiles {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor({ folder, clock = systemClock, random = systemRandom }: SessionFilesOptions) {
    this.#folder = folder;
    this.#clock = clock;
    this.#random = random;
  }

  /** With an id that no other has. Nothing is written before it is saved. */
  async create(model: string): Promise<Session> {
    return newSession(await this.#newId(), model, this.#clock.epoch());
  }

  /** The same conversation as another session, which is not saved yet. */
  async fork(session: Session): Promise<Session> {
    const atMs = this.#clock.epoch();
    return { ...session, id: await this.#newId(), revision: 0, createdAtMs: atMs, updatedAtMs: atMs };
  }

  /**
   * The session as it was written. Rejects with `conflict`, and writes nothing, where another program has saved or is saving
   * it, or has removed it; with `configuration` where the folder cannot be written.
   */
  async save(session: Session): Promise<Session> {
    if (!isSessionId(session.id)) throw new GollamaError('usage', `"${session.id}" is no id of a session`);
    const next = {
      ...session,
      title: titleOf(session),
      revision: session.revision + 1,
      updatedAtMs: this.#clock.epoch(),
    };
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#write(next);
    } catch (thrown) {
      if (thrown instanceof GollamaError) throw thrown;
      throw new GollamaError('configuration', `the session cannot be saved: ${messageOf(thrown)}`, {
        hint: 'free some space, set $XDG_STATE_HOME to another folder, or use --no-save',
        cause: thrown,
      });
    }
    return next;
  }

  /** By its id, with or without `s-`, or the beginning of one. Rejects with `not_found`, `usage` where several begin so. */
  async find(wanted: string): Promise<Session> {
    const all = await this.#all();
    const begin = wanted.startsWith('s-') ? wanted : `s-${wanted}`;
    const found = all.find(({ id }) => id === begin) ?? this.#only(begin, all);
    if (found) return this.#read(found);
    const meant = nearest(
      begin,
      all.map(({ id }) => id),
    );
    throw new GollamaError('not_found', `there is no session ${wanted}`, {
      hint: meant === undefined ? 'gollama chat starts a new one' : `did you mean ${meant}?`,
    });
  }

  /** The newest that can be read; undefined where there is none. Damaged ones that are newer are given to `onDamaged`. */
  async last(onDamaged: (damaged: DamagedSession) => void = () => {}): Promise<Session | undefined> {
    for (const found of (await this.#all()).slice(0, LISTED_MAX)) {
      try {
        return await this.#read(found);
      } catch (thrown) {
        onDamaged({ path: found.path, problem: messageOf(thrown) });
      }
    }
    return undefined;
  }

  async list(limit = LISTED_MAX): Promise<SessionList> {
    const all = await this.#all();
    const sessions: SessionSummary[] = [];
    const damaged: DamagedSession[] = [];
    const seen = all.slice(0, limit);
    for (const found of seen) {
      try {
        sessions.push(summaryOf(await this.#read(found)));
      } catch (thrown) {
        damaged.push({ path: found.path, problem: messageOf(thrown) });
      }
    }
    return { sessions, damaged, unseen: all.length - seen.length };
  }

  /** Idempotent. */
  async remove(id: string): Promise<void> {
    if (isSessionId(id)) await rm(this.#path(id), { force: true });
  }

  #only(begin: string, all: readonly Found[]): Found | undefined {
    const [first, ...others] = all.filter(({ id }) => id.startsWith(begin));
    if (others.length === 0) return first;
    throw new GollamaError('usage', `several sessions begin with ${begin}`, {
      hint: [first, ...others]
        .slice(0, 8)
        .map((found) => found?.id)
        .join(', '),
    });
  }

  /** Newest first. */
  async #all(): Promise<readonly Found[]> {
    const names = await readdir(this.#folder).catch(emptyWhereMissing);
    const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    const all = await Promise.all(ids.filter(isSessionId).map((id) => this.#look(id)));
    return all.filter((found) => found !== undefined).sort((one, other) => other.savedAtMs - one.savedAtMs);
  }

  async #look(id: string): Promise<Found | undefined> {
    const path = this.#path(id);
    const facts = await stat(path).catch(() => undefined);
    return facts?.isFile() ? { id, path, savedAtMs: facts.mtimeMs, sizeBytes: facts.size } : undefined;
  }

  async #read({ id, path, sizeBytes }: Found): Promise<Session> {
    try {
      if (sizeBytes > FILE_BYTES_MAX) throw new Error('it is too large');
      const session = parseSession(await readFile(path, 'utf8'));
      if (session.id !== id) throw new Error(`it is of session ${session.id}`);
      return session;
    } catch (thrown) {
      throw new GollamaError('storage_error', `the session in ${path} cannot be read: ${messageOf(thrown)}`, {
        hint: 'move the file away, or mend it',
        cause: thrown,
      });
    }
  }

  /**
   * The new text is written beside the file and put in its place. The file beside it is created by one program alone: it is
   * the lock under which the revision is looked at.
   */
  async #write(next: Session): Promise<void> {
    const path = this.#path(next.id);
    const beside = `${path}.new`;
    const file = await this.#openAlone(beside, next.id);
    try {
      await this.#checkRevision(path, next);
      await file.writeFile(sessionText(next));
      await file.sync();
      await file.close();
      await rename(beside, path);
    } catch (thrown) {
      await file.close().catch(() => undefined);
      await rm(beside, { force: true });
      throw thrown;
    }
  }

  async #openAlone(path: string, id: string) {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    try {
      return await open(path, flags, 0o600);
    } catch (thrown) {
      if (!isCode(thrown, 'EEXIST')) throw thrown;
    }
    const ageMs = this.#clock.epoch() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
    if (ageMs < ABANDONED_MS) throw changedElsewhere(id);
    await rm(path, { force: true });
    return open(path, flags, 0o600);
  }

  async #checkRevision(path: string, next: Session): Promise<void> {
    const found = await this.#look(next.id);
    const revision = found === undefined ? 0 : (await this.#read({ ...found, path })).revision;
    if (revision !== next.revision - 1) throw changedElsewhere(next.id);
  }

  async #newId(): Promise<string> {
    for (let tries = 0; ; tries++) {
      // More letters as the short ones are taken.
      const length = ID_LENGTH + Math.floor(tries / ID_TRIES);
      const id = `s-${Array.from({ length }, () => this.#letter()).join('')}`;
      if ((await stat(this.#path(id)).catch(() => undefined)) === undefined) return id;
    }
  }

  #letter(): string {
    return ID_LETTERS.charAt(Math.floor(this.#random() * ID_LETTERS.length));
  }

  #path(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}

function changedElsewhere(id: string): GollamaError {
  return new GollamaError(
    'conflict',
    `session ${id} was changed by another gollama chat; nothing of it is overwritten`,
    {
      hint: `this conversation can go on as a session of its own; the other is there with gollama chat -r ${id}`,
    },
  );
}

function emptyWhereMissing(thrown: unknown): string[] {
  if (isCode(thrown, 'ENOENT')) return [];
  throw thrown;
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
