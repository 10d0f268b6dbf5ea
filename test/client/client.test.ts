import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { GollamaError } from '../../src/base/errors.js';
import { Client } from '../../src/client/client.js';
import type { TaskStreamEvent } from '../../src/client/task-stream.js';
import { endAll } from '../support/ending.js';
import { FakeTaskServer, type Received } from '../support/fake-task-server.js';
import { ManualClock } from '../support/manual-clock.js';

afterEach(endAll);

/** Pauses last no time; `pauses` are how long they would have been. */
function hurriedClock() {
  const pauses: number[] = [];
  return {
    pauses,
    clock: {
      ...systemClock,
      after(delayMs: number, run: () => void) {
        pauses.push(delayMs);
        return systemClock.after(0, run);
      },
    },
  };
}

async function setUp() {
  const server = await FakeTaskServer.start();
  const { clock, pauses } = hurriedClock();
  return { server, pauses, client: new Client(server.url, { clock, random: () => 0.5 }) };
}

async function thrownBy(promise: Promise<unknown>): Promise<GollamaError> {
  return promise.then(
    () => Promise.reject(new Error('it did not reject')),
    (thrown: GollamaError) => thrown,
  );
}

function refusing(status: number, body: unknown, headers: Record<string, string> = {}) {
  return (_: Received, response: ServerResponse) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    return true;
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const TASK = { type: 'chat', model: 'm1', payload: { messages: [{ role: 'user', content: 'hi' }] } } as const;
const told = (events: readonly TaskStreamEvent[]) =>
  events.map((event) => ('text' in event ? event.text : event.type)).join('|');

describe('a client', () => {
  it('takes its server as a URL, as host:port, and as an option', async () => {
    const { server } = await setUp();
    const { id } = server.add({});
    for (const client of [
      new Client(server.url),
      new Client(server.url.replace('http://', '')),
      new Client({ baseUrl: server.url }),
    ]) {
      expect((await client.getTask(id)).id).toBe(id);
    }
  });

  it('says so where the server speaks no TLS', async () => {
    const { server } = await setUp();
    const url = server.url.replace('http:', 'https:');
    await expect(new Client(url).listTasks()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/speaks no TLS$/),
      hint: `try ${server.url}`,
    });
  });

  it('sends its key', async () => {
    const { server } = await setUp();
    await new Client(server.url, { apiKey: 'sk-1' }).listTasks();
    expect(server.requests[0]?.headers.authorization).toBe('Bearer sk-1');
  });

  it('submits a task and tells its id', async () => {
    const { server, client } = await setUp();
    const id = await client.submitTask({ ...TASK, priority: 10, options: { temperature: 0 } });
    expect(server.tasks.get(id)?.priority).toBe(10);
    expect(server.requests[0]?.body).toEqual({ ...TASK, priority: 10, options: { temperature: 0 } });
  });

  it('says so where a server takes a task without telling an id, as the reference does', async () => {
    const { server, client } = await setUp();
    server.intercept = refusing(200, { status: 'ok' });
    expect((await thrownBy(client.submitTask(TASK))).message).toMatch(/took the task, but told no id/);
  });

  it('asks for a page of tasks and tells how many there are', async () => {
    const { server, client } = await setUp();
    for (let index = 0; index < 5; index += 1) server.add({ status: index === 0 ? 'failed' : 'running' });
    const page = await client.listTasks({
      status: ['running', 'pending'],
      priority: [5, -1],
      limit: 2,
      order: 'newest',
    });
    expect(page.tasks.map(({ id }) => id)).toEqual(['task-5', 'task-4']);
    expect(page.total).toBe(4);
    expect(server.requests[0]?.url).toBe(
      '/api/tasks?status=running&status=pending&priority=5&priority=-1&limit=2&order=newest',
    );
  });

  it('takes null of the reference server for no tasks', async () => {
    const { server, client } = await setUp();
    server.intercept = refusing(200, 'null');
    expect(await client.listTasks()).toEqual({ tasks: [], total: 0, cursor: undefined });
  });

  it('asks for ids with any characters', async () => {
    const { server, client } = await setUp();
    server.add({ id: 'a/b ?ü' });
    expect((await client.getTask('a/b ?ü')).id).toBe('a/b ?ü');
  });

  it('cancels, retries and changes the priority of a task', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    await client.updateTaskPriority(id, 15);
    expect(server.tasks.get(id)?.priority).toBe(15);
    await client.cancelTask(id);
    expect(server.tasks.get(id)?.status).toBe('cancelled');
    await client.retryTask(id);
    expect(server.tasks.get(id)?.status).toBe('pending');
  });
});

