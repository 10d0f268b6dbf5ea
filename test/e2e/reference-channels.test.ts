/** What users of the reference channel server rely on: `POST /api/chat`, and the answer on a Centrifuge channel. */
import { Centrifuge } from 'centrifuge';
import { EventSource } from 'eventsource';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Frame, publicationsIn, RawClient } from '../support/centrifuge-gateway.js';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { open, send } from '../support/http.js';
import { ManualClock } from '../support/manual-clock.js';
import { shared, type TaskServer, taskServer } from '../support/reference-tasks.js';

afterAll(endAll, 60_000);

const server = shared();
/** Pages of every origin may call, as in the reference. */
const openServer = shared({ yaml: 'server: {cors_origins: ["*"]}' });

const CHANNEL = /^chat:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UUID = '[0-9a-f-]{36}';
const START = { type: 'start', message: '' };
const END = { type: 'end', message: '' };
const chunk = (message: string) => ({ type: 'chunk', message });

/** The channel of a new chat. */
async function ask({ url }: TaskServer, message = 'hi'): Promise<string> {
  return String((await send(`${url}/api/chat`, { body: { message } })).json().channel_id);
}

async function connected({ url }: TaskServer): Promise<RawClient> {
  const client = new RawClient(`${url.replace('http', 'ws')}/connection/websocket`);
  await client.opened();
  client.say({ id: 1, connect: { name: 'js' } });
  await client.reply(1);
  return client;
}

const dataIn = (messages: readonly Frame[]) => publicationsIn(messages).map(({ data }) => data);

