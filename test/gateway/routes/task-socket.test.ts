import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskEventReport, TaskReport } from '../../../src/protocol/task.js';
import { atEnd, endAll } from '../../support/ending.js';
import { send } from '../../support/http.js';
import { settled } from '../../support/manual-clock.js';
import { apiKey, SocketWatch, startTaskGateway, type TaskGatewaySetup } from '../../support/task-gateway.js';

afterEach(endAll);

const CHAT = { type: 'chat', model: 'm', payload: { messages: [{ role: 'user', content: 'hi' }] } };

async function start(setup: TaskGatewaySetup = {}) {
  const started = await startTaskGateway(setup);
  const submit = async (id: string, owner = 'anybody') => {
    const visitor = { name: owner, admin: true, maxPriority: undefined };
    await started.tasks.submit([{ ...CHAT, type: 'chat', options: null, id }], visitor);
  };
  const watch = (query = '', protocols: string[] = [], headers = {}) =>
    new SocketWatch(`${started.socketUrl}/ws${query}`, protocols, headers).opened();
  return { ...started, submit, watch };
}

const ids = (frame: string) => (JSON.parse(frame) as TaskReport[]).map(({ id }) => id);
const eventOf = (frame: string) => JSON.parse(frame) as TaskEventReport;

/** Until it is so, without looking at a clock. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settled();
}

describe('/ws', () => {
  it('sends the array as GET /api/tasks has it, and a newline, when a client connects', async () => {
    const { clock, submit, url, watch } = await start();
    expect(await (await watch()).frame(1)).toBe('[]\n');
    await submit('a');
    await submit('b');
    await clock.advanceAsync(200);
    const client = await watch();
    expect(await client.frame(1)).toBe(`${(await send(`${url}/api/tasks`)).text}\n`);
    expect(ids(client.frames[0] ?? '')).toEqual(['a', 'b']);
  });

  it('sends a list at once when something changes, and then ten a second at most', async () => {
    const { clock, settle, submit, watch } = await start();
    const client = await watch();
    await client.frame(1);
    await clock.advanceAsync(100);
    await submit('a');
    expect(ids(await client.frame(2))).toEqual(['a']);
    for (const id of ['b', 'c', 'd']) await submit(id);
    await clock.advanceAsync(99);
    expect(client.frames).toHaveLength(2);
    await clock.advanceAsync(1);
    expect(ids(await client.frame(3))).toEqual(['a', 'b', 'c', 'd']);
    await settle({ kind: 'failed', error: 'boom' });
    await clock.advanceAsync(100);
    expect((JSON.parse(await client.frame(4)) as TaskReport[])[0]).toMatchObject({ status: 'failed', error: 'boom' });
    await clock.advanceAsync(1_000);
    expect(client.frames).toHaveLength(4);
  });

  it('reads each list once for all clients who see the same', async () => {
    const { clock, store, submit, watch } = await start();
    const clients = [await watch(), await watch(), await watch()];
    await clock.advanceAsync(100);
    for (const client of clients) await client.frame(1);
    let reads = 0;
    const { list } = store;
    store.list = (filter) => {
      reads += 1;
      return list.call(store, filter);
    };
    await clock.advanceAsync(100);
    await submit('a');
    for (const client of clients) expect(ids(await client.frame(2))).toEqual(['a']);
    expect(reads).toBe(1);
  });

  it('makes a list that takes long less often: it rests four times as long', async () => {
    const { clock, store, submit, watch } = await start();
    const client = await watch();
    await client.frame(1);
    await clock.advanceAsync(100);
    const { list } = store;
    store.list = async (filter) => {
      await clock.advanceAsync(300);
      return list.call(store, filter);
    };
    await submit('a');
    expect(ids(await client.frame(2))).toEqual(['a']);
    await submit('b');
    await clock.advanceAsync(1_199);
    expect(client.frames).toHaveLength(2);
    await clock.advanceAsync(1);
    expect(ids(await client.frame(3))).toEqual(['a', 'b']);
  });

  it('has the newest 10,000 of more tasks', async () => {
    const { store, watch } = await start();
    let limit = 0;
    store.list = (filter) => {
      ({ limit } = filter);
      expect(filter.newestFirst).toBe(true);
      return Promise.resolve({ tasks: [], total: 0, cursor: undefined });
    };
    await (await watch()).frame(1);
    expect(limit).toBe(10_000);
  });

  it('goes on after a list that could not be read', async () => {
    const { clock, lines, store, submit, watch } = await start();
    const client = await watch();
    await client.frame(1);
    await clock.advanceAsync(100);
    const { list } = store;
    store.list = () => Promise.reject(new Error('locked'));
    await submit('a');
    await until(() => lines.length > 0);
    store.list = list;
    await clock.advanceAsync(100);
    await submit('b');
    expect(ids(await client.frame(2))).toEqual(['a', 'b']);
  });

  it('does not look at what clients send, and closes those who send much', async () => {
    const { clock, submit, watch } = await start();
    const client = await watch();
    await client.frame(1);
    client.socket.send('{"x":1}');
    client.socket.send('not json');
    await clock.advanceAsync(100);
    await submit('a');
    expect(ids(await client.frame(2))).toEqual(['a']);
    client.socket.send('x'.repeat(64 * 1024 + 1));
    expect(await client.closed).toBe(1009);
  });

  it('is 400 for who does not want a socket', async () => {
    const { url } = await start();
    for (const headers of [{}, { upgrade: 'websocket' }]) {
      const answer = await send(`${url}/ws`, { headers });
      expect([answer.status, answer.text]).toEqual([400, 'Bad Request\n']);
    }
  });

  it.each(['?format=xml', '?types=task_done'])('refuses %s before the handshake', async (query) => {
    const { watch } = await start();
    await expect(watch(query)).rejects.toThrow(/^400 \{"error":"(format|types): /);
  });

  it('lets no other path be a socket', async () => {
    const { socketUrl } = await start();
    await expect(new SocketWatch(`${socketUrl}/wss`).opened()).rejects.toThrow('404');
    await expect(new SocketWatch(`${socketUrl}/api/tasks`).opened()).rejects.toThrow('200 []');
  });
});

describe('a client that takes nothing', () => {
  /** Tasks whose list is far larger than what is buffered on the way, and a client that does not read. */
  async function stalled() {
    const started = await start();
    const visitor = { name: 'anybody', admin: true, maxPriority: undefined };
    const messages = [{ role: 'user', content: 'x'.repeat(1_000_000) }];
    const large = { type: 'chat' as const, model: 'm', payload: { messages }, options: null };
    await started.tasks.submit(Array(24).fill(large), visitor);
    const slow = await started.watch();
    slow.socket.pause();
    const fast = await started.watch();
    await started.clock.advanceAsync(100);
    await fast.frame(1);
    return { ...started, slow, fast };
  }

  it('holds up nobody, and has the newest list when it reads again', async () => {
    const { clock, fast, slow, submit } = await stalled();
    for (let change = 1; change <= 5; change += 1) {
      await clock.advanceAsync(100);
      await submit(`t${change}`);
      expect(ids(await fast.frame(1 + change)).at(-1)).toBe(`t${change}`);
    }
    slow.socket.resume();
    await slow.frame(1);
    for (let seen = 1; ids(slow.frames.at(-1) ?? '').at(-1) !== 't5'; seen = slow.frames.length) {
      await clock.advanceAsync(100);
      await until(() => slow.frames.length > seen);
    }
    // Skipped, not queued: the first list, the one it was behind with at most, and the newest.
    expect(slow.frames.length).toBeLessThanOrEqual(3);
  });

  it('is dropped', async () => {
    const { clock, fast, slow, submit } = await stalled();
    await clock.advanceAsync(100);
    await submit('a');
    await fast.frame(2);
    await clock.advanceAsync(60_000);
    slow.socket.resume();
    expect(await slow.closed).toBe(1006);
    expect(slow.frames).toEqual([]);
  });

  it('of events is told so with 3008', async () => {
    const { store, submit, watch } = await start();
    await submit('a');
    const [slow, quick] = [await watch('?format=events'), await watch('?format=events')];
    slow.socket.pause();
    // The buffers of the connection take some megabytes before anything is held for it here.
    const count = 100_000;
    for (let at = 1; at <= count; at += 1) {
      await store.setPriority('a', at);
      if (at % 500 === 0) await settled();
    }
    await quick.frame(count);
    slow.socket.resume();
    expect(await slow.closed).toBe(3008);
    expect(slow.frames.length).toBeLessThan(count);
    expect(quick.frames.every((frame, at) => eventOf(frame).seq === at + 2)).toBe(true);
  });

  it('of events is not closed for a burst that it takes in time', async () => {
    const { clock, tasks, watch } = await start({ pendingMax: 10_000 });
    const client = await watch('?format=events');
    const visitor = { name: 'anybody', admin: true, maxPriority: undefined };
    await tasks.submit(Array(10_000).fill({ ...CHAT, options: null }), visitor);
    await client.frame(10_000);
    await clock.advanceAsync(1_000);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });
});

