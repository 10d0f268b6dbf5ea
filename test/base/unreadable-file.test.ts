import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readText } from '../../bench/workload/dataset.js';
import { unreadableFile } from '../../src/base/unreadable-file.js';
import { readAttachment } from '../../src/chat/attachments.js';
import { readBatchFile } from '../../src/cli/batch-file.js';
import { atEnd, endAll } from '../support/ending.js';

afterEach(endAll);

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'unreadable-'));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function thrownAt(path: string): unknown {
  try {
    return readFileSync(path);
  } catch (thrown) {
    return thrown;
  }
}

it.each([
  ['missing', 'there is no such file'],
  ['', 'it is a folder'],
])('a file that cannot be read is told without the names of system calls: "%s"', (name, reason) => {
  const path = join(folder(), name);
  const thrown = thrownAt(path);
  expect(unreadableFile(path, thrown)).toMatchObject({
    code: 'usage',
    message: `cannot read ${path}: ${reason}`,
    cause: thrown,
  });
});

it('any other reason is told as it is, and a hint where there is one', () => {
  expect(unreadableFile('a', new Error('it is too large'), 'take another')).toMatchObject({
    message: 'cannot read a: it is too large',
    hint: 'take another',
  });
});

it.each<[string, (path: string) => Promise<unknown>]>([
  ['an attachment', (path) => readAttachment(path, { cwd: '/', home: '/' })],
  ['a batch', readBatchFile],
  ['a result or a workload', readText],
])('%s that is missing is told in the same words, with the same exit code', async (_what, read) => {
  const missing = join(folder(), 'missing');
  await expect(read(missing)).rejects.toMatchObject({
    message: `cannot read ${missing}: there is no such file`,
    exitCode: 2,
  });
  const there = folder();
  await expect(read(there)).rejects.toMatchObject({ message: `cannot read ${there}: it is a folder`, exitCode: 2 });
});
