import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type ChatServer, chooseAnswers } from '../../src/chat/choose-answers.js';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { atEnd, endAll } from '../support/ending.js';
import { startApp } from '../support/start-app.js';
import { QUESTION, Told } from './told.js';

afterEach(endAll);

const SIMULATED = 'engines: [{kind: simulated, name: sim, models: [sim], ttft: 20ms, token_time: 20ms}]\n';

/** Answers those pages, and 404 to all others. */
async function serverWith(pages: Readonly<Record<string, unknown>>, status = 404): Promise<string> {
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    response.writeHead(page === undefined ? status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(page ?? { error: { message: 'not for you', code: status } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const MODELS = { data: [{ id: 'a' }, { id: 'b' }] };
const ask = (server: ChatServer, stop = new AbortController(), content = 'hi') =>
  new Told(
    server.answers.ask(
      { ...QUESTION, model: 'sim', messages: [{ role: 'user', content }], options: { num_predict: 40 } },
      stop.signal,
    ),
  );

describe('what is at an address', () => {
  it('is a gollama server: answers are durable tasks, and the engines tell their models and contexts', async () => {
    const { app, url } = await startApp(SIMULATED);
    const server = await chooseAnswers({ server: `${url}/v1` });
    expect(server).toMatchObject({ kind: 'gollama', baseUrl: url });
    expect(await server.models()).toEqual([{ name: 'sim', state: 'ready', contextTokens: 32_768 }]);
    expect(server.answers.continuation('sim')).toBe('ask');
    const told = ask(server);
    expect((await told.all).slice(0, 2)).toEqual(['waiting', expect.stringMatching(/waiting|started/)]);
    const { stats, usage } = told.end;
    expect(usage?.completionTokens).toBeGreaterThan(0);
    expect(stats.tokensPerSecond).toBeGreaterThan(0);
    expect(stats.ttftMs).toBeGreaterThan(0);
    expect(stats.queueMs).toBeGreaterThanOrEqual(0);
    expect(app.status().completed_tasks).toBe(1);
  });

  it('is a gollama server: what is stopped leaves its slot', async () => {
    const { app, url } = await startApp(SIMULATED);
    const server = await chooseAnswers({ server: url });
    const stop = new AbortController();
    const told = ask(server, stop, 'write a very long story');
    await told.until('started');
    stop.abort();
    expect((await told.all).at(-1)).toBe('end stopped');
    expect(app.status()).toMatchObject({ cancelled_tasks: 1, running_tasks: 0 });
  });

  it('is a llama-server: it tells its context, and goes on with an answer that it is given', async () => {
    const props = { total_slots: 1, default_generation_settings: { n_ctx: 8192 } };
    const server = await chooseAnswers({ server: await serverWith({ '/v1/models': MODELS, '/props': props }) });
    expect(server.kind).toBe('openai');
    expect(server.answers.continuation('a')).toBe('prefill');
    expect(await server.models()).toEqual([
      { name: 'a', state: 'ready', contextTokens: 8192 },
      { name: 'b', state: 'ready', contextTokens: 8192 },
    ]);
  });

  it('is another OpenAI-compatible server', async () => {
    const server = await chooseAnswers({ server: await serverWith({ '/v1/models': MODELS }) });
    expect(server.answers.continuation('a')).toBe('ask');
    expect(await server.models()).toMatchObject([{ name: 'a', contextTokens: undefined }, { name: 'b' }]);
  });

  it('is no gollama server for a status page of another kind', async () => {
    const url = await serverWith({ '/api/status': { status: 'fine' }, '/v1/models': MODELS });
    expect((await chooseAnswers({ server: url })).kind).toBe('openai');
  });

  it('is nothing', async () => {
    const server = `127.0.0.1:${await findFreePort()}`;
    await expect(chooseAnswers({ server })).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('is something that answers no questions', async () => {
    for (const pages of [{ '/v1/models': ['hello'] }, {}]) {
      const url = await serverWith(pages);
      await expect(chooseAnswers({ server: url })).rejects.toMatchObject({
        code: 'unreachable',
        message: `${url} answers, but not as an OpenAI-compatible server does`,
      });
    }
  });

  it('wants a key', async () => {
    const server = await serverWith({}, 401);
    await expect(chooseAnswers({ server })).rejects.toMatchObject({ code: 'unauthorized', hint: /GOLLAMA_API_KEY/ });
  });

  it('is no address', async () => {
    await expect(chooseAnswers({ server: 'ftp://x' })).rejects.toMatchObject({ code: 'usage' });
  });
});
