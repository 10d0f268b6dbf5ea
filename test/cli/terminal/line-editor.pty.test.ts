/** The line editor at a real terminal, in a process of its own. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll } from '../../support/ending.js';
import { makePlace } from '../../support/place.js';
import { Pty, type PtyOptions } from '../../support/pty.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = ['--import', 'tsx', `${ROOT}test/support/line-editor-program.mjs`];

afterEach(endAll);

async function begin(options: PtyOptions = {}): Promise<Pty> {
  const pty = Pty.start(process.execPath, PROGRAM, { cwd: ROOT, ...options });
  await pty.until('for the prompt', () => pty.screen.shown.at(-1) === '>');
  return pty;
}

/** Under a shell with job control, as a person runs it; `$ ` is its prompt. */
async function beginInShell(): Promise<Pty> {
  const pty = Pty.start('/bin/sh', ['-i'], { cwd: ROOT, env: { PS1: '$ ', ENV: '' } });
  await pty.shows('$');
  pty.type(`${process.execPath} ${PROGRAM.join(' ')}\r`);
  await pty.until('for the prompt', () => pty.screen.shown.at(-1) === '>');
  return pty;
}

/** What the shell says about the terminal. */
async function modes(pty: Pty): Promise<string> {
  pty.type('stty -a; echo done-$((1+1))\r');
  await pty.shows('done-2');
  return pty.screen.everything.join(' ');
}

const result = (value: object) => `=> ${JSON.stringify(value)}`;
const line = (text: string) => result({ kind: 'line', text });

describe('at a terminal', () => {
  it('lines are edited, pasted, recalled, and ended', async () => {
    const pty = await begin();
    expect(pty.screen.modes.has('2004')).toBe(true);
    pty.type('hello wrld\x1b[D\x1b[D\x1b[Do\r');
    await pty.shows(line('hello world'));
    pty.type('\x1b[200~a\r\nb\x1b[201~\r');
    await pty.shows(line('a\nb'));
    pty.type('\x1b[A\x1b[A\x1b[A\r');
    await pty.until('for the first line again', () => pty.written.split(line('hello world')).length === 3);
    pty.type('half\x03');
    await pty.shows(result({ kind: 'interrupt', wasEmpty: false }));
    pty.type('\x04');
    await pty.shows(result({ kind: 'end' }));
    expect(await pty.ended).toEqual({ code: 0, signal: 0 });
    expect(pty.screen.modes.has('2004')).toBe(false);
  });

  it('wide characters that do not fit go to the next row', async () => {
    const pty = await begin({ columns: 11, rows: 10 });
    pty.type('你好世界朋友');
    await pty.until('for the second row', () => pty.screen.shown.length > 1);
    expect(pty.screen.shown).toEqual(['> 你好世界', '朋友']);
    pty.type('\x7f\x7f');
    await pty.until('for one row', () => pty.screen.shown.length === 1);
    expect(pty.screen.shown).toEqual(['> 你好世界']);
  });

  it('a paste of a megabyte does not stall', async () => {
    const pty = await begin();
    pty.type(`\x1b[200~${'sixteen letters\r\n'.repeat(60_000)}\x1b[201~`);
    await pty.shows('[1: 960,000 characters, 60,001 lines]');
    pty.type('!\r');
    await pty.shows(line('960001 characters'));
  });

  it('an answer is stopped by Ctrl+C, and what was typed into it is the next line', async () => {
    const pty = await begin();
    pty.type('answer\r');
    await pty.shows('answering');
    pty.type('typed ahead');
    pty.type('\x03');
    await pty.shows('> typed ahead');
    expect(pty.screen.everything).toEqual(['> answer', line('answer'), 'answering', 'stopped', '> typed ahead']);
  });

  it.each(['reflow', 'cut'] as const)('another size of the window leaves what stands above (%s)', async (how) => {
    const pty = await begin({ columns: 60, rows: 12 });
    pty.type('1\r');
    await pty.shows(line('1'));
    pty.type('a line that is longer than half of the window is wide\x1b\rand a second');
    await pty.shows('… and a second');
    for (const columns of [30, 70]) {
      const before = pty.written.length;
      pty.resize(columns, 12, how);
      await pty.until('to be drawn again', () => pty.written.includes('and a second', before));
      expect(pty.screen.everything[0]).toBe('> 1');
      expect(pty.screen.everything[1]).toBe(line('1'));
      expect(pty.screen.shown.at(-1)).toBe('… and a second');
    }
  });

  it('the text goes to an editor and comes back to the line', async () => {
    const place = makePlace();
    const editor = place.write('editor.sh', '#!/bin/sh\nread answer\necho "$answer and $(cat "$1")" > "$1"\n', 0o755);
    const pty = await begin({ env: { EDITOR: `'${editor}'` } });
    pty.type('draft\x07');
    await pty.shows(result({ kind: 'edit', text: 'draft' }));
    await pty.until('for the terminal to be lent', () => !pty.screen.modes.has('2004'));
    pty.type('typed in the editor\r');
    await pty.shows('> typed in the editor and draft');
    pty.type('\r');
    await pty.shows(line('typed in the editor and draft'));
  });
});

describe('the terminal is as it was', () => {
  it.each([
    ['throws', 'throw\r', 'thrown on purpose'],
    ['exits', 'exit\r', '=> '],
    ['ends', '\x04', '=> '],
  ])('after a program that %s', async (_how, typed, shown) => {
    const pty = await beginInShell();
    expect(pty.screen.modes.has('2004')).toBe(true);
    pty.type(typed);
    await pty.shows(shown);
    await pty.until('for the shell', () => pty.screen.shown.at(-1) === '$');
    expect(await modes(pty)).toMatch(/(?<!-)icanon.* (?<!-)echo /);
    expect(pty.screen.modes.has('2004')).toBe(false);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('after %s', async (signal) => {
    const pty = await begin();
    process.kill(pty.pid, signal);
    expect((await pty.ended).signal).toBe({ SIGTERM: 15, SIGHUP: 1 }[signal]);
    expect(pty.screen.modes.has('2004')).toBe(false);
  });

  it('while the program is stopped by Ctrl+Z, and the line is there again after fg', async () => {
    const pty = await beginInShell();
    pty.type('half\x1a');
    await pty.shows(/Stopped/);
    expect(await modes(pty)).toMatch(/(?<!-)icanon.* (?<!-)echo /);
    expect(pty.screen.modes.has('2004')).toBe(false);
    pty.type('fg\r');
    await pty.until('for the line', () => pty.screen.shown.at(-1) === '> half');
    expect(pty.screen.modes.has('2004')).toBe(true);
    pty.type('!\r');
    await pty.shows(line('half!'));
  });
});