describe('a refusal', () => {
  it.each([
    [400, 'invalid_request'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [409, 'conflict'],
    [410, 'gone'],
    [413, 'body_too_large'],
    [418, 'invalid_request'],
    [429, 'queue_full'],
    [500, 'internal'],
    [502, 'engine_error'],
    [503, 'shutting_down'],
    [507, 'storage_full'],
  ])('as plain text with the status %d has the code %s', async (status, code) => {
    const { server, client } = await setUp();
    server.intercept = refusing(status, { error: 'because' });
    const error = await thrownBy(client.getTask('x'));
    expect([error.code, error.message]).toEqual([code, 'because']);
  });

  it('in the OpenAI envelope keeps its own code', async () => {
    const { server, client } = await setUp();
    server.intercept = refusing(429, { error: { message: 'too late', code: 'queue_timeout' } }, { 'retry-after': '7' });
    const error = await thrownBy(client.getTask('x'));
    expect([error.code, error.message, error.retryAfterS]).toEqual(['queue_timeout', 'too late', 7]);
  });

  it.each([
    { error: 'task not found: x' },
    { error: 'failed to get task: task not found' },
    { error: { message: 'there is no such task', code: 'not_found' } },
  ])('about a missing task has the code not_found: %j', async (body) => {
    const { server, client } = await setUp();
    server.intercept = refusing(404, body);
    expect(await thrownBy(client.getTask('x'))).toMatchObject({
      code: 'not_found',
      hint: 'gollama list shows the tasks that are there',
    });
  });

  it('of a path by another program ends a submission that would be sent again otherwise', async () => {
    const { server, client, pauses } = await setUp();
    server.intercept = refusing(404, { error: { message: 'File Not Found', code: 404 } });
    expect((await thrownBy(client.submitTask({ ...TASK, idempotency_key: 'k' }))).code).toBe('unreachable');
    expect(pauses).toEqual([]);
  });

  it.each([
    [404, '404 page not found'],
    [404, '{"error":{"message":"there is no /api/tasks here","type":"invalid_request_error","code":null}}'],
    [404, '{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}'],
    [404, '{"error":"Not Found"}'],
    [200, 'SSH-2.0'],
    [500, '{"error":{}}'],
    [500, 'null'],
  ])('that no gollama server writes is told as another program (%d %s)', async (status, body) => {
    const { server, client } = await setUp();
    server.intercept = refusing(status, body);
    const error = await thrownBy(client.getTask('x'));
    expect([error.code, error.message]).toEqual([
      'unreachable',
      `${server.url}/api/tasks/x answered ${status}, not as a gollama server does`,
    ]);
  });
});

describe('a submission over a broken connection', () => {
  it('is sent again where it has an idempotency key, and is one task', async () => {
    const { server, client } = await setUp();
    await client.listTasks();
    server.intercept = (_, response) => {
      // It does what it is asked for, and the answer is lost.
      if (server.requests.length < 4) response.destroy();
      return false;
    };
    const ids = await client.submitBatch([1, 2].map((item) => ({ ...TASK, idempotency_key: `k${item}` })));
    expect(ids).toEqual([...server.tasks.keys()]);
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  it('is told where it has none: it might become two', async () => {
    const { server, client } = await setUp();
    await client.listTasks();
    server.intercept = (_, response) => {
      response.destroy();
      return true;
    };
    expect((await thrownBy(client.submitTask(TASK))).code).toBe('unreachable');
    expect(server.requests).toHaveLength(2);
  });

  it('is told at once where the server never answered', async () => {
    const { server, client, pauses } = await setUp();
    await server.die();
    expect((await thrownBy(client.submitTask({ ...TASK, idempotency_key: 'k' }))).code).toBe('unreachable');
    expect(pauses).toEqual([]);
  });

  it('is given up after a bounded number of pauses', async () => {
    const { server, client, pauses } = await setUp();
    await client.listTasks();
    await server.die();
    const error = await thrownBy(client.submitBatch([{ ...TASK, idempotency_key: 'k' }]));
    expect(error.code).toBe('unreachable');
    expect(pauses).toHaveLength(20);
    expect(pauses.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    expect(Math.max(...pauses)).toBe(5000);
  });
});

describe('a stream', () => {
  it('tells every event of the answer and ends behind the last', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    server.emit(id, 'state', { status: 'running' });
    server.emit(id, 'reasoning', { text: 'hm' });
    server.emit(id, 'token', { text: 'Hel' });
    server.emit(id, 'token', { text: 'lo\n' });
    server.emit(id, 'tool_call', { index: 0 });
    server.emit(id, 'news', { of: 'later versions' });
    server.end(id, 'completed');
    const events = await all(client.streamTask(id));
    expect(events).toEqual([
      { type: 'state', id: 'a:1', status: 'running' },
      { type: 'reasoning', id: 'a:2', text: 'hm' },
      { type: 'token', id: 'a:3', text: 'Hel' },
      { type: 'token', id: 'a:4', text: 'lo\n' },
      { type: 'tool_call', id: 'a:5', call: { index: 0 } },
      { type: 'done', id: 'a:7', status: 'completed', usage: undefined },
    ]);
  });

  it('ends behind an error too', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    server.end(id, 'failed', { error: 'boom' });
    expect(await all(client.streamTask(id))).toEqual([
      { type: 'error', id: 'a:1', message: 'boom', code: 'engine_error' },
    ]);
  });

  it('goes on from a position', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    for (const text of ['one', 'two']) server.emit(id, 'token', { text });
    server.end(id, 'completed');
    expect(told(await all(client.streamTask(id, { after: 'a:1' })))).toBe('two|done');
  });

  it('goes on across broken connections and a restart, each event once', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    const events: TaskStreamEvent[] = [];
    const following = (async () => {
      for await (const event of client.streamTask(id)) {
        events.push(event);
        if (event.type !== 'token') continue;
        if (event.text === 'one') server.cut();
        if (event.text === 'two') await server.die().then(() => server.listen());
      }
    })();
    await server.streamed(id);
    server.emit(id, 'token', { text: 'one' });
    await server.streamed(id, 2);
    server.emit(id, 'token', { text: 'two' });
    await server.streamed(id, 3);
    server.emit(id, 'token', { text: 'three' });
    server.end(id, 'completed');
    await following;
    expect(told(events)).toBe('one|two|three|done');
    const positions = server.requests.map(({ headers }) => headers['last-event-id']);
    expect(positions).toEqual([undefined, 'a:1', 'a:2']);
  });

  it('begins again, and says so, where the server has lost what it had told', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    const stream = client.streamTask(id);
    server.emit(id, 'token', { text: 'old' });
    expect((await stream.next()).value).toMatchObject({ text: 'old' });
    const rest = all(stream);
    await server.die();
    server.forgetLogs();
    server.emit(id, 'token', { text: 'new' });
    server.end(id, 'completed');
    await server.listen();
    expect(told(await rest)).toBe('restart|new|done');
  });

  it('rejects where the caller has a position that is gone', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    expect((await thrownBy(all(client.streamTask(id, { after: 'z:4' })))).code).toBe('gone');
  });

  it('rejects for a task that is not there', async () => {
    const { client } = await setUp();
    expect((await thrownBy(all(client.streamTask('x')))).message).toBe('task not found: x');
  });

  it('ends where its signal aborts, and leaves the server', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    const leaving = new AbortController();
    const events = client.streamTask(id, { signal: leaving.signal });
    server.emit(id, 'token', { text: 'one' });
    expect((await events.next()).value).toMatchObject({ text: 'one' });
    const next = events.next();
    leaving.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('gives up on a server that does not come back', async () => {
    const { server, client, pauses } = await setUp();
    const { id } = server.add({});
    const events = client.streamTask(id);
    server.emit(id, 'token', { text: 'one' });
    await events.next();
    await server.die();
    expect((await thrownBy(events.next())).code).toBe('unreachable');
    expect(pauses).toHaveLength(20);
  });
});

