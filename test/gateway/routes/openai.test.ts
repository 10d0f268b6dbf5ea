import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { silentLogger } from '../../../src/base/logger.js';
import { ActiveRequests } from '../../../src/gateway/active-requests.js';
import type { Relay, RelayRequest } from '../../../src/gateway/relay.js';
import { openAiRoutes } from '../../../src/gateway/routes/openai.js';
import { Gateway } from '../../../src/gateway/server.js';
import { Pool } from '../../../src/pool/pool.js';
import { atEnd, endAll } from '../../support/ending.js';
import { send } from '../../support/http.js';
import { ScriptedEngine } from '../../support/scripted-engine.js';

afterEach(endAll);

const key = (name: string, maxPriority?: number) => ({
  name,
  sha256: createHash('sha256').update(name).digest('hex'),
  admin: false,
  maxPriority,
  maxConcurrency: undefined,
});

/** The routes with keys `any` and `low`, and the requests that reach the relay. */
async function start() {
  const relayed: RelayRequest[] = [];
  const relay: Pick<Relay, 'handle'> = {
    async handle(request, response) {
      relayed.push(request);
      response.writeHead(200, { 'x-request-id': String(request.answerHeaders['x-request-id']) });
      response.end('{}');
    },
  };
  const engine = new ScriptedEngine({ models: ['a/b', 'c'] });
  const pool = new Pool([{ engine, models: [], aliases: ['nice'], weight: 1 }], silentLogger);
  const parts = {
    relay: relay as Relay,
    pool,
    defaultPriority: 10,
    ownCredentials: true,
    startedAtS: 1_700_000_000,
    active: new ActiveRequests(),
  };
  const gateway = new Gateway(
    {
      clock: systemClock,
      address: { host: '127.0.0.1', port: 0, loopback: true },
      apiKeys: [key('any'), key('low', 3)],
      corsOrigins: [],
      maxBodyBytes: 1_000,
      headerTimeoutMs: 10_000,
      uploadTimeoutMs: 10_000,
    },
    [openAiRoutes(parts)],
    silentLogger,
  );
  await gateway.start();
  atEnd(() => gateway.stop());
  const ask = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(`${gateway.url}${path}`, { body, headers: { authorization: 'Bearer any', ...headers } });
  return { ask, relayed, url: gateway.url };
}

/** The status of a POST to exactly this path: what reads URLs would tidy it up before. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  const posted = request({
    hostname,
    port,
    path,
    method: 'POST',
    headers: { authorization: 'Bearer any' },
    agent: false,
  });
  posted.end('{}');
  const [message] = (await once(posted, 'response')) as [IncomingMessage];
  message.resume();
  return message.statusCode;
}

describe('the models', () => {
  it('are listed as OpenAI lists them', async () => {
    const { ask } = await start();
    const card = { object: 'model', created: 1_700_000_000, owned_by: 'openai' };
    expect((await ask('/v1/models')).json()).toEqual({
      object: 'list',
      data: [
        { id: 'a/b', ...card },
        { id: 'c', ...card },
      ],
    });
  });

  it.each(['a/b', 'a%2Fb', 'c', 'c?x=1'])('can be asked for one by one: %s', async (id) => {
    const { ask } = await start();
    expect((await ask(`/v1/models/${id}`)).json().id).toBe(id.startsWith('c') ? 'c' : 'a/b');
  });

  it('that do not exist are not found', async () => {
    const { ask } = await start();
    const answer = await ask('/v1/models/other');
    expect([answer.status, answer.error.code, answer.error.param]).toEqual([404, 'model_not_found', 'model']);
  });
});

describe('the priority', () => {
  it.each([
    ['the default without a header', undefined, 'any', 10],
    ['a name', 'critical', 'any', 15],
    ['a name in capitals', ' Low ', 'any', 1],
    ['a number', '7', 'any', 7],
    ['a negative number', '-3', 'any', -3],
    ['what the key allows at most', 'critical', 'low', 3],
    ['what the key allows at most, by default too', undefined, 'low', 3],
    ['lower than the key allows', '2', 'low', 2],
  ])('is %s', async (_what, asked, name, priority) => {
    const { ask, relayed } = await start();
    await ask(
      '/v1/chat/completions',
      {},
      {
        authorization: `Bearer ${name}`,
        ...(asked === undefined ? {} : { 'x-gollama-priority': asked }),
      },
    );
    expect(relayed.map((request) => [request.priority, request.caller.name])).toEqual([[priority, name]]);
  });

  it.each(['urgent', '1.5', '1e3', '', '9999999999'])('cannot be %j', async (asked) => {
    const { ask, relayed } = await start();
    const answer = await ask('/v1/chat/completions', {}, { 'x-gollama-priority': asked });
    expect([answer.status, answer.error.param]).toEqual([400, 'X-Gollama-Priority']);
    expect(relayed).toEqual([]);
  });
});

describe('a request', () => {
  it.each(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/audio/speech', '/v1/rerank?top=3'])(
    'to %s is relayed with its bytes',
    async (path) => {
      const { ask, relayed } = await start();
      await ask(path, Buffer.from('{ "a":1}'));
      expect(relayed[0]?.path).toBe(path);
      expect(relayed[0]?.body.toString()).toBe('{ "a":1}');
    },
  );

  it('without a body is relayed without one', async () => {
    const { ask, relayed } = await start();
    await ask('/v1/chat/completions', '');
    expect(relayed[0]?.body).toHaveLength(0);
  });

  it('is relayed without the key to the gateway and without what belongs to the connection', async () => {
    const { ask, relayed } = await start();
    await ask('/v1/chat/completions', {}, { 'x-own': '1', 'x-gollama-priority': '1' });
    expect(relayed[0]?.headers).toEqual({ 'content-type': 'application/json', 'x-own': '1' });
  });

  it('is relayed under the id that its answer carries', async () => {
    const { ask, relayed } = await start();
    const answer = await ask('/v1/chat/completions', {});
    expect(answer.headers['x-request-id']).toBe(relayed[0]?.id);
  });

  it.each([
    '/v1/../props',
    '/v1/%2e%2e/props',
    '/v1/.%2E/props',
    '/v1/x/..',
    '/v1/x/%2e%2e%2fprops',
    '/v1/./props',
    '/v1/x/..\\props',
  ])('to %s does not leave what clients may call', async (path) => {
    const { url, relayed } = await start();
    expect(await statusOf(url, path)).toBe(404);
    expect(relayed).toEqual([]);
  });

  it('may have dots in names and in its query', async () => {
    const { url, relayed } = await start();
    expect(await statusOf(url, '/v1/a..b/.c/v1.2?x=../..')).toBe(200);
    expect(relayed).toHaveLength(1);
  });
});
