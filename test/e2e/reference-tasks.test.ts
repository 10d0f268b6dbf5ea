/** What users of the reference task queue rely on, one block for each requirement of its contract: its tasks and its socket. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { TaskReport } from '../../src/protocol/task.js';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { GollamaProcess, gollama } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import { ManualClock } from '../support/manual-clock.js';
import { makePlace } from '../support/place.js';
import { COUNTS, PuppetOllama } from '../support/puppet-ollama.js';
import { chat, shared, TaskClient, taskServer } from '../support/reference-tasks.js';
import { startApp } from '../support/start-app.js';
import { SocketWatch } from '../support/task-gateway.js';

afterAll(endAll, 60_000);

/** Servers of several tests: one in which nothing is ever stored, one with four workers, one with one. */
const fresh = shared();
const wide = shared();
const narrow = shared({ workers: 1 });

const UUID_OR_OURS = /^[\w-]{8,}$/;
const LATER = { delay: '1h' };
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

describe('TASK-7: priorities', () => {
  it('are any integers, the higher ones first', async () => {
    const server = await wide();
    const held = await server.busy();
    for (const priority of [1, 5, 5, 10, 15, 20, 0, -3, 7]) await server.submit(chat(`${priority}`, { priority }));
    for (const call of held) call.complete();
    const starts = async (count: number) => {
      const calls = await server.ollama.take(count);
      for (const call of calls) call.complete();
      return calls.map(({ asked }) => Number(asked)).toSorted((left, right) => right - left);
    };
    expect(await starts(4)).toEqual([20, 15, 10, 7]);
    expect(await starts(4)).toEqual([5, 5, 1, 0]);
    expect(await starts(1)).toEqual([-3]);
  });

  it('are normal where none is given, and inside one the first to come goes first', async () => {
    const server = await narrow();
    const [held] = await server.busy();
    const asked = ['low', 'one', 'two', 'three', 'high'];
    const priorities = [{ priority: 1 }, {}, { priority: 5 }, {}, { priority: 10 }];
    for (const [at, more] of priorities.entries()) await server.submit(chat(asked[at] ?? '', more));
    expect((await server.list('?status=pending')).map(({ priority }) => priority)).toEqual([1, 5, 5, 5, 10]);
    held?.complete();
    const order: string[] = [];
    for (const _ of asked) {
      const call = await server.ollama.next();
      order.push(call.asked);
      call.complete();
    }
    expect(order).toEqual(['high', 'one', 'two', 'three', 'low']);
  });
});

describe('TASK-8: types, payloads and options', () => {
  const USER = { role: 'user', content: 'hi' };
  it.each<[string, object, string, object]>([
    ['chat', { messages: [USER] }, '/api/chat', { messages: [USER], stream: true }],
    [
      'chat',
      { messages: [USER], system: 'be brief', stream: false },
      '/api/chat',
      { messages: [{ role: 'system', content: 'be brief' }, USER], stream: true },
    ],
    ['chat', { messages: [] }, '/api/chat', { stream: true }],
    ['generate', { prompt: 'p' }, '/api/generate', { prompt: 'p', stream: true }],
    [
      'generate',
      { prompt: 'p', system: 's', template: '{{ .Prompt }}', raw: true },
      '/api/generate',
      { prompt: 'p', system: 's', template: '{{ .Prompt }}', raw: true, stream: true },
    ],
    ['embed', { input: ['a', 'b'], truncate: false }, '/api/embed', { input: ['a', 'b'], truncate: false }],
  ])('call Ollama as the reference does, and stream: %s %j', async (type, payload, path, body) => {
    const server = await wide();
    const id = await server.submit({ type, model: 'm1', payload });
    const call = await server.ollama.next();
    expect([call.path, call.json]).toEqual([path, { model: 'm1', ...body }]);
    call.complete('hello world');
    const { result } = await server.becomes(id, 'completed');
    expect(result).toMatchObject(
      {
        chat: { done: true, message: { role: 'assistant', content: 'hello world' }, eval_count: 2 },
        generate: { done: true, response: 'hello world', eval_count: 2 },
        embed: { model: 'm1', embeddings: [[0.5, -0.25]], prompt_eval_count: 3 },
      }[type] as object,
    );
  });

  it('pass the options on, and echo them', async () => {
    const server = await wide();
    const options = { temperature: 0.2, num_predict: 5, stop: ['x'] };
    const id = await server.submit(chat('hi', { options }));
    const call = await server.ollama.next();
    expect(call.json.options).toEqual(options);
    call.complete();
    expect((await server.becomes(id, 'completed')).options).toEqual(options);
  });
});