describe('a connection', () => {
  it('is pinged, and given up when it does not answer', async () => {
    const { clock, watch } = await start();
    const client = await watch('?format=events');
    const pings = once(client.socket, 'ping');
    await clock.advanceAsync(25_000);
    await pings;
    client.socket.pause();
    // The answer to the first ping may be on its way.
    for (let ping = 0; ping < 3; ping += 1) await clock.advanceAsync(25_000);
    client.socket.resume();
    expect(await client.closed).toBe(1006);
  });

  it('is closed with 1001 when the server stops, and leaves no timer', async () => {
    const { clock, gateway, watch } = await start();
    const idleTimers = clock.timers;
    const clients = [await watch(), await watch('?format=events')];
    await gateway.stop();
    for (const client of clients) expect(await client.closed).toBe(1001);
    await clock.advanceAsync(100);
    expect(clock.timers).toBe(idleTimers);
  });

  it('that never answers does not keep the server from stopping', async () => {
    const { clock, gateway, watch } = await start();
    const client = await watch();
    client.socket.pause();
    const stopped = gateway.stop();
    await clock.advanceAsync(1_000);
    await stopped;
  });
});

describe('/ws?format=events', () => {
  it('has one object for each change from now on, in order', async () => {
    const { claim, clock, store, submit, tasks, watch } = await start();
    await submit('before');
    await tasks.cancel('before', { name: 'x', admin: true, maxPriority: undefined });
    const client = await watch('?format=events');
    await submit('a');
    await store.setPriority('a', 9);
    await store.settle(await claim(), { kind: 'retry', error: 'e', dueAtMs: clock.epoch() + 10 });
    await clock.advanceAsync(10);
    await store.settle(await claim(), { kind: 'completed', result: '{}' });
    await client.frame(6);
    const timestamp = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(client.frames.map(eventOf)).toEqual(
      [
        ['task_submitted', 'pending'],
        ['priority_updated', 'pending'],
        ['task_started', 'running'],
        ['task_retrying', 'pending'],
        ['task_started', 'running'],
        ['task_completed', 'completed'],
      ].map(([event, status], at) => ({ seq: 3 + at, event, task_id: 'a', status, timestamp })),
    );
  });

  it('can be of some kinds only', async () => {
    const { settle, submit, watch } = await start();
    const client = await watch('?format=events&types=task_completed,task_failed&types=task_cancelled');
    await submit('a');
    await settle({ kind: 'failed', error: 'x' });
    expect(eventOf(await client.frame(1))).toMatchObject({ event: 'task_failed', task_id: 'a' });
  });
});

