import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { isNewEnough } from '../../../src/tasks/sqlite/create-driver.js';
import {
  isBusy,
  isDamage,
  postedError,
  receivedError,
  storageFailure,
} from '../../../src/tasks/sqlite/storage-failure.js';

const failure = (fields: object) => Object.assign(new Error('it failed'), fields);

describe('what a driver throws', () => {
  it.each([
    ['libsql', { code: 'SQLITE_FULL', rawCode: 13 }],
    ['node:sqlite', { code: 'ERR_SQLITE_ERROR', errcode: 13 }],
    ['libsql, for the index of the log', { code: 'SQLITE_IOERR', rawCode: 4874 }],
    ['the file system', { code: 'ENOSPC' }],
    ['the file system, for a quota', { code: 'EDQUOT' }],
  ])('is `storage_full` where there is no room (%s)', (_driver, fields) => {
    expect(storageFailure(failure(fields))).toMatchObject({ code: 'storage_full', retryable: true });
  });

  it.each([{ code: 'SQLITE_IOERR', rawCode: 10 }, { code: 'ERR_SQLITE_ERROR', errcode: 778 }, { code: 'EIO' }, {}])(
    'is `storage_error` otherwise (%j)',
    (fields) => {
      const error = storageFailure(failure(fields));
      expect(error).toMatchObject({ code: 'storage_error', message: 'the task store failed: it failed' });
    },
  );

  it('says what to do about a damaged file', () => {
    expect(storageFailure(failure({ code: 'SQLITE_CORRUPT', rawCode: 11 })).hint).toMatch(/restore/);
    expect(isDamage(failure({ code: 'ERR_SQLITE_ERROR', errcode: 26 }))).toBe(true);
    expect(isDamage(failure({ code: 'ERR_SQLITE_ERROR', errcode: 267 }))).toBe(true);
    expect(isDamage(failure({ code: 'SQLITE_FULL', rawCode: 13 }))).toBe(false);
  });

  it('is busy by either name', () => {
    expect(isBusy(failure({ code: 'SQLITE_BUSY' }))).toBe(true);
    expect(isBusy(failure({ code: 'ERR_SQLITE_ERROR', errcode: 261 }))).toBe(true);
    expect(isBusy(new Error('no'))).toBe(false);
  });

  it('keeps an error of ours as it is, also between threads', () => {
    const error = new GollamaError('conflict', 'taken', { hint: 'h', param: 'id', retryAfterS: 3 });
    expect(storageFailure(error)).toBe(error);
    expect(receivedError(structuredClone(postedError(error)))).toEqual(error);
  });
});

describe('the SQLite of Node', () => {
  it.each([
    ['3.51.3', true],
    ['3.51.10', true],
    ['3.52.0', true],
    ['4.0', true],
    ['3.51.2', false],
    ['3.9.9', false],
    ['undefined', false],
  ])('%s: new enough is %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});