describe('TASK-9: retries', () => {
  const clock = new ManualClock();
  const timed = shared({ clock, retry: '{initial_delay: 1s, max_delay: 5s, backoff_factor: 2.0}' });

  it('come after min(initial * factor^retry_count, max), 1 + max_retries attempts in all', async () => {
    const server = await timed();
    const { count: before } = server.ollama;
    const id = await server.submit(chat('hi', { max_retries: 4 }));
    for (const [count, delayMs] of [1_000, 2_000, 4_000, 5_000].entries()) {
      (await server.ollama.next()).fail(500);
      const waiting = await eventually('it waits', async () => {
        const report = await server.get(id);
        return report.retry_count === count + 1 && report.status === 'pending' && report;
      });
      expect(Date.parse(waiting.scheduled_at ?? '') - clock.epoch()).toBe(delayMs);
      await clock.advanceAsync(delayMs);
    }
    (await server.ollama.next()).fail(500);
    expect(await server.becomes(id, 'failed')).toMatchObject({ retry_count: 4, error: expect.stringMatching(/boom$/) });
    expect(server.ollama.count - before).toBe(5);
  });

  it('clear the error when one succeeds', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(500);
    const second = await server.ollama.next();
    expect((await server.get(id)).error).toMatch(/boom$/);
    second.complete();
    const report = await server.becomes(id, 'completed');
    expect([report.retry_count, report.error]).toEqual([1, undefined]);
  });

  it('are ended by a cancel', async () => {
    const server = await timed();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(500);
    await server.waits(id);
    await server.post(`/api/tasks/${id}/cancel`);
    await clock.advanceAsync(10_000);
    await server.submit(chat('next'));
    const next = await server.ollama.next();
    expect(next.asked).toBe('next');
    next.complete();
    expect(await server.get(id)).toMatchObject({ status: 'cancelled' });
  });

  it.each([
    [400, 'failed'],
    [404, 'failed'],
    [408, 'completed'],
    [429, 'completed'],
    [503, 'completed'],
  ] as const)('after status %d: the task is then %s', async (status, end) => {
    const server = await wide();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(status);
    if (end === 'completed') (await server.ollama.next()).complete();
    expect((await server.becomes(id, end)).retry_count).toBe(end === 'completed' ? 1 : 0);
  });
});

describe('TASK-10: persistence', () => {
  it('keeps what waits over kill -9, runs what ran again exactly once, and keeps the time of a retry', {
    timeout: 60_000,
  }, async () => {
    const ollama = await PuppetOllama.start();
    const place = makePlace();
    const retry = 'retry_config: {initial_delay: 1h, max_delay: 1h}';
    const file = place.write('q.yaml', `ollama_host: "${ollama.url}"\nmax_workers: 1\n${retry}\n`);
    const first = await GollamaProcess.serve(['-c', file], { place });
    const before = new TaskClient(first.url);
    await before.submit(chat('retried', { id: 'retried' }));
    (await ollama.next()).fail(500);
    const waiting = await before.waits('retried');
    await before.submit(chat('running', { id: 'running' }));
    const cut = await ollama.next();
    await before.submit(chat('pending', { id: 'pending' }));
    first.kill();
    await Promise.all([first.ended, cut.abandoned]);
    const second = await GollamaProcess.serve(['-c', file], { place });
    const after = new TaskClient(second.url);
    for (const id of ['running', 'pending']) {
      const call = await ollama.next();
      expect(call.asked).toBe(id);
      call.complete();
      await after.becomes(id, 'completed');
    }
    expect(await after.get('retried')).toEqual(waiting);
    expect(ollama.count).toBe(4);
  });

  it('starts again after a cleanup', async () => {
    const place = makePlace();
    const setup = { place, yaml: 'max_completed_tasks: 1' };
    const first = await taskServer(setup);
    for (let at = 0; at < 4; at += 1) {
      const id = await first.submit(chat(`${at}`));
      (await first.ollama.next()).complete();
      await first.becomes(id, 'completed').catch(() => {});
    }
    await eventually('some are removed', async () => (await first.list()).length < 4);
    await first.app.stop();
    const second = await taskServer({ ...setup, ollama: first.ollama });
    const id = await second.submit(chat('again'));
    (await second.ollama.next()).complete();
    await second.becomes(id, 'completed');
  });
});

