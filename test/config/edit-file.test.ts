import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFile, replaceFile } from '../../src/config/edit-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gollama-edit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...names: string[]) => join(folder, ...names);
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('a new file is for its user alone, and so are the folders made for it', async () => {
  await createFile(at('a', 'b', 'c.yaml'), 'x\n');
  expect([readFileSync(at('a', 'b', 'c.yaml'), 'utf8'), mode(at('a', 'b', 'c.yaml')), mode(at('a', 'b'))]).toEqual([
    'x\n',
    '600',
    '700',
  ]);
});

test('a file that is there is not made anew', async () => {
  writeFileSync(at('c.yaml'), 'old');
  await expect(createFile(at('c.yaml'), 'x')).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('--force'),
  });
  expect(readFileSync(at('c.yaml'), 'utf8')).toBe('old');
});

test('a file that is replaced keeps its mode, and leaves nothing beside it', async () => {
  writeFileSync(at('c.yaml'), 'old');
  chmodSync(at('c.yaml'), 0o640);
  await replaceFile(at('c.yaml'), 'new', 'old');
  expect([readFileSync(at('c.yaml'), 'utf8'), mode(at('c.yaml')), readdirSync(folder)]).toEqual([
    'new',
    '640',
    ['c.yaml'],
  ]);
});

test('a link stays a link: what it leads to is replaced', async () => {
  mkdirSync(at('dotfiles'));
  writeFileSync(at('dotfiles', 'c.yaml'), 'old');
  symlinkSync(at('dotfiles', 'c.yaml'), at('c.yaml'));
  await replaceFile(at('c.yaml'), 'new', 'old');
  expect([lstatSync(at('c.yaml')).isSymbolicLink(), readFileSync(at('dotfiles', 'c.yaml'), 'utf8')]).toEqual([
    true,
    'new',
  ]);
});

test('what somebody else wrote meanwhile is not lost', async () => {
  writeFileSync(at('c.yaml'), 'theirs');
  await expect(replaceFile(at('c.yaml'), 'new', 'old')).rejects.toMatchObject({ code: 'conflict' });
  expect([readFileSync(at('c.yaml'), 'utf8'), readdirSync(folder)]).toEqual(['theirs', ['c.yaml']]);
});

test('a place that cannot be written is told', async () => {
  writeFileSync(at('file'), '');
  await expect(createFile(at('file', 'c.yaml'), 'x')).rejects.toMatchObject({ code: 'configuration' });
});
