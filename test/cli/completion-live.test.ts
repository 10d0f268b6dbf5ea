/** The values of completion that a server, a folder or the schema tells. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { liveValues } from '../../src/cli/completion/live-values.js';
import { flagValueKind } from '../../src/cli/completion/value-kind.js';
import { leaves } from '../../src/config/keys.js';
import { PRIORITIES } from '../../src/protocol/priority.js';
import { atEnd, endAll } from '../support/ending.js';
import { ManualClock } from '../support/manual-clock.js';
import { makePlace } from '../support/place.js';

afterEach(endAll);

async function setUp(listener: RequestListener = (_, response) => response.writeHead(500).end()) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const clock = new ManualClock();
  const place = makePlace();
  const env: Record<string, string> = {};
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const live = liveValues({
    clock,
    surroundings: { env, cwd: place.cwd, home: place.home },
    server: async () => ({ baseUrl, apiKey: 'sk-1' }),
  });
  return { server, clock, place, env, live };
}

/** Answers every request with this, and notes what was asked. */
function answering(body: unknown, asked: string[] = []): RequestListener {
  return (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.end(JSON.stringify(body));
  };
}

describe('the server', () => {
  it('tells its models', async () => {
    const asked: string[] = [];
    const { live } = await setUp(answering({ data: [{ id: 'qwen3:0.6b' }, { id: 'nomic' }] }, asked));
    expect((await live.models()).map(({ value }) => value)).toEqual(['qwen3:0.6b', 'nomic']);
    expect(asked).toEqual(['GET /v1/models Bearer sk-1']);
  });

  it('tells its tasks in the states that are asked for, and what they are', async () => {
    const asked: string[] = [];
    const tasks = [{ id: '01-a', status: 'failed', type: 'chat', model: 'm' }];
    const { live } = await setUp(answering(tasks, asked));
    expect(await live.tasks(['failed', 'cancelled'])).toEqual([{ value: '01-a', description: 'failed chat m' }]);
    await live.tasks([]);
    expect(asked.map((line) => line.split(' ')[1])).toEqual([
      '/api/tasks?limit=100&status=failed&status=cancelled',
      '/api/tasks?limit=100',
    ]);
  });

  it.each<[string, unknown]>([
    ['nonsense', 'nonsense'],
    ['null', null],
    ['names that steer a terminal', { data: [{ id: 'a\u001b[2J' }, { id: 7 }, { id: '' }] }],
  ])('tells nothing where it answers %s', async (_what, body) => {
    const { live } = await setUp(answering(body));
    expect([await live.models(), await live.tasks([])]).toEqual([[], []]);
  });

  it('tells nothing where it fails, where there is none, and where its address is unknown', async () => {
    const { live, server } = await setUp();
    expect(await live.models()).toEqual([]);
    server.close();
    expect(await live.models()).toEqual([]);
    const unknown = liveValues({
      clock: new ManualClock(),
      surroundings: { env: {}, cwd: '/', home: '/' },
      server: () => Promise.reject(new GollamaError('configuration', 'no such variable')),
    });
    expect(await unknown.models()).toEqual([]);
  });

  it('is waited for 300 ms', async () => {
    const { live, server, clock } = await setUp(() => {});
    const models = live.models();
    await once(server, 'request');
    await clock.advanceAsync(300);
    expect(await models).toEqual([]);
  });
});

describe('the rest', () => {
  it('comes from the names of saved sessions', async () => {
    const { place, live, env } = await setUp();
    expect(await live.sessions()).toEqual([]);
    for (const name of ['s-2.json', 's-1.json', '.s-3.json', 's-4.tmp']) {
      place.write(join(place.home, '.local/state/gollama/sessions', name), '{}');
    }
    expect((await live.sessions()).map(({ value }) => value)).toEqual(['s-1', 's-2']);
    env.XDG_STATE_HOME = join(place.home, 'state');
    expect(await live.sessions()).toEqual([]);
  });

  it('comes from the schema', async () => {
    const { live } = await setUp();
    const keys = await live.configKeys();
    expect(keys).toContainEqual({ value: 'server.addr', description: expect.stringMatching(/./) });
    expect(keys).toHaveLength(leaves().length);
  });

  it('comes from the topics of help', async () => {
    const { live } = await setUp();
    expect((await live.helpTopics()).map(({ value }) => value)).toEqual(expect.arrayContaining(['exit-codes']));
  });

  it('comes from the names of variables', async () => {
    const { live, env } = await setUp();
    Object.assign(env, { MY_API_KEY: 'sk-secret', HOME: '/' });
    expect(live.variables()).toEqual([{ value: 'MY_API_KEY', description: '' }]);
  });
});

describe('words that are known without asking', () => {
  const kindOf = (name: string, id = 'serve') =>
    flagValueKind({ id, aliases: [], hidden: false, flags: {}, args: {} }, { name, type: 'option' });

  it('are the levels that the configuration knows', () => {
    const level = leaves().find(({ path }) => path.join('.') === 'logger.level');
    const kind = kindOf('log-level');
    const words = kind.kind === 'words' ? kind.words : [];
    expect(words).not.toEqual([]);
    for (const word of words) expect(level?.field.kind?.read(word)).toEqual({ value: word });
  });

  it('are the names of priorities', () => {
    expect(kindOf('priority', 'submit:chat')).toEqual({ kind: 'words', words: Object.keys(PRIORITIES) });
  });
});