describe('TASK-11: retention', () => {
  it('keeps max_completed_tasks, removes the oldest first, and all of them after 24 intervals', async () => {
    const clock = new ManualClock();
    const server = await taskServer({ clock, yaml: 'cleanup_interval: 1m\nmax_completed_tasks: 2' });
    for (const id of ['a', 'b', 'c']) {
      await server.submit(chat(id, { id }));
      (await server.ollama.next()).complete();
      await server.becomes(id, 'completed');
      await clock.advanceAsync(1);
    }
    await server.submit(chat('later', { id: 'later', delay: '100h' }));
    await clock.advanceAsync(60_000);
    await eventually('two are kept', async () => (await server.ids()).join() === 'b,c,later');
    await clock.advanceAsync(25 * 60_000);
    await eventually('none is kept', async () => (await server.ids()).join() === 'later');
  });
});

describe('WS-1: /ws', () => {
  const watch = (url: string, headers = {}) => new SocketWatch(`${url.replace('http', 'ws')}/ws`, [], headers).opened();

  it('tells the whole array and a newline, at once and at every change, as GET /api/tasks has it', async () => {
    expect(await (await watch((await fresh()).url)).frame(1)).toBe('[]\n');
    const server = await wide();
    const client = await watch(server.url);
    const id = await server.submit(chat('hi'));
    const states = () =>
      client.frames.map((frame) => (JSON.parse(frame) as TaskReport[]).find((task) => task.id === id)?.status);
    (await server.ollama.next()).complete();
    await server.becomes(id, 'completed');
    await eventually('its end is told', () => states().at(-1) === 'completed');
    expect(client.frames.at(-1)).toBe(`${(await send(`${server.url}/api/tasks`)).text}\n`);
  });

  it('tells a burst of changes in a few frames', async () => {
    const server = await wide();
    const client = await watch(server.url);
    const { length } = JSON.parse(await client.frame(1)) as unknown[];
    const tasks = Array.from({ length: 200 }, (_, at) => chat(`${at}`, LATER));
    await server.post('/api/tasks/batch', { tasks });
    await eventually(
      'all are told',
      () => (JSON.parse(client.frames.at(-1) ?? '') as unknown[]).length === length + 200,
    );
    expect(client.frames.length).toBeLessThan(20);
  });

  it('does not listen to what clients say', async () => {
    const server = await wide();
    const client = await watch(server.url);
    const { length } = JSON.parse(await client.frame(1)) as unknown[];
    client.socket.send('{nonsense');
    await server.submit(chat('hi', LATER));
    expect(JSON.parse(await client.frame(2))).toHaveLength(length + 1);
  });

  it('is for pages of origins that the configuration names, and is 400 without an upgrade', async () => {
    const closed = await fresh();
    const origin = { origin: 'https://app.example' };
    await expect(watch(closed.url, origin)).rejects.toThrow('403');
    const open = await taskServer({ yaml: 'server: {cors_origins: ["https://app.example"]}' });
    expect(await (await watch(open.url, origin)).frame(1)).toBe('[]\n');
    const plain = await send(`${open.url}/ws`);
    expect([plain.status, plain.text.trim()]).toEqual([400, 'Bad Request']);
  });
});

describe('WS-2: events', () => {
  const events = async (url: string, query = '') => {
    const client = new SocketWatch(`${url.replace('http', 'ws')}/ws?format=events${query}`);
    await client.opened();
    const names = () => client.frames.map((frame) => (JSON.parse(frame) as { event: string }).event);
    return { client, names };
  };

  it('have the five names of the reference, and task_failed', async () => {
    const server = await narrow();
    const { client, names } = await events(server.url);
    const [held] = await server.busy();
    await server.submit(chat('hi', { id: 'event-a', max_retries: 0 }));
    await server.post('/api/tasks/event-a/priority', { priority: 10 });
    await server.submit(chat('hi', { id: 'event-b' }));
    await server.post('/api/tasks/event-b/cancel');
    held?.complete();
    (await server.ollama.next()).fail(500);
    await eventually('the failure is told', () => names().includes('task_failed'));
    expect(names()).toEqual([
      'task_submitted',
      'task_started',
      'task_submitted',
      'priority_updated',
      'task_submitted',
      'task_cancelled',
      'task_completed',
      'task_started',
      'task_failed',
    ]);
    expect(JSON.parse(client.frames[5] ?? '')).toMatchObject({
      event: 'task_cancelled',
      task_id: 'event-b',
      status: 'cancelled',
      timestamp: expect.stringMatching(/Z$/),
    });
  });

  it('are only those that were asked for', async () => {
    const server = await wide();
    const { names } = await events(server.url, '&types=task_completed,task_cancelled');
    await server.submit(chat('hi', { ...LATER, id: 'event-c' }));
    await server.submit(chat('hi'));
    (await server.ollama.next()).complete();
    await eventually('the end is told', () => names().length === 1);
    await server.post('/api/tasks/event-c/cancel');
    await eventually('the cancel is told', () => names().length === 2);
    expect(names()).toEqual(['task_completed', 'task_cancelled']);
  });
});

