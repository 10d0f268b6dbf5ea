import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type MockOptions, MockServer } from '../../../bench/mock/server.js';
import type { Clock } from '../../../src/base/clock.js';
import { systemClock } from '../../../src/base/clock.js';
import { atEnd, endAll } from '../../support/ending.js';
import { ManualClock } from '../../support/manual-clock.js';

afterEach(endAll);

const FAST: MockOptions = {
  host: '127.0.0.1',
  port: 0,
  tokensPerSecond: null,
  ttftMs: 0,
  tokens: 3,
  tokensPerChunk: 1,
  chunkBytes: 0,
  stamps: false,
};

async function begin(options: Partial<MockOptions> = {}, clock: Clock = systemClock): Promise<MockServer> {
  const server = new MockServer({ ...FAST, ...options }, { clock, stampUs: () => 42 });
  atEnd(() => server.stop());
  await server.start();
  return server;
}

function ask(server: MockServer, body: object, path = '/v1/chat/completions'): Promise<Response> {
  return fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) });
}

async function events(answer: Response): Promise<string[]> {
  return (await answer.text()).split('\n\n').filter((event) => event !== '');
}

describe('the mock server', () => {
  it('streams the role, its tokens, a finish reason and [DONE]', async () => {
    const answer = await ask(await begin(), { stream: true });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const seen = await events(answer);
    expect(seen).toHaveLength(6);
    expect(seen[0]).toContain('"role":"assistant"');
    expect(seen.slice(1, 4).every((event) => event.includes('"content":"word "'))).toBe(true);
    expect(seen[4]).toContain('"finish_reason":"stop"');
    expect(seen[5]).toBe('data: [DONE]');
  });

  it('tells usage where it is asked for, and gives fewer tokens where fewer are wanted', async () => {
    const seen = await events(
      await ask(await begin(), { stream: true, max_tokens: 2, stream_options: { include_usage: true } }),
    );
    expect(seen.filter((event) => event.includes('word'))).toHaveLength(2);
    expect(seen.at(-3)).toContain('"finish_reason":"length"');
    expect(seen.at(-2)).toContain('"completion_tokens":2');
  });

  it.each([1, 2, 3, 100, 101])('counts %d tokens in chunks of three', async (tokens) => {
    const seen = await events(await ask(await begin({ tokens, tokensPerChunk: 3 }), { stream: true }));
    expect(seen.filter((event) => event.includes('word word word '))).toHaveLength(Math.ceil(tokens / 3));
  });

  it('ends a stream without tokens in good order', async () => {
    const seen = await events(await ask(await begin({ tokens: 0 }), { stream: true }));
    expect(seen).toHaveLength(3);
    expect(seen.join('')).not.toContain('word');
  });

  it('stamps every event where it is told to', async () => {
    const seen = await events(await ask(await begin({ stamps: true }), { stream: true }));
    expect(seen.filter((event) => event.includes('"content":"0000000000000042 "'))).toHaveLength(3);
  });

  it('answers whole, completions and embeddings too', async () => {
    const server = await begin();
    const [chat, completion, embedding] = await Promise.all([
      ask(server, { messages: [] }),
      ask(server, { prompt: 'a b' }, '/v1/completions'),
      ask(server, { input: ['a', 'b'] }, '/v1/embeddings'),
    ]).then((answers) => Promise.all(answers.map((answer) => answer.json())));
    expect(chat).toMatchObject({
      choices: [{ message: { content: 'word word word ' } }],
      usage: { completion_tokens: 3 },
    });
    expect(completion).toMatchObject({ choices: [{ text: 'word word word ' }], usage: { prompt_tokens: 2 } });
    expect(embedding).toMatchObject({ data: [{ index: 0 }, { index: 1 }] });
  });

  it('tells its health and its model, and of nothing else', async () => {
    const { url } = await begin();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ data: [{ id: 'mock' }] });
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/v1/other`, { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await fetch(`${url}/v1/completions`, { method: 'POST', body: 'x' })).status).toBe(400);
  });

  it('sends each token when it is due, and not before', async () => {
    const clock = new ManualClock();
    const server = await begin({ tokensPerSecond: 50, ttftMs: 100 }, clock);
    const answer = await ask(server, { stream: true });
    const reader = answer.body!.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    const first = next();
    clock.advance(99);
    // Had it been sent too early, it would come before what is asked now.
    expect(await Promise.race([first, fetch(`${server.url}/health`).then(() => 'nothing')])).toBe('nothing');
    clock.advance(1);
    expect(await first).toContain('word');
    const second = next();
    clock.advance(19);
    expect(await Promise.race([second, fetch(`${server.url}/health`).then(() => 'nothing')])).toBe('nothing');
    clock.advance(1);
    expect(await second).toContain('word');
    clock.advance(20);
    expect(await next()).toContain('[DONE]');
    expect(clock.timers).toBe(0);
  });

  it('serves one request after the other on a connection, and closes it where it is told to', async () => {
    const server = await begin({ tokens: 1 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const request = (headers: string) =>
      `POST /v1/chat/completions HTTP/1.1\r\n${headers}content-length: 15\r\n\r\n{"stream":true}`;
    socket.write(request('') + request('connection: close\r\n'));
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(text.endsWith('0\r\n\r\n')).toBe(true);
    expect(server.requests).toBe(2);
  });

  it('breaks every connection when it dies, and takes no more', async () => {
    const clock = new ManualClock();
    const server = await begin({ tokensPerSecond: 50, diesAtRequest: 2 }, clock);
    const first = await ask(server, { stream: true });
    await expect(ask(server, { stream: true })).rejects.toThrow();
    await expect(first.text()).rejects.toThrow();
    await server.died;
    await expect(ask(server, {})).rejects.toThrow();
  });

  it('says so where it cannot listen, and stops twice', async () => {
    const server = await begin();
    await expect(begin({ port: Number(new URL(server.url).port) })).rejects.toMatchObject({ code: 'configuration' });
    await server.stop();
    await server.stop();
  });
});
