/** What only a terminal shows of `gollama chat`: keys, the screen, the end. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, atPrompt, chatSetting, command, lastMessage } from '../support/chat-at-terminal.js';
import { endAll } from '../support/ending.js';

afterEach(endAll);

/** A terminal with the first words of an answer that goes on. */
async function halfAnswered() {
  const { upstream, start } = await chatSetting();
  const pty = await start();
  pty.type('tell me\r');
  const call = await upstream.next();
  call.beginStream();
  call.say('Once upon');
  await pty.shows('Once upon');
  return { start, pty, call };
}

describe('a chat at a terminal', () => {
  it('answers, renders, keeps the session, and tells how to come back', async () => {
    const { upstream, place, start } = await chatSetting();
    const pty = await start();
    expect(pty.screen.shown[0]).toMatch(/^· m at 127\.0\.0\.1:\d+ · session s-\w{3} \(new\) · \/help, Ctrl\+D/);
    pty.type('你好，what is **fsync**?\r');
    const call = await upstream.next();
    expect(lastMessage(call)).toBe('你好，what is **fsync**?');
    call.beginStream();
    call.say('It is **importa');
    await pty.shows('It is **importa');
    call.say('nt**: 刷新到磁盘。\n\n```js\nconst a = 1;\n```\n\nDone');
    call.endStream();
    await atPrompt(pty);
    expect(pty.screen.shown).toContain('It is important: 刷新到磁盘。');
    expect(pty.screen.shown).toContain('  const a = 1;');
    expect(pty.screen.shown.join('\n')).not.toContain('```');
    await pty.shows(/· (\d+ tok|ttft \d+)/);
    pty.type('\x04');
    await pty.shows(/session saved: gollama chat -r s-\w{3} {3}\(or: gollama chat -c\)/);
    expect(await pty.ended).toEqual({ code: 0, signal: 0 });
    const folder = join(place.home, '.local', 'state', 'gollama', 'sessions');
    const [file = ''] = readdirSync(folder);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toMatchObject({ model: 'm', revision: 1 });
    expect(pty.screen.modes.has('2004')).toBe(false);
  });

  it('takes several lines: a paste, Alt+Enter, a block in quotes, a backslash', async () => {
    const { start, say } = await chatSetting();
    const pty = await start();
    const told = async (typed: string) => lastMessage(await say(pty, typed, 'ok'));
    expect(await told('\x1b[200~one\r\ntwo\r\n/three\x1b[201~\r')).toBe('one\ntwo\n/three');
    expect(await told('one\x1b\rtwo\r')).toBe('one\ntwo');
    expect(await told('"""\rfirst\rsecond\r"""\r')).toBe('first\nsecond');
    expect(await told('begin\\\rend\r')).toBe('begin\nend');
  });

  it('Ctrl+C stops the answer and keeps the part, clears a line, and leaves when pressed twice', async () => {
    const { upstream, start, say } = await chatSetting();
    const pty = await start();
    pty.type('tell me\r');
    const call = await upstream.next();
    call.beginStream();
    call.say('Once upon a time');
    await pty.shows('Once upon a time');
    pty.type('\x03');
    await call.abandoned;
    await pty.shows(/\[stopped\].*kept in the session/);
    await atPrompt(pty);
    const more = await say(pty, '/continue\r', ' there was a king.');
    expect(JSON.stringify(more.json.messages)).toContain('Once upon a time');
    pty.type('half a line\x03');
    await pty.shows('half a line^C');
    await atPrompt(pty);
    pty.type('\x03');
    await pty.shows('Ctrl+C once more leaves');
    pty.type('\x03');
    expect(await pty.ended).toEqual({ code: 130, signal: 0 });
  });

  it('an answer longer than the screen stays whole, also when the window gets another size in its midst', async () => {
    const { upstream, start } = await chatSetting();
    const pty = await start([], { columns: 40, rows: 10 });
    pty.type('count\r');
    const call = await upstream.next();
    call.beginStream();
    for (let line = 1; line <= 12; line++) call.say(`第${line}行 of the text\n\n`);
    await pty.shows('第12行');
    pty.resize(60, 8, 'reflow');
    for (let line = 13; line <= 20; line++) call.say(`- item **${line}**\n`);
    call.endStream();
    await atPrompt(pty);
    const all = pty.screen.everything;
    const lines = [
      ...Array.from({ length: 12 }, (_, at) => `第${at + 1}行 of the text`),
      ...Array.from({ length: 8 }, (_, at) => `• item ${at + 13}`),
    ];
    expect(all.filter((row) => /of the text|item/.test(row))).toEqual(lines);
  });

  it('what is typed into an answer waits for the next prompt; Tab completes; a wrong command is not sent', async () => {
    const { upstream, place, start } = await chatSetting();
    place.write('notes.md', 'remember the milk\n');
    const pty = await start();
    pty.type('first\r');
    const call = await upstream.next();
    call.beginStream();
    pty.type('second\r');
    call.say('one');
    call.endStream();
    const next = await upstream.next();
    expect(lastMessage(next)).toBe('second');
    answer(next, 'two');
    await atPrompt(pty);
    pty.type('/mod\t');
    await pty.until('for the command', () => pty.screen.shown.at(-1) === '> /model');
    pty.type('ot\t\r');
    await pty.shows('other answers from now on, 4 messages kept');
    await command(pty, '/mdl', 'unknown command /mdl: did you mean /model?');
    pty.type('look at @no\t');
    await pty.until('for the path', () => pty.screen.shown.at(-1) === '> look at @notes.md');
    pty.type('please\r');
    await pty.shows('attach notes.md (18 B, ~5 tok)?');
    await pty.until('for the answer', () => pty.screen.shown.at(-1) === '[Y/n]');
    pty.type('\r');
    const asked = await upstream.next();
    expect(asked.json.model).toBe('other');
    expect(lastMessage(asked)).toBe('<file name="notes.md">\nremember the milk\n</file>\n\nlook at @notes.md please');
    answer(asked, 'done');
    await atPrompt(pty);
    expect(upstream.count).toBe(3);
  });

  it('writes no colour with NO_COLOR, and no code at all to a dumb terminal', async () => {
    const { start, say } = await chatSetting();
    const text = '# Title\n\n**bold** `code`\n\n```js\nlet a = 1;\n```\n';
    const pty = await start([], { env: { NO_COLOR: '1' } });
    await say(pty, 'hi\r', text);
    pty.type('\x04');
    expect((await pty.ended).code).toBe(0);
    expect(pty.written).not.toMatch(/\x1b\[[\d;]*m/);
    expect(pty.written).toContain('bold `code`');
    const dumb = await start([], { env: { TERM: 'dumb' } });
    await say(dumb, 'hi\r', text);
    dumb.type('\x04');
    expect((await dumb.ended).code).toBe(0);
    expect(dumb.written).not.toContain('\x1b');
    expect(dumb.written).toContain('**bold** `code`');
  });

  it('that is closed takes back what was asked, keeps what there is of it, and ends the program', async () => {
    const { start, pty, call } = await halfAnswered();
    pty.hangUp();
    await call.abandoned;
    expect(await pty.ended).toMatchObject({ signal: 1 });
    const again = await start(['-c']);
    expect(again.screen.shown.join(' ').replace(/\s+/g, ' ')).toContain('1 turn, the last one [stopped]: "tell me"');
  });

  it('ends when it is told to, and keeps what there is of the answer', async () => {
    const { start, pty, call } = await halfAnswered();
    process.kill(pty.pid, 'SIGTERM');
    await call.abandoned;
    expect(await pty.ended).toEqual({ code: 143, signal: 0 });
    expect(pty.screen.modes.has('2004')).toBe(false);
    const again = await start(['-c']);
    expect(again.screen.shown.join(' ').replace(/\s+/g, ' ')).toContain('1 turn, the last one [stopped]: "tell me"');
  });
});