describe('CLI-1: the commands', () => {
  const run = async (args: readonly string[], server = wide) => {
    const { url } = await server();
    const ended = await gollama(args, { env: { GOLLAMA_URL: url } });
    return ended;
  };
  const timeOf = (time: string | undefined) => String(time).slice(0, 19).replace('T', ' ');

  it('submit prints the form of the reference, with the real id, and does not split messages at commas', async () => {
    const server = await wide();
    const args = ['submit', 'embed', '--model', 'm1', '--input', 'x', '--output', 'json'];
    const embed = await run(args);
    const call = await server.ollama.next();
    call.complete();
    const id = String((JSON.parse(embed.stdout) as { task_id: string }).task_id);
    expect(embed.stdout).toBe(
      `{\n  "model": "m1",\n  "status": "submitted",\n  "task_id": "${id}",\n  "type": "embed"\n}\n`,
    );
    expect((await server.becomes(id, 'completed')).payload).toEqual({ input: 'x' });
    const messages = ['--messages', 'user:Hello, how are you?', '--messages', 'assistant:fine: thanks'];
    const chatted = await run(['submit', 'chat', '--model', 'm1', ...messages, '--output', 'text']);
    const asked = await server.ollama.next();
    expect(asked.json.messages).toEqual([
      { role: 'user', content: 'Hello, how are you?' },
      { role: 'assistant', content: 'fine: thanks' },
    ]);
    asked.complete();
    expect([chatted.code, chatted.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Task submitted successfully\nTask ID: [\w-]{8,}\nType: chat\nModel: m1\nStatus: submitted\n$/,
      ),
    ]);
  });

  it('list prints the table of the reference byte for byte', async () => {
    const server = await wide();
    const empty = await run(['list', '--output', 'table'], fresh);
    expect(empty).toMatchObject({ code: 0, stdout: 'No tasks found\n' });
    await server.submit(chat('x', { id: 'fail-x', model: 'fail2', max_retries: 0 }));
    (await server.ollama.next()).fail(500);
    const { created_at, completed_at } = await server.becomes('fail-x', 'failed');
    const shown = await run(['list', '--status', 'failed', '--limit', '1']);
    expect(shown.stdout).toBe(
      [
        'ID                                   TYPE       PRIORITY STATUS     MODEL           CREATED              COMPLETED           ',
        '-'.repeat(136),
        `fail-x                               chat       normal   failed     fail2           ${timeOf(created_at)}  ${timeOf(completed_at)} `,
        '',
        `Total: ${(await server.list('?status=failed')).length} tasks`,
        '',
      ].join('\n'),
    );
  });

  it('status prints the sections of the reference byte for byte, of the queue and of a task', async () => {
    const server = await wide();
    const table = await run(['status', '--output', 'table'], fresh);
    expect(table.stdout).toBe(QUEUE_TABLE);
    const id = await server.submit(chat('crash', { id: 'crash-1' }));
    (await server.ollama.next()).complete();
    const { created_at, started_at, completed_at } = await server.becomes(id, 'completed');
    const shown = await run(['status', id, '--output', 'table']);
    const head = [
      'Task Status: crash-1',
      '===================',
      'Type:        chat',
      'Model:       m1',
      'Status:      completed',
      'Priority:    5',
      `Created:     ${timeOf(created_at)}`,
      `Started:     ${timeOf(started_at)}`,
      `Completed:   ${timeOf(completed_at)}`,
      '',
      'Payload:',
      '========',
      'Messages:    1',
      '',
    ];
    expect(shown.stdout.slice(0, head.join('\n').length)).toBe(head.join('\n'));
  });

  it('priority and cancel print the lines of the reference, and end with an error where the server refused', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi', LATER));
    expect(await run(['priority', id, 'high'])).toMatchObject({
      code: 0,
      stdout: `Task ${id} priority updated to high (10)\n`,
    });
    expect(await run(['cancel', id])).toMatchObject({ code: 0, stdout: `Task ${id} cancelled successfully\n` });
    const unknown = await run(['cancel', 'nope']);
    expect(unknown).toMatchObject({ code: 5, stdout: '' });
    expect(unknown.stderr).toMatch(/^Failed to cancel task nope: task not found: nope\n/);
    expect(await run(['status', 'nope'])).toMatchObject({ code: 5, stdout: '' });
  });
});