describe('CH-1: POST /api/chat', () => {
  it('answers at once with the channel, in the bytes of the reference, and the answer goes on without the request', async () => {
    const chats = await server();
    const answer = await send(`${chats.url}/api/chat`, { body: { message: 'hi', unknown: 1 } });
    const channel = String(answer.json().channel_id);
    expect(channel).toMatch(CHANNEL);
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'application/json',
      `{"channel_id":"${channel}","message":"Channel created, start listening for messages"}\n`,
    ]);
    const call = await chats.ollama.next();
    expect(call.json.messages).toEqual([{ role: 'user', content: 'hi' }]);
    call.complete();
    await chats.becomes(channel, 'completed');
  });

  it.each<[unknown, string | RegExp]>([
    [{}, 'Message is required'],
    [{ message: '' }, 'Message is required'],
    ['', 'Invalid request body: EOF'],
    ['{bad', /^Invalid request body: ./],
    [
      { message: 5 },
      'Invalid request body: json: cannot unmarshal number into Go struct field ChatRequest.message of type string',
    ],
  ])('refuses %j with 400 and the text of the reference', async (body, text) => {
    const { url } = await server();
    const answer = await send(`${url}/api/chat`, { body });
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
    expect(answer.text.trimEnd()).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });

  it('does not look at the Content-Type', async () => {
    const chats = await server();
    const answer = await send(`${chats.url}/api/chat`, {
      body: '{"message":"hi"}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(200);
    (await chats.ollama.next()).complete();
  });

  it('answers OPTIONS with 200 and other methods with an empty 405, without leave for pages', async () => {
    const { url } = await openServer();
    const options = await send(`${url}/api/chat`, { method: 'OPTIONS' });
    expect([options.status, options.text]).toEqual([200, '']);
    const origin = 'https://app.example';
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await send(`${url}/api/chat`, { method, headers: { origin } });
      expect([answer.status, answer.text]).toEqual([405, '']);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('lets pages of other origins in where the configuration does', async () => {
    const chats = await openServer();
    const headers = { origin: 'https://app.example' };
    const answer = await send(`${chats.url}/api/chat`, { body: { message: 'hi' }, headers });
    expect([answer.status, ['*', headers.origin]]).toEqual([
      200,
      expect.arrayContaining([answer.headers['access-control-allow-origin']]),
    ]);
    (await chats.ollama.next()).complete();
    const refused = await send(`${chats.url}/api/chat`, { body: {}, headers });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([400, headers.origin]);
    const preflight = await send(`${chats.url}/api/chat`, {
      method: 'OPTIONS',
      headers: {
        ...headers,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect([200, 204]).toContain(preflight.status);
    expect(preflight.headers['access-control-allow-methods']).toContain('POST');
    expect(String(preflight.headers['access-control-allow-headers']).toLowerCase()).toContain('content-type');
  });
});

describe('CH-2: Centrifuge JSON over WebSocket', () => {
  it('is the session of the reference, and nothing of the answer is missed', async () => {
    const chats = await server();
    const channel = await ask(chats);
    const client = await connected(chats);
    expect(client.texts[0]).toMatch(
      new RegExp(`^\\{"id":1,"connect":\\{"client":"${UUID}","ping":25,"pong":true\\}\\}$`),
    );
    client.say({ id: 2, subscribe: { channel } });
    expect((await client.reply(2)).subscribe).toBeDefined();
    const call = await chats.ollama.next();
    for (const text of ['tok0 ', 'tok1 ']) call.say(text);
    call.finish();
    await client.until(({ push }) => push?.pub?.data.type === 'end');
    expect(dataIn(client.messages)).toEqual([START, chunk('tok0 '), chunk('tok1 '), END]);
    const pushed = client.messages.find(({ push }) => push?.pub?.data.type === 'end')?.push;
    expect(pushed).toMatchObject({ channel, pub: { data: END } });
    client.say({ id: 3, unsubscribe: { channel } }, { id: 4, unsubscribe: { channel: 'never' } });
    await client.reply(4);
    expect(client.texts.join('\n')).toContain('{"id":3,"unsubscribe":{}}');
    expect(client.texts.join('\n')).toContain('{"id":4,"unsubscribe":{}}');
  });

  it.each(['publish', 'rpc', 'presence', 'presence_stats', 'refresh'])(
    'refuses %s with 108, and goes on',
    async (method) => {
      const client = await connected(await server());
      client.say({ id: 2, [method]: { channel: 'c' } });
      expect(await client.reply(2)).toEqual({ id: 2, error: { code: 108, message: 'not available' } });
      client.say({ id: 3, unsubscribe: { channel: 'c' } });
      await client.reply(3);
    },
  );

  it('refuses a second subscription with 105 and the 129th with 106', async () => {
    const chats = await server();
    const channel = await ask(chats);
    const call = await chats.ollama.next();
    const client = await connected(chats);
    client.say({ id: 2, subscribe: { channel } });
    await client.reply(2);
    client.say({ id: 3, subscribe: { channel } });
    expect((await client.reply(3)).error).toEqual({ code: 105, message: 'already subscribed' });
    client.say(...Array.from({ length: 128 }, (_, at) => ({ id: 100 + at, subscribe: { channel: `c${at}` } })));
    expect((await client.reply(227)).error).toEqual({ code: 106, message: 'limit exceeded' });
    call.complete();
  });

  it.each<[string, string, number, string]>([
    ['send', '{"send":{"data":{}}}', 3508, 'not available'],
    ['a pong that nobody asked for', '{}', 3501, 'bad request'],
    ['ping', '{"id":2,"ping":{}}', 3501, 'bad request'],
    ['an empty channel', '{"id":2,"subscribe":{"channel":""}}', 3501, 'bad request'],
    ['an id alone', '{"id":2}', 3501, 'bad request'],
    ['garbage', 'garbage', 3501, 'bad request'],
    ['a second connect', '{"id":2,"connect":{}}', 3501, 'bad request'],
  ])('ends a connection at %s', async (_, text, code, reason) => {
    const client = await connected(await server());
    client.socket.send(text);
    expect(await client.closed).toEqual({ code, reason });
  });

  it('ends a connection that does not begin with connect with 3501', async () => {
    const { url } = await server();
    const client = new RawClient(`${url.replace('http', 'ws')}/connection/websocket`);
    await client.opened();
    client.say({ id: 1, subscribe: { channel: 'c' } });
    expect(await client.closed).toEqual({ code: 3501, reason: 'bad request' });
  });

  it('ends silent ones with 3502 and 3012, and the others with 3001 when the server stops', async () => {
    const clock = new ManualClock();
    const chats = await taskServer({ clock });
    const stale = new RawClient(`${chats.url.replace('http', 'ws')}/connection/websocket`);
    await stale.opened();
    const silent = await connected(chats);
    const answering = await connected(chats);
    answering.socket.on('message', (data) => {
      if (String(data) === '{}') answering.socket.send('{}');
    });
    await clock.advanceAsync(15_000);
    expect(await stale.closed).toEqual({ code: 3502, reason: 'stale' });
    await clock.advanceAsync(10_000);
    // A pong that lags behind the clock of the test would be none.
    for (const client of [silent, answering]) await client.until((message) => Object.keys(message).length === 0);
    answering.say({ id: 5, unsubscribe: { channel: 'c' } });
    await answering.reply(5);
    await clock.advanceAsync(10_000);
    expect(await silent.closed).toEqual({ code: 3012, reason: 'no pong' });
    const stopped = chats.app.stop();
    expect(await answering.closed).toEqual({ code: 3001, reason: 'shutdown' });
    await stopped;
  });

  it('is 400 for a plain GET', async () => {
    const { url } = await server();
    expect((await send(`${url}/connection/websocket`)).status).toBe(400);
  });
});

describe('CH-3: Centrifuge over server-sent events and /emulation', () => {
  const connect = `?cf_connect=${encodeURIComponent('{"id":1,"connect":{"name":"js"}}')}`;

  it('has the headers and the first bytes of the reference, and takes commands by POST', async () => {
    const chats = await server();
    const channel = await ask(chats);
    const answer = await open(`${chats.url}/connection/sse${connect}`, {
      headers: { connection: 'keep-alive' },
    });
    await answer.until('"connect"');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      pragma: 'no-cache',
      expire: '0',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    });
    const caching = String(answer.headers['cache-control']).split(', ');
    expect(caching).toEqual(
      expect.arrayContaining(['private', 'no-cache', 'no-store', 'must-revalidate', 'max-age=0']),
    );
    const ids = `"client":"${UUID}","ping":25,"pong":true,"session":"${UUID}","node":"${UUID}"`;
    expect(answer.text).toMatch(new RegExp(`^\r\ndata: \\{"id":1,"connect":\\{${ids}\\}\\}\n\n$`));
    const { session, node } = (JSON.parse(answer.events[0] ?? '') as Frame).connect;
    const data = JSON.stringify({ id: 2, subscribe: { channel } });
    const told = await send(`${chats.url}/emulation`, { body: { session, node, data } });
    expect([told.status, told.text]).toEqual([204, '']);
    await answer.until('"id":2');
    (await chats.ollama.next()).complete('hello world');
    await answer.until('"end"');
    const messages = answer.events.map((event) => JSON.parse(event) as Frame);
    expect(dataIn(messages)).toEqual([START, chunk('hello'), chunk(' world'), END]);
    answer.leave();
  });

  it('takes the first command in a body too', async () => {
    const { url } = await server();
    const answer = await open(`${url}/connection/sse`, { method: 'POST', body: { id: 1, connect: {} } });
    await answer.until('"connect"');
    expect(answer.status).toBe(200);
    answer.leave();
  });

  it('refuses as the reference does', async () => {
    const { url } = await server();
    const status = async (path: string, options = {}) => (await send(url + path, options)).status;
    const long = 'x'.repeat(65 * 1024);
    expect(await status('/connection/sse')).toBe(400);
    expect(await status('/connection/sse', { method: 'DELETE' })).toBe(405);
    expect(await status('/connection/sse', { method: 'OPTIONS' })).toBe(200);
    expect(await status('/connection/sse', { method: 'POST', body: long })).toBe(413);
    expect(await status('/emulation', { body: { session: 's', node: 'unknown', data: '{}' } })).toBe(404);
    expect(await status('/emulation', { body: '{bad' })).toBe(400);
    expect(await status('/emulation', { body: long })).toBe(413);
    expect(await status('/emulation', { method: 'GET' })).toBe(405);
    expect(await status('/emulation', { method: 'OPTIONS' })).toBe(200);
  });

  it('tells the bare messages of one channel where it is asked for as the example page does', async () => {
    const chats = await server();
    const channel = await ask(chats);
    const answer = await open(`${chats.url}/connection/sse?channel=${encodeURIComponent(channel)}`);
    (await chats.ollama.next()).complete('hello world');
    await answer.ended;
    expect(answer.events.map((event) => JSON.parse(event))).toEqual([START, chunk('hello'), chunk(' world'), END]);
  });
});

function follow(url: string, transport: 'websocket' | 'sse', channel: string) {
  const endpoint = `${transport === 'websocket' ? url.replace('http', 'ws') : url}/connection/${transport}`;
  const client = new Centrifuge([{ transport, endpoint }], {
    websocket: WebSocket,
    eventsource: EventSource,
    fetch: globalThis.fetch,
    readableStream: globalThis.ReadableStream,
    emulationEndpoint: `${url}/emulation`,
    minReconnectDelay: 1,
  });
  atEnd(() => client.disconnect());
  const told: unknown[] = [];
  const subscription = client.newSubscription(channel);
  subscription.on('publication', ({ data }) => told.push(data));
  subscription.subscribe();
  client.connect();
  return told;
}

describe.each(['websocket', 'sse'] as const)('CH-4: the messages, to the official client by %s', (transport) => {
  it('are objects, in order, each once, also for one who comes late', async () => {
    const chats = await server();
    const channel = await ask(chats);
    const call = await chats.ollama.next();
    call.say('one ');
    const early = follow(chats.url, transport, channel);
    await eventually('the first piece is told', () => early.length >= 2);
    call.say('two ');
    const late = follow(chats.url, transport, channel);
    await eventually('the late one has caught up', () => late.length >= 3);
    call.say('three');
    call.finish();
    const all = [START, chunk('one '), chunk('two '), chunk('three'), END];
    for (const told of [early, late]) {
      await eventually('the end is told', () => told.length >= all.length);
      expect(told).toEqual(all);
    }
    const afterwards = follow(chats.url, transport, channel);
    await eventually('all is told again', () => afterwards.length >= all.length);
    expect(afterwards).toEqual(all);
  });

  it('end with an error, and no end, where the answer fails', async () => {
    const chats = await server();
    const channel = await ask(chats);
    (await chats.ollama.next()).fail(500, 'out of memory');
    const told = follow(chats.url, transport, channel) as { type: string; message: string }[];
    await eventually('the error is told', () => told.some(({ type }) => type === 'error'));
    await chats.becomes(channel, 'failed');
    expect(told.map(({ type }) => type)).toEqual(['start', 'error']);
    expect(told.at(-1)?.message).toMatch(/^Error: .*out of memory$/);
  });
});
