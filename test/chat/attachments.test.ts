import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { imageTypeOf, mentionsIn, readAttachment, resolvePath } from '../../src/chat/attachments.js';
import { atEnd, endAll } from '../support/ending.js';

afterEach(endAll);

function make() {
  const cwd = mkdtempSync(join(tmpdir(), 'attachments-'));
  atEnd(() => rmSync(cwd, { recursive: true, force: true }));
  const place = { cwd, home: join(cwd, 'home') };
  const write = (name: string, content: string | Buffer) => writeFileSync(join(cwd, name), content);
  return { cwd, place, write, read: (path: string, linesMax?: number) => readAttachment(path, place, { linesMax }) };
}

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('an attachment', () => {
  it('is text with its size and a guess at its tokens', async () => {
    const { cwd, write, read } = make();
    write('notes.md', 'näher\n'.repeat(100));
    expect(await read('notes.md')).toEqual({
      kind: 'text',
      path: join(cwd, 'notes.md'),
      file: { name: 'notes.md', text: 'näher\n'.repeat(100) },
      sizeBytes: 700,
      tokens: 175,
      isCut: false,
    });
  });

  it('is cut where only its first lines are wanted', async () => {
    const { write, read } = make();
    write('log.txt', 'a\nb\nc');
    expect(await read('log.txt', 2)).toMatchObject({ file: { text: 'a\nb\n' }, isCut: true, sizeBytes: 4 });
    expect(await read('log.txt', 3)).toMatchObject({ file: { text: 'a\nb\nc' }, isCut: false });
  });

  it('is read as UTF-16 where it says so, and without its mark', async () => {
    const { write, read } = make();
    write('little.txt', Buffer.from('\ufeffhi', 'utf16le'));
    write('big.txt', Buffer.from('feff00680069', 'hex'));
    write('utf8.txt', '\ufeffhi');
    for (const name of ['little.txt', 'big.txt', 'utf8.txt']) {
      expect(await read(name)).toMatchObject({ file: { text: 'hi' } });
    }
  });

  it('is an image by what is in it, whatever its name', async () => {
    const { cwd, write, read } = make();
    write('picture.txt', PNG);
    expect(await read('picture.txt')).toEqual({
      kind: 'image',
      path: join(cwd, 'picture.txt'),
      image: { name: 'picture.txt', mediaType: 'image/png', base64: PNG.toString('base64') },
      sizeBytes: 16,
    });
  });

  it.each([
    ['png', PNG, 'image/png'],
    ['jpeg', Buffer.from('ffd8ffe0', 'hex'), 'image/jpeg'],
    ['gif', Buffer.from('GIF89a....'), 'image/gif'],
    ['webp', Buffer.from('RIFF\x01\x02\n\x04WEBPVP8 ', 'latin1'), 'image/webp'],
    ['wave', Buffer.from('RIFF\x01\x02\n\x04WAVEfmt ', 'latin1'), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('is recognised as %s', (_what, bytes, type) => {
    expect(imageTypeOf(bytes)).toBe(type);
  });

  it('is refused where an image is wanted and it is none', async () => {
    const { write, place } = make();
    write('a.txt', 'alpha');
    write('b.txt', PNG);
    const refused = { code: 'usage', exitCode: 2, message: 'a.txt is no image' };
    await expect(readAttachment('a.txt', place, { isImage: true })).rejects.toMatchObject(refused);
    expect(await readAttachment('b.txt', place, { isImage: true })).toMatchObject({ kind: 'image' });
  });

  it.each<[string, Buffer]>([
    ['a NUL', Buffer.from('a\0b')],
    ['what is no UTF-8', Buffer.from([0x41, 0xff, 0xfe, 0x42])],
  ])('is refused with %s in it', async (_what, bytes) => {
    const { write, read } = make();
    write('x.bin', bytes);
    await expect(read('x.bin')).rejects.toMatchObject({
      code: 'usage',
      message: 'x.bin is neither text nor an image that models take',
    });
  });

  it('is refused where it is too large, by its size alone', async () => {
    const { cwd, write, read } = make();
    write('huge.log', 'x');
    truncateSync(join(cwd, 'huge.log'), 3 * 1024 ** 3);
    await expect(read('huge.log')).rejects.toThrow('huge.log is too large: 3072.0 MiB, at most 20.0 MiB');
    truncateSync(join(cwd, 'huge.log'), 9 * 1024 ** 2);
    await expect(read('huge.log')).rejects.toThrow('huge.log is too large: 9.0 MiB, at most 8.0 MiB');
  });

  it('is no folder, no device, no pipe, and not what is not there', async () => {
    const { cwd, read } = make();
    mkdirSync(join(cwd, 'folder'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(cwd, 'pipe')]);
    await expect(read('folder')).rejects.toThrow('cannot read folder: it is a folder');
    await expect(read('/dev/zero')).rejects.toThrow('cannot read /dev/zero: it is no regular file');
    await expect(read('pipe')).rejects.toThrow('cannot read pipe: it is no regular file');
    await expect(read('missing.txt')).rejects.toThrow('cannot read missing.txt: there is no such file');
  });

  it('is named from the folder one is in, or from the own home', () => {
    const place = { cwd: '/here', home: '/home/me' };
    expect(['a', '../a', '/a', '~/a', '~', '~other'].map((path) => resolvePath(path, place))).toEqual([
      '/here/a',
      '/a',
      '/a',
      '/home/me/a',
      '/home/me',
      '/here/~other',
    ]);
  });
});

describe('mentions of files', () => {
  it.each<[string, readonly string[]]>([
    ['look at @notes.md, please', ['notes.md']],
    ['@a.txt and (@b/c.txt) and @a.txt', ['a.txt', 'b/c.txt']],
    ['is it in @~/x.ts?', ['~/x.ts']],
    ['@"my file.txt"!', ['my file.txt']],
    ['write to me@example.org', []],
    ['@ nothing, @', []],
    ['a @\nb', []],
    ['@../up', ['../up']],
  ])('are found in %j', (text, paths) => {
    expect(mentionsIn(text).map(({ path }) => path)).toEqual(paths);
  });

  it('are told as they are written', () => {
    expect(mentionsIn('see @a.txt. and @"b c"').map(({ written }) => written)).toEqual(['@a.txt', '@"b c"']);
  });
});