const QUEUE_TABLE = `Queue Statistics:
================
Pending Tasks:   0
Running Tasks:   0
Completed Tasks: 0
Failed Tasks:    0
Cancelled Tasks: 0
Total Tasks:     0

Worker Statistics:
==================
Active Workers:  0
Idle Workers:    4

Priority Queues:
================
Low       : 0 tasks
Normal    : 0 tasks
High      : 0 tasks
Critical  : 0 tasks
`;

describe('CLI-2: submit batch', () => {
  it('takes the file of the reference, prints real ids, and --sync waits for their ends', async () => {
    const server = await wide();
    const place = makePlace();
    place.write(
      'batch.json',
      JSON.stringify([
        { type: 'chat', model: 'm1', priority: 'high', system: 's', messages: [{ role: 'user', content: 'a, b' }] },
        { type: 'generate', model: 'm1', priority: 15, prompt: 'p', scheduled_at: '2020-01-01T00:00:00Z' },
        { type: 'embed', model: 'm1', input: 'x' },
      ]),
    );
    const args = ['submit', 'batch', '--file', 'batch.json', '--sync'];
    const running = gollama(args, { place, env: { GOLLAMA_URL: server.url } });
    const calls = await server.ollama.take(3);
    for (const call of calls) call.complete();
    const ended = await running;
    expect([ended.code, calls.map(({ asked }) => asked).toSorted()]).toEqual([0, ['a, b', 'p', 'x']]);
    const ids = ended.stdout.trimEnd().split('\n');
    const tasks = await Promise.all(ids.map((id) => server.get(id)));
    expect(tasks.map(({ type, priority, status }) => [type, priority, status])).toEqual([
      ['chat', 10, 'completed'],
      ['generate', 15, 'completed'],
      ['embed', 5, 'completed'],
    ]);
  });
});

