/** What users of the reference task queue rely on, one block for each requirement of its contract: its routes. */
import { afterAll, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { COUNTS } from '../support/puppet-ollama.js';
import { chat, LATER, shared, taskServer } from '../support/reference-tasks.js';

afterAll(endAll, 60_000);

/** Servers of several tests: one in which nothing is ever stored, one with four workers, one with one. */
const fresh = shared();
const wide = shared();
const narrow = shared({ workers: 1 });

const UUID_OR_OURS = /^[\w-]{8,}$/;
const JSON_TYPE = 'application/json; charset=utf-8';

describe('TASK-1: POST /api/tasks', () => {
  it('answers with the status that one reader looks for and the id that the other does', async () => {
    const server = await wide();
    const answer = await server.post('/api/tasks', chat('hi', LATER));
    const id = String(answer.json().task_id);
    expect(answer.text).toBe(`{"status":"ok","task_id":"${id}"}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, JSON_TYPE]);
    expect(id).toMatch(UUID_OR_OURS);
    expect((await server.get(id)).id).toBe(id);
  });

  it('takes the id that a client chose, and does not look at the Content-Type', async () => {
    const server = await wide();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense/nonsense']) {
      const task = chat('hi', { ...LATER, id: `mine-${type.length}` });
      const answer = await server.post('/api/tasks', JSON.stringify(task), { 'content-type': type });
      expect(answer.text).toBe(`{"status":"ok","task_id":"mine-${type.length}"}`);
    }
  });

  it.each<[unknown, string | RegExp]>([
    ['', 'EOF'],
    ['{bad', /JSON/],
    [
      chat('hi', { priority: 'soon' }),
      /^json: cannot unmarshal string into Go struct field Task\.priority of type models\.Priority/,
    ],
    [{}, 'task validation failed: task type is required'],
    [{ model: 'm1', payload: {} }, 'task validation failed: task type is required'],
    [{ type: 'chat' }, 'task validation failed: model is required'],
    [{ type: 'chat', payload: { messages: [] } }, 'task validation failed: model is required'],
    [{ type: 'chat', model: 'm1' }, 'task validation failed: payload is required'],
    [{ type: 'nope', model: 'm1' }, 'task validation failed: payload is required'],
    [{ type: 'nope', model: 'm1', payload: {} }, 'task validation failed: unsupported task type: nope'],
  ])('refuses %j with 400 and the text of the reference', async (body, text) => {
    const server = await fresh();
    const answer = await server.post('/api/tasks', body);
    expect([answer.status, answer.headers['content-type']]).toEqual([400, JSON_TYPE]);
    expect(answer.json()).toEqual({ error: typeof text === 'string' ? text : expect.stringMatching(text) });
    expect(await server.list()).toEqual([]);
  });
});

describe('TASK-2: GET /api/tasks', () => {
  it('is a bare array, never null', async () => {
    const { url } = await fresh();
    const answer = await send(`${url}/api/tasks`);
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, JSON_TYPE, '[]']);
  });

  it('honours status, type, priority, limit and offset, repeated as the client of the reference sends them', async () => {
    const server = await taskServer();
    await server.submit(chat('a', { id: 'done' }));
    (await server.ollama.next()).complete();
    await server.becomes('done', 'completed');
    await server.submit(chat('b', { id: 'failed' }));
    (await server.ollama.next()).fail(404);
    await server.becomes('failed', 'failed');
    await server.submit(chat('c', { ...LATER, id: 'chat', priority: 10 }));
    await server.submit({ ...LATER, type: 'embed', model: 'm1', payload: { input: 'x' }, id: 'embed', priority: 7 });
    expect(await server.ids('?status=pending')).toEqual(['chat', 'embed']);
    expect(await server.ids('?status=failed&status=completed')).toEqual(['done', 'failed']);
    expect(await server.ids('?type=embed&type=generate')).toEqual(['embed']);
    expect(await server.ids('?priority=10&priority=7')).toEqual(['chat', 'embed']);
    expect(await server.ids('?status=pending&type=chat&priority=7')).toEqual([]);
    expect(await server.ids('?limit=2')).toEqual(['done', 'failed']);
    expect(await server.ids('?limit=2&offset=1')).toEqual(['failed', 'chat']);
  });

  it('has the order of created_at, the same each time, whatever the ids are', async () => {
    const server = await wide();
    const ids = ['z', 'a', 'm', 'b'];
    for (const id of ids) await server.submit(chat('hi', { ...LATER, id }));
    const tasks = await server.list();
    expect(tasks.map(({ id }) => id).filter((id) => ids.includes(id))).toEqual(ids);
    expect(tasks.map(({ created_at }) => created_at)).toEqual(tasks.map(({ created_at }) => created_at).toSorted());
    await server.post('/api/tasks/a/priority', { priority: 15 });
    expect(await server.ids()).toEqual(tasks.map(({ id }) => id));
  });
});

describe('TASK-3: GET /api/tasks/:id', () => {
  it('is the Task of the reference, member by member, with the whole final object as its result', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).complete('hello world');
    const report = await server.becomes(id, 'completed');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    const known = {
      id,
      type: 'chat',
      priority: 5,
      status: 'completed',
      model: 'm1',
      payload: { messages: [{ role: 'user', content: 'hi' }] },
      options: null,
      created_at: time,
      started_at: time,
      completed_at: time,
      result: {
        model: 'm1',
        created_at: '2025-01-01T00:00:00Z',
        message: { role: 'assistant', content: 'hello world' },
        done: true,
        done_reason: 'stop',
        ...COUNTS,
      },
      retry_count: 0,
      max_retries: 3,
    };
    expect(report).toEqual({ ...known, executed_on: 'ollama' });
    expect(Object.keys(report).slice(0, Object.keys(known).length)).toEqual(Object.keys(known));
  });

  it('has the error of a task that failed for good, in the words of the reference', async () => {
    const server = await wide();
    const id = await server.submit({ type: 'embed', model: 'm1', payload: { input: 'x' }, max_retries: 2 });
    for (const call of await server.ollama.take(1)) call.fail(500);
    for (let retry = 0; retry < 2; retry += 1) (await server.ollama.next()).fail(500);
    const report = await server.becomes(id, 'failed');
    expect(report).toMatchObject({
      error: 'embed execution failed: ollama: request failed with status 500: boom',
      retry_count: 2,
      max_retries: 2,
    });
    expect(report.completed_at).toBeDefined();
    expect(report.result).toBeUndefined();
  });

  it('is 404 with a text for an id that nobody knows', async () => {
    const { url } = await fresh();
    const answer = await send(`${url}/api/tasks/nope`);
    expect([answer.status, answer.text]).toEqual([404, '{"error":"task not found: nope"}']);
  });
});

describe('TASK-4: POST /api/tasks/:id/cancel', () => {
  it('ends a waiting task, without a body', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi', LATER));
    const answer = await server.post(`/api/tasks/${id}/cancel`);
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect(await server.get(id)).toMatchObject({ status: 'cancelled', completed_at: expect.any(String) });
  });

  it('aborts the call of a running task, which stays cancelled and is not tried again', async () => {
    const server = await narrow();
    const before = server.ollama.count;
    const id = await server.submit(chat('long'));
    const call = await server.ollama.next();
    call.say('so');
    expect((await server.post(`/api/tasks/${id}/cancel`)).text).toBe('{"status":"ok"}');
    await call.abandoned;
    const next = await server.submit(chat('next'));
    const after = await server.ollama.next();
    expect(after.asked).toBe('next');
    after.complete();
    await server.becomes(next, 'completed');
    expect(await server.get(id)).toMatchObject({ status: 'cancelled', retry_count: 0 });
    expect(server.ollama.count - before).toBe(2);
  });

  it('leaves the record of a finished task as it is', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).complete();
    const before = await server.becomes(id, 'completed');
    expect((await server.post(`/api/tasks/${id}/cancel`)).text).toBe('{"status":"ok"}');
    expect(await server.get(id)).toEqual(before);
  });
});

describe('TASK-5: POST /api/tasks/:id/priority', () => {
  it('moves a waiting task before the others', async () => {
    const server = await narrow();
    const [held] = await server.busy();
    for (const id of ['one', 'two', 'three']) await server.submit(chat(id, { id }));
    const answer = await server.post('/api/tasks/three/priority', { priority: 12 });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect((await server.get('three')).priority).toBe(12);
    held?.complete();
    const order: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      const call = await server.ollama.next();
      order.push(call.asked);
      call.complete();
    }
    expect(order).toEqual(['three', 'one', 'two']);
  });

  it('leaves a finished task as it is, and refuses what is no integer in the words of the reference', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).complete();
    const before = await server.becomes(id, 'completed');
    expect((await server.post(`/api/tasks/${id}/priority`, { priority: 15 })).text).toBe('{"status":"ok"}');
    expect(await server.get(id)).toEqual(before);
    const refused = await server.post(`/api/tasks/${id}/priority`, { priority: 'soon' });
    expect(refused.status).toBe(400);
    expect(refused.json().error).toMatch(
      /^json: cannot unmarshal string into Go struct field \.priority of type models\.Priority/,
    );
  });
});

describe('TASK-6: GET /api/status', () => {
  it('begins with the nine fields of the reference, of a fresh server too', async () => {
    const { url } = await fresh();
    const answer = await send(`${url}/api/status`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, JSON_TYPE]);
    expect(answer.text).toMatch(
      /^\{"pending_tasks":0,"running_tasks":0,"completed_tasks":0,"failed_tasks":0,"cancelled_tasks":0,"total_tasks":0,"queues_by_priority":\{"1":0,"5":0,"10":0,"15":0\},"workers_active":0,"workers_idle":4,/,
    );
  });

  it('counts what waits by priority, what runs, and what has ended', async () => {
    const server = await taskServer({ workers: 2 });
    const held = await server.busy();
    for (const priority of [5, 5, 7, -3]) await server.submit(chat('hi', { priority }));
    expect(await server.stats()).toMatchObject({
      pending_tasks: 4,
      running_tasks: 2,
      total_tasks: 6,
      queues_by_priority: { '-3': 1, '1': 0, '5': 2, '7': 1, '10': 0, '15': 0 },
      workers_active: 2,
      workers_idle: 0,
    });
    for (const call of held) call.complete();
    for (let at = 0; at < 4; at += 1) (await server.ollama.next()).complete();
    await eventually('all are completed', async () => (await server.stats()).completed_tasks === 6);
  });
});