describe('waiting for a task', () => {
  it('resolves with the task when it has ended, however', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    const waiting = client.waitForTask(id);
    await server.streamed(id);
    server.end(id, 'failed', { error: 'boom' });
    expect(await waiting).toMatchObject({ id, status: 'failed', error: 'boom' });
  });

  it('asks nothing more for a task that has ended', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({ status: 'completed', result: 1 });
    expect((await client.waitForTask(id)).result).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('looks again where the answer is there before the task is put away', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    server.emit(id, 'done', { status: 'completed', usage: null });
    const waiting = client.waitForTask(id);
    await server.streamed(id, 3);
    server.set(id, { status: 'completed' });
    expect((await waiting).status).toBe('completed');
  });

  it('ends as wait_timeout after that time', async () => {
    const server = await FakeTaskServer.start();
    const clock = new ManualClock();
    const client = new Client(server.url, { clock });
    const { id } = server.add({});
    const waiting = thrownBy(client.waitForTask(id, { timeoutMs: 5_000 }));
    await server.streamed(id);
    clock.advance(4_999);
    server.emit(id, 'token', { text: 'still' });
    clock.advance(1);
    expect(await waiting).toMatchObject({ code: 'wait_timeout', exitCode: 10 });
    expect(clock.timers).toBe(0);
  });

  it('ends as cancelled where its signal aborts', async () => {
    const { server, client } = await setUp();
    const { id } = server.add({});
    const leaving = new AbortController();
    const waiting = thrownBy(client.waitForTask(id, { signal: leaving.signal }));
    await server.streamed(id);
    leaving.abort();
    expect((await waiting).code).toBe('cancelled');
  });
});
