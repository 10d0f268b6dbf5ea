/** `gollama chat` and the server behind it: killed and started again, started by the chat itself, or not there. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { answer, atPrompt, startChat } from '../support/chat-at-terminal.js';
import { atEnd, endAll } from '../support/ending.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { GollamaProcess, gollama, RUN_JS } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';
import { kill, RECOVERY_PATIENCE_MS, recoverable } from '../support/recoverable.js';

afterEach(endAll);

describe('a chat', () => {
  it(
    'goes on with its answer after the server was killed and started again',
    async () => {
      const { upstream, place, config } = await recoverable();
      const port = String(await findFreePort());
      const args = ['serve', '-c', config, '--port', port, '--data-dir', place.dataDir, '--log-level', 'debug'];
      const serve = async () => {
        const started = GollamaProcess.start(args, { place });
        await started.ready();
        return started;
      };
      const first = await serve();
      const pty = startChat(place, [], { env: { GOLLAMA_URL: first.url }, columns: 100 });
      await atPrompt(pty);
      pty.type('tell me\r');
      const cut = await upstream.next();
      cut.beginStream();
      cut.say('Once upon a time');
      await pty.shows('Once upon a time');
      await kill(first);
      await pty.shows('the connection broke; the answer is followed as soon as the server is back');
      await serve();
      answer(await upstream.next(), 'Once there was **a king**.');
      await atPrompt(pty);
      const shown = pty.screen.everything.join('\n');
      expect(shown).toMatch(/begun again; all of it:\nOnce there was a king\.\n/);
      pty.type('\x04');
      expect((await pty.ended).code).toBe(0);
    },
    RECOVERY_PATIENCE_MS,
  );

  it('talks to any OpenAI-compatible server', async () => {
    const upstream = await FakeUpstream.start({ models: ['theirs'] });
    const place = makePlace();
    const pty = startChat(place, [], { env: { GOLLAMA_URL: upstream.url } });
    await atPrompt(pty);
    expect(pty.screen.shown[0]).toContain(`theirs at 127.0.0.1:${upstream.port}`);
    pty.type('hello\r');
    const call = await upstream.next();
    expect(call.json).toMatchObject({ model: 'theirs', stream: true });
    answer(call, 'good **day**');
    await atPrompt(pty);
    expect(pty.screen.shown).toContain('good day');
  });

  it('offers to start a server where none is, and stops it at the end', async () => {
    const place = makePlace();
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const pty = startChat(place, ['-o', 'num_predict=5'], { env: { GOLLAMA_URL: url } });
    await pty.shows('start one here, until this chat ends?');
    await pty.until('for the answer', () => pty.screen.shown.at(-1) === '[Y/n]');
    pty.type('\r');
    await atPrompt(pty);
    const shown = pty.screen.everything.join(' ');
    expect(shown).toContain(`· sim at ${new URL(url).host}`);
    expect(shown).toContain('no engine is configured: the built-in simulated one answers');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    pty.type('hello\r');
    await pty.shows(/· 5 tok · [\d.]+ tok\/s · ttft/);
    pty.type('\x04');
    expect((await pty.ended).code).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('serves at another port where its own is taken by something else', async () => {
    const other = createServer((_, response) => response.end('not a language model')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    atEnd(() => other.close());
    const place = makePlace();
    const { port } = other.address() as AddressInfo;
    const env = { GOLLAMA_URL: `127.0.0.1:${port}` };
    const { code, stdout, stderr } = await gollama(['chat', 'hi', '--serve', '-o', 'num_predict=3'], { place, env });
    expect([code, stderr]).toEqual([0, expect.stringContaining('[length]')]);
    expect(stdout.trim().split(/\s+/)).toHaveLength(3);
  });

  it('loads a model file in a server of its own, and ends both', async () => {
    const place = makePlace();
    place.write('tiny.gguf', 'GGUF and so on');
    const quick = 'simulate --ttft-ms 1 --token-ms 1';
    const bin = place.write('llama-server', `#!/bin/sh\nexec ${process.execPath} ${RUN_JS} ${quick} "$@"\n`, 0o755);
    const env = { GOLLAMA_LLAMA_SERVER: bin, GOLLAMA_SERVER_ADDR: `127.0.0.1:${await findFreePort()}` };
    const { code, stdout, stderr } = await gollama(['chat', 'hi', '-m', 'tiny.gguf', '--json'], { place, env });
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ finishReason: 'stop', usage: { completion: 64 } });
    const gone = await gollama(['chat', 'hi', '-m', 'tny.gguf'], { place, env });
    expect([gone.code, gone.stderr]).toEqual([5, expect.stringContaining('in that folder: tiny.gguf')]);
  });

  it('does not ask where there is no terminal: it says what to do, and ends with 3', async () => {
    const env = { GOLLAMA_URL: `127.0.0.1:${await findFreePort()}` };
    const { code, stdout, stderr } = await gollama(['chat', 'hi'], { env });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('gollama chat --serve');
  });
});
