/** What SQLite and the file system throw, as errors of ours. */
import { GollamaError, messageOf, toGollamaError } from '../errors.js';

/** Codes of `sqlite3.h`. */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/** The memory of the write-ahead log's index is a file too. */
const SQLITE_IOERR_SHMSIZE = 4874;

const NO_ROOM = new Set(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT']);

function isFull(thrown: unknown): boolean {
  const number = numberOf(thrown);
  return NO_ROOM.has(codeOf(thrown)) || number === SQLITE_IOERR_SHMSIZE || primary(number) === SQLITE_FULL;
}

export function isBusy(thrown: unknown): boolean {
  return codeOf(thrown).startsWith('SQLITE_BUSY') || primary(numberOf(thrown)) === SQLITE_BUSY;
}

/** What is in the file is no database, or not a whole one. */
export function isDamage(thrown: unknown): boolean {
  const number = primary(numberOf(thrown));
  return number === SQLITE_CORRUPT || number === SQLITE_NOTADB || /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(thrown));
}

export function storageFailure(thrown: unknown): GollamaError {
  if (thrown instanceof GollamaError) return thrown;
  if (isFull(thrown))
    return new GollamaError('storage_full', 'there is no room left on the disk', {
      hint: 'make room on the disk of the data folder; it goes on by itself then',
      retryAfterS: 5,
      cause: thrown,
    });
  const hint = isDamage(thrown) ? 'stop gollama and restore its data folder from a copy' : undefined;
  return new GollamaError('storage_error', `the storage failed: ${messageOf(thrown)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: thrown,
  });
}

/** An error on its way from a thread. */
export interface PostedError {
  readonly code: GollamaError['code'];
  readonly message: string;
  readonly hint: string | undefined;
  readonly param: string | undefined;
  readonly retryAfterS: number | undefined;
}

export function postedError(thrown: unknown): PostedError {
  const { code, message, hint, param, retryAfterS } = toGollamaError(thrown);
  return { code, message, hint, param, retryAfterS };
}

export function receivedError({ code, message, hint, param, retryAfterS }: PostedError): GollamaError {
  return new GollamaError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(param === undefined ? {} : { param }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}

function codeOf(thrown: unknown): string {
  const code = member(thrown, 'code');
  return typeof code === 'string' ? code : '';
}

/** `rawCode` with libsql, `errcode` with node:sqlite. */
function numberOf(thrown: unknown): number {
  const number = member(thrown, 'rawCode') ?? member(thrown, 'errcode');
  return typeof number === 'number' ? number : 0;
}

/** The low byte of an extended code. */
function primary(number: number): number {
  return number & 0xff;
}

function member(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null ? (thrown as Record<string, unknown>)[name] : undefined;
}
