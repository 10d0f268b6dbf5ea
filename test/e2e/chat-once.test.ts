/** `gollama chat` on pipes: one answer, and nothing else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, chatSetting, lastMessage } from '../support/chat-at-terminal.js';
import { endAll } from '../support/ending.js';
import { gollama, RUN_JS } from '../support/gollama-process.js';

afterEach(endAll);

describe('gollama chat on pipes', () => {
  it('prints the text alone, and takes what is piped in behind the prompt', async () => {
    const { upstream, url, place } = await chatSetting();
    const ended = gollama(['chat', 'write a commit message'], { place, env: { GOLLAMA_URL: url }, stdin: '+ line\n' });
    const call = await upstream.next();
    expect(lastMessage(call)).toBe('write a commit message\n\n+ line');
    call.beginStream();
    call.say('<think>hm, a diff</think>\n\nAdd **a line**');
    call.say('\n\n');
    call.endStream();
    expect(await ended).toMatchObject({ code: 0, stdout: 'Add **a line**\n', stderr: '' });
  });

  it('with --json prints one object, with the reasoning apart', async () => {
    const { upstream, url, place } = await chatSetting();
    const ended = gollama(['chat', '2+2?', '--json'], { place, env: { GOLLAMA_URL: url } });
    answer(await upstream.next(), '<think>easy</think>4');
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      model: 'm',
      text: '4',
      reasoning: 'easy',
      usage: null,
      timing: { queueMs: expect.any(Number), ttftMs: expect.any(Number), tokensPerSecond: null },
      finishReason: 'stop',
      session: null,
    });
  });

  it('without anything to ask is a mistake of usage', async () => {
    const { url, place } = await chatSetting();
    const { code, stdout, stderr } = await gollama(['chat'], { place, env: { GOLLAMA_URL: url }, stdin: ' \n' });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('no prompt: stdin is empty and not a terminal');
    expect(stderr).toContain('gollama chat "your question"');
  });

  it('keeps the session that it goes on with, and no other', async () => {
    const { upstream, url, place } = await chatSetting();
    const env = { GOLLAMA_URL: url };
    expect((await gollama(['chat', 'hi', '-c'], { place, env })).code).toBe(5);
    expect((await gollama(['chat', 'hi', '-m', 'othr'], { place, env })).stderr).toContain('did you mean other?');
    expect(upstream.count).toBe(0);
  });

  it('takes its question back where its terminal was closed, and is ended by that', async () => {
    const { upstream, url, place } = await chatSetting();
    const child = spawn(process.execPath, [RUN_JS, 'chat', 'tell me'], {
      cwd: place.cwd,
      env: { PATH: process.env.PATH, HOME: place.home, GOLLAMA_URL: url },
      stdio: 'ignore',
    });
    const call = await upstream.next();
    call.beginStream();
    child.kill('SIGHUP');
    child.kill('SIGHUP');
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGHUP');
    await call.abandoned;
  });

  it.skipIf(!existsSync('/dev/full'))('says so where its answer cannot be written', async () => {
    const { upstream, url, place } = await chatSetting();
    const child = spawn(process.execPath, [RUN_JS, 'chat', 'tell me'], {
      cwd: place.cwd,
      env: { PATH: process.env.PATH, HOME: place.home, GOLLAMA_URL: url },
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let told = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    answer(await upstream.next(), 'hello');
    const [code] = await once(child, 'close');
    expect([code, told.split('\n')[0]]).toEqual([
      1,
      expect.stringMatching(/^error: the answer cannot be written: ENOSPC/),
    ]);
  });

  it('Ctrl+C ends it with 130, and what came of the answer was printed', async () => {
    const { upstream, url, place } = await chatSetting();
    const child = spawn(process.execPath, [RUN_JS, 'chat', 'tell me'], {
      cwd: place.cwd,
      env: { PATH: process.env.PATH, HOME: place.home, GOLLAMA_URL: url },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const call = await upstream.next();
    call.beginStream();
    call.say('Once upon');
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if (shown === 'Once upon') child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    expect([code, shown]).toEqual([130, 'Once upon\n']);
    await call.abandoned;
  });

  it('a failed answer ends it with 1', async () => {
    const { upstream, url, place } = await chatSetting();
    const ended = gollama(['chat', 'tell me'], { place, env: { GOLLAMA_URL: url } });
    const call = await upstream.next();
    call.answer(500, { error: { message: 'out of memory', type: 'server_error' } });
    const { code, stdout, stderr } = await ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('out of memory');
  });
});
