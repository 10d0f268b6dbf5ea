/** The slash commands of `gollama chat`, as the real program carries them out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, atPrompt, chatSetting, command, lastMessage, messagesOf } from '../support/chat-at-terminal.js';
import { endAll } from '../support/ending.js';

afterEach(endAll);

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('commands of a chat', () => {
  it('change what was said: /retry, /undo, /edit, /compact, /clear', async () => {
    const { upstream, place, start, say } = await chatSetting();
    const editor = place.write('editor.sh', '#!/bin/sh\nprintf "edited question\\n" > "$1"\n', 0o755);
    const pty = await start([], { env: { EDITOR: editor }, rows: 40 });
    await say(pty, 'one\r', 'first answer');
    await say(pty, 'two\r', 'second answer');
    const retried = await say(pty, '/retry\r', 'another answer');
    expect(messagesOf(retried).map(({ content }) => content)).toEqual(['one', 'first answer', 'two']);
    await command(pty, '/undo', 'dropped 1 turn, 1 left');
    const edited = await say(pty, '/edit\r', 'edited answer');
    expect(messagesOf(edited)).toEqual([{ role: 'user', content: 'edited question' }]);
    pty.type('/compact\r');
    const summed = await upstream.next();
    expect(lastMessage(summed)).toMatch(/^Summarise our conversation/);
    answer(summed, 'they talked');
    await pty.shows('1 turn became a summary');
    await atPrompt(pty);
    const next = await say(pty, 'go on\r', 'well');
    expect(messagesOf(next)[0]).toEqual({
      role: 'system',
      content: 'Summary of the conversation so far:\nthey talked',
    });
    await command(pty, '/clear', /a new conversation, session s-\w+ {2}\(the one before: \/sessions s-/);
    const fresh = await say(pty, 'hello\r', 'hi');
    expect(messagesOf(fresh)).toEqual([{ role: 'user', content: 'hello' }]);
  });

  it('set what goes along: /model, /system, /set, /file, /image', async () => {
    const { place, start, say } = await chatSetting();
    place.write('notes.md', 'remember the milk\n');
    place.write('dot.png', '');
    const image = join(place.cwd, 'dot.png');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(image, PNG);
    const pty = await start(['-o', 'top_p=0.5'], { rows: 40 });
    pty.type('/model\r');
    await pty.shows('number or name:');
    pty.type('2\r');
    await pty.shows('other answers from now on');
    await atPrompt(pty);
    await command(pty, '/system you are terse', 'the system text is set');
    await command(pty, '/set temprature 0.2', 'did you mean temperature?');
    await command(pty, '/set temperature 0.2', 'temperature is 0.2');
    await command(pty, '/file notes.md', 'attached notes.md (18 B, ~5 tok)');
    await command(pty, '/image dot.png', 'attached dot.png');
    const call = await say(pty, 'what is this?\r', 'a dot');
    expect(call.json).toMatchObject({ model: 'other', temperature: 0.2, top_p: 0.5 });
    const [system, question] = messagesOf(call);
    expect(system).toEqual({ role: 'system', content: 'you are terse' });
    expect(question?.content).toEqual([
      { type: 'text', text: '<file name="notes.md">\nremember the milk\n</file>\n\nwhat is this?' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG.toString('base64')}` } },
    ]);
    const next = await say(pty, 'and now?\r', 'nothing');
    expect(lastMessage(next)).toBe('and now?');
  });

  it('copy, tell and export: /copy, /stats, /info, /title, /save, /history', async () => {
    const { place, start, say } = await chatSetting();
    const pty = await start([], { rows: 50 });
    await say(pty, 'code please\r', 'Here:\n\n```py\nprint(1)\n```\n');
    await command(pty, '/copy code', 'copied code (py), 9 B, if the terminal allows it');
    expect(pty.written).toContain(`\x1b]52;c;${Buffer.from('print(1)\n').toString('base64')}\x07`);
    await command(pty, '/copy', 'copied the last answer (raw Markdown)');
    await command(pty, '/title 你好', ': 你好');
    await command(pty, '/stats', '1 answer');
    await command(pty, '/info', /session +s-\w+ "你好"/);
    await command(pty, '/history please', 'code please');
    await command(pty, '/save talk.md', 'wrote 1 turn to talk.md');
    expect(readFileSync(join(place.cwd, 'talk.md'), 'utf8')).toContain('## m\n\nHere:\n\n```py');
    await command(pty, '/save talk.md', 'cannot write talk.md');
    await command(pty, '/sessions', /s-\w+ +just now +1 turn +m +你好 {2}\* now/);
    pty.type('/bye\r');
    expect((await pty.ended).code).toBe(0);
  });

  it('-c goes on with the last session, -r with that one, and both know what was said', async () => {
    const { start, say } = await chatSetting();
    const first = await start();
    await say(first, 'my name is Ann\r', 'hello Ann');
    first.type('\x04');
    await first.ended;
    const [, id = ''] = /gollama chat -r (s-\w+)/.exec(first.screen.everything.join('\n')) ?? [];
    for (const args of [['-c'], ['-r', id]]) {
      const again = await start(args);
      const call = await say(again, 'who am I?\r', 'Ann');
      expect(messagesOf(call).slice(0, 2)).toEqual([
        { role: 'user', content: 'my name is Ann' },
        { role: 'assistant', content: 'hello Ann' },
      ]);
      again.type('\x04');
      await again.ended;
    }
  });
});
