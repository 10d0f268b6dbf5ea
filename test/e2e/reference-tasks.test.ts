/** What users of the reference task queue rely on, one block for each requirement of its contract: its tasks and its socket. */
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { GollamaProcess } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import { ManualClock } from '../support/manual-clock.js';
import { makePlace } from '../support/place.js';
import { COUNTS, PuppetOllama } from '../support/puppet-ollama.js';
import { chat, TaskClient, taskServer } from '../support/reference-tasks.js';
import { SocketWatch } from '../support/task-gateway.js';

afterEach(endAll);

const UUID_OR_OURS = /^[\w-]{8,}$/;
const LATER = { delay: '1h' };
const JSON_TYPE = 'application/json; charset=utf-8';

describe('TASK-1: POST /api/tasks', () => {
  it('answers with the status that one reader looks for and the id that the other does', async () => {
    const server = await taskServer();
    const answer = await server.post('/api/tasks', chat('hi', LATER));
    const id = String(answer.json().task_id);
    expect(answer.text).toBe(`{"status":"ok","task_id":"${id}"}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, JSON_TYPE]);
    expect(id).toMatch(UUID_OR_OURS);
    expect((await server.get(id)).id).toBe(id);
  });

  it('takes the id that a client chose, and does not look at the Content-Type', async () => {
    const server = await taskServer();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
      const task = chat('hi', { ...LATER, id: `mine-${type}` });
      const answer = await server.post('/api/tasks', JSON.stringify(task), { 'content-type': type });
      expect(answer.text).toBe(`{"status":"ok","task_id":"mine-${type}"}`);
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
    const server = await taskServer();
    const answer = await server.post('/api/tasks', body);
    expect([answer.status, answer.headers['content-type']]).toEqual([400, JSON_TYPE]);
    expect(answer.json()).toEqual({ error: typeof text === 'string' ? text : expect.stringMatching(text) });
    expect(await server.list()).toEqual([]);
  });
});

describe('TASK-2: GET /api/tasks', () => {
  it('is a bare array, never null', async () => {
    const { url } = await taskServer();
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
    const server = await taskServer();
    const ids = ['z', 'a', 'm', 'b'];
    for (const id of ids) await server.submit(chat('hi', { ...LATER, id }));
    const tasks = await server.list();
    expect(tasks.map(({ id }) => id)).toEqual(ids);
    expect(tasks.map(({ created_at }) => created_at)).toEqual(tasks.map(({ created_at }) => created_at).toSorted());
    await server.post('/api/tasks/a/priority', { priority: 15 });
    expect(await server.ids()).toEqual(ids);
  });
});

describe('TASK-3: GET /api/tasks/:id', () => {
  it('is the Task of the reference, member by member, with the whole final object as its result', async () => {
    const server = await taskServer();
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
    const server = await taskServer();
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
    const { url } = await taskServer();
    const answer = await send(`${url}/api/tasks/nope`);
    expect([answer.status, answer.text]).toEqual([404, '{"error":"task not found: nope"}']);
  });
});

describe('TASK-4: POST /api/tasks/:id/cancel', () => {
  it('ends a waiting task, without a body', async () => {
    const server = await taskServer();
    const id = await server.submit(chat('hi', LATER));
    const answer = await server.post(`/api/tasks/${id}/cancel`);
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect(await server.get(id)).toMatchObject({ status: 'cancelled', completed_at: expect.any(String) });
  });

  it('aborts the call of a running task, which stays cancelled and is not tried again', async () => {
    const server = await taskServer({ workers: 1 });
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
    expect(server.ollama.count).toBe(2);
  });

  it('leaves the record of a finished task as it is', async () => {
    const server = await taskServer();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).complete();
    const before = await server.becomes(id, 'completed');
    expect((await server.post(`/api/tasks/${id}/cancel`)).text).toBe('{"status":"ok"}');
    expect(await server.get(id)).toEqual(before);
  });
});

describe('TASK-5: POST /api/tasks/:id/priority', () => {
  it('moves a waiting task before the others', async () => {
    const server = await taskServer({ workers: 1 });
    const [held] = await server.busy();
    for (const id of ['a', 'b', 'c']) await server.submit(chat(id, { id }));
    const answer = await server.post('/api/tasks/c/priority', { priority: 12 });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect((await server.get('c')).priority).toBe(12);
    held?.complete();
    const order: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      const call = await server.ollama.next();
      order.push(call.asked);
      call.complete();
    }
    expect(order).toEqual(['c', 'a', 'b']);
  });

  it('leaves a finished task as it is, and refuses what is no integer in the words of the reference', async () => {
    const server = await taskServer();
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
    const { url } = await taskServer();
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
    for (const call of await server.ollama.take(4)) call.complete();
    await eventually('all are completed', async () => (await server.stats()).completed_tasks === 6);
  });
});

describe('TASK-7: priorities', () => {
  it('are any integers, the higher ones first', async () => {
    const server = await taskServer();
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
    const server = await taskServer({ workers: 1 });
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
    const server = await taskServer();
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
    const server = await taskServer();
    const options = { temperature: 0.2, num_predict: 5, stop: ['x'] };
    const id = await server.submit(chat('hi', { options }));
    const call = await server.ollama.next();
    expect(call.json.options).toEqual(options);
    call.complete();
    expect((await server.becomes(id, 'completed')).options).toEqual(options);
  });
});

describe('TASK-9: retries', () => {
  it('come after min(initial * factor^retry_count, max), 1 + max_retries attempts in all', async () => {
    const clock = new ManualClock();
    const retry = '{initial_delay: 1s, max_delay: 5s, backoff_factor: 2.0}';
    const server = await taskServer({ clock, retry });
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
    expect(server.ollama.count).toBe(5);
  });

  it('clear the error when one succeeds', async () => {
    const server = await taskServer();
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(500);
    const second = await server.ollama.next();
    expect((await server.get(id)).error).toMatch(/boom$/);
    second.complete();
    const report = await server.becomes(id, 'completed');
    expect([report.retry_count, report.error]).toEqual([1, undefined]);
  });

  it('are ended by a cancel', async () => {
    const clock = new ManualClock();
    const server = await taskServer({ clock, retry: '{initial_delay: 1s}' });
    const id = await server.submit(chat('hi'));
    (await server.ollama.next()).fail(500);
    await server.waits(id);
    await server.post(`/api/tasks/${id}/cancel`);
    await clock.advanceAsync(10_000);
    await server.submit(chat('next'));
    expect((await server.ollama.next()).asked).toBe('next');
    expect(await server.get(id)).toMatchObject({ status: 'cancelled' });
  });

  it.each([
    [400, 'failed'],
    [404, 'failed'],
    [408, 'completed'],
    [429, 'completed'],
    [503, 'completed'],
  ] as const)('after status %d: the task is then %s', async (status, end) => {
    const server = await taskServer();
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
    const server = await taskServer();
    const client = await watch(server.url);
    expect(await client.frame(1)).toBe('[]\n');
    const id = await server.submit(chat('hi'));
    const states = () =>
      client.frames.map((frame) => (JSON.parse(frame) as TaskReport[])[0]?.status).filter((status) => status);
    (await server.ollama.next()).complete();
    await server.becomes(id, 'completed');
    await eventually('its end is told', () => states().at(-1) === 'completed');
    expect(client.frames.at(-1)).toBe(`${(await send(`${server.url}/api/tasks`)).text}\n`);
  });

  it('tells a burst of changes in a few frames', async () => {
    const server = await taskServer();
    const client = await watch(server.url);
    await client.frame(1);
    const tasks = Array.from({ length: 200 }, (_, at) => chat(`${at}`, LATER));
    await server.post('/api/tasks/batch', { tasks });
    await eventually('all are told', () => (JSON.parse(client.frames.at(-1) ?? '') as unknown[]).length === 200);
    expect(client.frames.length).toBeLessThan(20);
  });

  it('does not listen to what clients say', async () => {
    const server = await taskServer();
    const client = await watch(server.url);
    await client.frame(1);
    client.socket.send('{nonsense');
    await server.submit(chat('hi', LATER));
    expect(JSON.parse(await client.frame(2))).toHaveLength(1);
  });

  it('is for pages of origins that the configuration names, and is 400 without an upgrade', async () => {
    const closed = await taskServer();
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
    const server = await taskServer({ workers: 1 });
    const { client, names } = await events(server.url);
    const [held] = await server.busy();
    await server.submit(chat('hi', { id: 'a', max_retries: 0 }));
    await server.post('/api/tasks/a/priority', { priority: 10 });
    await server.submit(chat('hi', { id: 'b' }));
    await server.post('/api/tasks/b/cancel');
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
      task_id: 'b',
      status: 'cancelled',
      timestamp: expect.stringMatching(/Z$/),
    });
  });

  it('are only those that were asked for', async () => {
    const server = await taskServer();
    const { names } = await events(server.url, '&types=task_completed,task_cancelled');
    await server.submit(chat('hi', { ...LATER, id: 'a' }));
    await server.submit(chat('hi'));
    (await server.ollama.next()).complete();
    await eventually('the end is told', () => names().length === 1);
    await server.post('/api/tasks/a/cancel');
    await eventually('the cancel is told', () => names().length === 2);
    expect(names()).toEqual(['task_completed', 'task_cancelled']);
  });
});