describe('who may listen', () => {
  const keys = { options: { apiKeys: [apiKey('a'), apiKey('b'), apiKey('root', true)] } };
  const bearer = (name: string) => ({ authorization: `Bearer sk-${name}` });

  it('needs a key where keys are set: in the header, or as a subprotocol', async () => {
    const { clock, watch } = await start(keys);
    await expect(watch()).rejects.toThrow(/^401 \{"error":"/);
    await expect(watch('', ['gollama', 'bearer.sk-nobody'])).rejects.toThrow('401');
    expect(await (await watch('', [], bearer('a'))).frame(1)).toBe('[]\n');
    await clock.advanceAsync(100);
    const page = await watch('', ['gollama', 'bearer.sk%2Da']);
    expect(page.socket.protocol).toBe('gollama');
    expect(await page.frame(1)).toBe('[]\n');
  });

  it('sees tasks of its own only, an admin all, in both forms', async () => {
    const { clock, submit, watch } = await start(keys);
    const [a, b, root] = [
      await watch('', [], bearer('a')),
      await watch('', [], bearer('b')),
      await watch('', [], bearer('root')),
    ];
    const events = [
      await watch('?format=events', [], bearer('a')),
      await watch('?format=events', [], bearer('b')),
      await watch('?format=events', [], bearer('root')),
    ];
    for (const client of [a, b, root]) await client.frame(1);
    await clock.advanceAsync(100);
    await submit('of-a', 'a');
    await submit('of-b', 'b');
    await clock.advanceAsync(100);
    expect(ids(await b.frame(2))).toEqual(['of-b']);
    expect(ids(await a.frame(2))).toEqual(['of-a']);
    await until(() => ids(root.frames.at(-1) ?? '[]').length === 2);
    await events[2]?.frame(2);
    expect(eventOf((await events[0]?.frame(1)) ?? '').task_id).toBe('of-a');
    expect(eventOf((await events[1]?.frame(1)) ?? '').task_id).toBe('of-b');
    expect(events.map((client) => client.frames.length)).toEqual([1, 1, 2]);
  });

  it('is no page of the internet, where the server asks for no key', async () => {
    const { watch } = await start();
    await expect(watch('', [], { origin: 'https://evil.example' })).rejects.toThrow(/^403 \{"error":"pages of/);
    await expect(watch('', [], { host: 'evil.example' })).rejects.toThrow('403');
    await watch('', [], { origin: 'http://localhost:3000' });
  });

  it('may be a page that the configuration names', async () => {
    const { watch } = await start({ options: { corsOrigins: ['https://app.example'] } });
    await watch('', [], { origin: 'https://app.example' });
  });
});

describe('a request that offers another protocol', () => {
  /** As Java's HttpClient sends it. */
  const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

  it('is answered as if it had not, body and all, and the connection stays', async () => {
    const { url } = await start();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    atEnd(() => socket.destroy());
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    const body = JSON.stringify({ ...CHAT, id: 'é' });
    const length = Buffer.byteLength(body);
    const post = `POST /api/tasks HTTP/1.1\r\nHost: localhost\r\n${OFFER}Content-Length: ${length}\r\n\r\n`;
    // The body comes in two pieces, the second one after the request has begun again.
    socket.write(post + body.slice(0, 10));
    await settled();
    socket.write(body.slice(10));
    await until(() => text.includes('"task_id":"é"'));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.write(
      `GET /health HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\nGET /api/tasks/%C3%A9 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    await until(() => text.includes('"id":"é"'));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });
});