describe('LIB-1: the library, as it is installed', () => {
  const library = () =>
    import(new URL('../../dist/src/index.js', import.meta.url).href) as Promise<typeof import('../../src/index.js')>;

  it('has the embedded queue with the names of the reference in camelCase', async () => {
    const { QueueManager, newChatTask, newGenerateTask, newEmbedTask, Priority } = await library();
    const ollama = await PuppetOllama.start();
    const manager = new QueueManager({
      ollamaHost: ollama.url,
      ollamaTimeout: '5m',
      maxWorkers: 4,
      storagePath: makePlace().dataDir,
      cleanupInterval: '1h',
      maxCompletedTasks: 1000,
      schedulingInterval: '1s',
      retryConfig: { maxRetries: 3, initialDelay: 5, maxDelay: 20, backoffFactor: 2 },
      logLevel: 'silent',
    });
    atEnd(() => manager.close());
    await manager.start();
    await manager.start();
    const events = manager.subscribe(['task_completed', 'task_cancelled']);
    const ask = newChatTask('m1', [{ role: 'user', content: 'hi' }], { priority: Priority.High, maxRetries: 1 });

    const results: unknown[] = [];
    const called = new Promise<void>((resolve) => {
      void manager.submitTaskWithCallback(ask, (result) => {
        results.push(result);
        resolve();
      });
    });
    (await ollama.next()).fail(500);
    const again = await ollama.next();
    expect(results).toEqual([]);
    again.complete('hello world');
    await called;
    expect(results).toMatchObject([{ success: true, data: { message: { content: 'hello world' } } }]);

    const stream = manager.submitStreamingTask(ask);
    const call = await ollama.next();
    for (const piece of ['hel', 'lo ', 'world']) call.say(piece);
    call.finish();
    let told = '';
    for await (const chunk of stream) told += chunk.data;
    expect(told).toBe('hello world');

    const batch = manager.submitBatchTasks([newGenerateTask('m1', 'first'), newEmbedTask('m1', 'second')]);
    for (const one of (await ollama.take(2)).toReversed()) one.complete('text');
    expect(await batch).toMatchObject([{ data: { response: 'text' } }, { data: { embeddings: [[0.5, -0.25]] } }]);

    const id = await manager.submitTask(newChatTask('m1', [], { delay: '1h' }));
    await manager.updateTaskPriority(id, Priority.Critical);
    expect(await manager.getTask(id)).toMatchObject({ id, priority: 15 });
    await manager.cancelTask(id);
    expect(await manager.getTaskStatus(id)).toBe('cancelled');
    expect(await manager.listTasks({ status: ['cancelled'] })).toHaveLength(1);
    expect(await manager.getQueueStats()).toMatchObject({ completed_tasks: 4, cancelled_tasks: 1 });
    const seen: string[] = [];
    for await (const event of events) {
      seen.push(event.type);
      if (event.type === 'task_cancelled') break;
    }
    expect(seen).toEqual([...Array.from({ length: 4 }, () => 'task_completed'), 'task_cancelled']);
    manager.unsubscribe(events);
    await manager.stop();
  });

  it('has the HTTP client of the reference', async () => {
    const { Client, newChatTask } = await library();
    const server = await wide();
    const client = new Client(server.url.replace('http://', ''));
    const id = await client.submitTask(newChatTask('m1', [{ role: 'user', content: 'hi' }], { delay: '1h' }));
    await client.updateTaskPriority(id, 10);
    expect(await client.getTask(id)).toMatchObject({ id, priority: 10, status: 'pending' });
    await client.cancelTask(id);
    expect((await client.listTasks({ status: ['cancelled'] })).tasks.map((task) => task.id)).toContain(id);
    expect((await client.getQueueStats()).workers_idle).toBe(4);
  });
});

describe('CFG-1: the files and variables of the reference', () => {
  const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
  const files = { nested: read('reference-task-queue.yaml'), flat: read('reference-task-queue-flat.yaml') };

  it('are found where the reference looks, read unchanged, and not written: ~/.ollama-queue/config.yaml', {
    timeout: 40_000,
  }, async () => {
    const ollama = await PuppetOllama.start();
    const place = makePlace();
    const text = `${files.nested.replace('http://gpu-box:11434', ollama.url)}colour: red\n`;
    const path = place.write(`${place.home}/.ollama-queue/config.yaml`, text);
    const server = await GollamaProcess.serve([], { place });
    const client = new TaskClient(server.url);
    expect(await client.stats()).toMatchObject({ workers_idle: 8 });
    const id = await client.submit(chat('hi'));
    (await ollama.next()).complete();
    expect(await client.becomes(id, 'completed')).toMatchObject({ max_retries: 5 });
    expect(server.records.some(({ level, msg, ...rest }) => /colour/.test(JSON.stringify([level, msg, rest])))).toBe(
      true,
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('work in the flat spelling too, as JSON', async () => {
    const ollama = await PuppetOllama.start({ answer: (call) => call.complete() });
    const app = await startApp(JSON.stringify(parse(files.flat)).replace('http://gpu-box:11434', ollama.url));
    const client = new TaskClient(app.url);
    expect(await client.stats()).toMatchObject({ workers_idle: 8 });
    const id = await client.submit(chat('hi'));
    expect(await client.becomes(id, 'completed')).toMatchObject({ max_retries: 5 });
  });

  it('come after flags and the environment', { timeout: 40_000 }, async () => {
    const [ofFile, ofFlag] = [await PuppetOllama.start(), await PuppetOllama.start()];
    const place = makePlace();
    place.write('config.yaml', files.flat.replace('http://gpu-box:11434', ofFile.url));
    const env = { OLLAMA_HOST: 'http://127.0.0.1:1', QUEUE_MAX_WORKERS: '3' };
    const server = await GollamaProcess.serve(['--ollama-host', ofFlag.url], { place, env });
    const client = new TaskClient(server.url);
    expect(await client.stats()).toMatchObject({ workers_idle: 3 });
    const id = await client.submit(chat('hi'));
    (await ofFlag.next()).complete();
    expect(await client.becomes(id, 'completed')).toMatchObject({ max_retries: 5 });
    expect(ofFile.count).toBe(0);
  });
});
