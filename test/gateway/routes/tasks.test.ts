import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import type { TaskReport } from '../../../src/protocol/task.js';
import { endAll } from '../../support/ending.js';
import { send } from '../../support/http.js';
import { apiKey, startTaskGateway } from '../../support/task-gateway.js';

afterEach(endAll);

const CHAT = { type: 'chat', model: 'm', payload: { messages: [{ role: 'user', content: 'hi' }] } };

type Started = Awaited<ReturnType<typeof startTaskGateway>>;

async function submit({ url }: Started, members: object = {}, headers = {}): Promise<string> {
  const answer = await send(`${url}/api/tasks`, { body: { ...CHAT, ...members }, headers });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json<{ task_id: string }>().task_id;
}

const ids = (tasks: TaskReport[]) => tasks.map(({ id }) => id);

describe('POST /api/tasks', () => {
  it('answers with the id, under which the task can be read', async () => {
    const started = await startTaskGateway();
    const answer = await send(`${started.url}/api/tasks`, { body: { ...CHAT, options: { seed: 1 } } });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    const { task_id: id, ...rest } = answer.json<{ task_id: string }>();
    expect(rest).toEqual({ status: 'ok' });
    expect((await send(`${started.url}/api/tasks/${id}`)).json()).toEqual({
      id,
      ...CHAT,
      priority: 5,
      status: 'pending',
      options: { seed: 1 },
      created_at: new Date(started.clock.epoch()).toISOString(),
      retry_count: 0,
      max_retries: 3,
    });
  });

  it.each<[string | undefined, RegExp]>([
    [undefined, /^EOF$/],
    ['', /^EOF$/],
    ['{bad', /^the body is not valid JSON: .+/],
    ['[]', /a task is an object/],
    ['{}', /^task validation failed: task type is required$/],
    ['['.repeat(101), /nested more than 100 levels/],
  ])('refuses the body %j with 400 and one text', async (body, text) => {
    const { url } = await startTaskGateway();
    const answer = await send(`${url}/api/tasks`, { method: 'POST', ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error: expect.stringMatching(text) });
  });

  it('does not take brackets in a text for depth', async () => {
    const started = await startTaskGateway();
    const content = `\\"${'[{'.repeat(200)}\\`;
    const id = await submit(started, { payload: { messages: [{ role: 'user', content }] } });
    const { payload } = (await send(`${started.url}/api/tasks/${id}`)).json<{ payload: { messages: object[] } }>();
    expect(payload.messages).toEqual([{ role: 'user', content }]);
  });

  it('refuses a body of brackets at once, however large it is', async () => {
    const { url } = await startTaskGateway();
    const answer = await send(`${url}/api/tasks`, { body: '['.repeat(16 * 1024 * 1024) });
    expect([answer.status, answer.json().error]).toEqual([400, 'the body is nested more than 100 levels deep']);
  });

  it('gives the same id for the same key, in the header or in the task', async () => {
    const started = await startTaskGateway();
    const id = await submit(started, { idempotency_key: 'k' });
    expect(await submit(started, {}, { 'idempotency-key': 'k' })).toBe(id);
    expect(await submit(started, {}, { 'idempotency-key': 'other' })).not.toBe(id);
    expect(await submit(started, { idempotency_key: 'k' }, { 'idempotency-key': 'third' })).toBe(id);
  });

  it('answers 409 for an id that exists', async () => {
    const started = await startTaskGateway();
    expect(await submit(started, { id: 'mine' })).toBe('mine');
    const answer = await send(`${started.url}/api/tasks`, { body: { ...CHAT, id: 'mine' } });
    expect([answer.status, answer.json()]).toEqual([409, { error: 'task already exists: mine' }]);
  });

  it('refuses a webhook that leads into a private network, unless the configuration names it', async () => {
    const started = await startTaskGateway();
    const answer = await send(`${started.url}/api/tasks`, { body: { ...CHAT, webhook: 'http://127.1:9000/x' } });
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({
      error: expect.stringMatching(/^task validation failed: webhook points to 127\.0\.0\.1/),
    });
    for (const webhook of ['https://example.org/hook', 'http://hooks.internal/x']) await submit(started, { webhook });
  });

  it('answers 429 with Retry-After when the queue is full', async () => {
    const started = await startTaskGateway({ pendingMax: 1 });
    await submit(started);
    const answer = await send(`${started.url}/api/tasks`, { body: CHAT });
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '7']);
    expect(answer.json()).toEqual({ error: expect.stringContaining('the queue is full') });
  });

  it('answers 507 when the disk is', async () => {
    const started = await startTaskGateway();
    started.store.submit = () => Promise.reject(new GollamaError('storage_full', 'there is no room'));
    const answer = await send(`${started.url}/api/tasks`, { body: CHAT });
    expect([answer.status, answer.json()]).toEqual([507, { error: 'there is no room' }]);
  });
});

describe('POST /api/tasks/batch', () => {
  it('answers with the ids in the order of the tasks', async () => {
    const { url } = await startTaskGateway();
    const tasks = ['a', 'b', 'c'].map((id) => ({ ...CHAT, id }));
    const answer = await send(`${url}/api/tasks/batch`, { body: { tasks } });
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok', task_ids: ['a', 'b', 'c'] }]);
    expect((await send(`${url}/api/tasks/batch`, { body: { tasks: [] } })).json()).toEqual({
      status: 'ok',
      task_ids: [],
    });
  });

  it('stores nothing where one of them is wrong, and names it', async () => {
    const { url } = await startTaskGateway();
    const answer = await send(`${url}/api/tasks/batch`, { body: { tasks: [CHAT, { ...CHAT, model: '' }] } });
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error: 'tasks[1]: task validation failed: model is required' });
    expect((await send(`${url}/api/tasks`)).json()).toEqual([]);
  });

  it('that is sent again under its key is the same batch', async () => {
    const { url } = await startTaskGateway();
    const request = { body: { tasks: [CHAT, CHAT] }, headers: { 'idempotency-key': 'k' } };
    const [first, second] = [
      await send(`${url}/api/tasks/batch`, request),
      await send(`${url}/api/tasks/batch`, request),
    ];
    const sent = first.json<{ task_ids: string[] }>().task_ids;
    expect(new Set(sent).size).toBe(2);
    expect(second.json()).toEqual({ status: 'ok', task_ids: sent });
  });
});

describe('GET /api/tasks', () => {
  it('is an empty array where there is nothing', async () => {
    const { url } = await startTaskGateway();
    const answer = await send(`${url}/api/tasks`);
    expect([answer.status, answer.text, answer.headers['x-total-count']]).toEqual([200, '[]', '0']);
    expect(answer.headers['x-next-cursor']).toBeUndefined();
  });

  it('gives pages that join without a gap', async () => {
    const started = await startTaskGateway();
    for (const id of ['a', 'b', 'c', 'd', 'e']) await submit(started, { id });
    for (const [order, all] of [
      ['oldest', 'abcde'],
      ['newest', 'edcba'],
    ]) {
      let seen = '';
      for (let cursor = ''; ; ) {
        const page = await send(`${started.url}/api/tasks?limit=2&order=${order}&cursor=${cursor}`);
        expect(page.headers['x-total-count']).toBe('5');
        seen += ids(page.json<TaskReport[]>()).join('');
        const next = page.headers['x-next-cursor'];
        if (next === undefined) break;
        cursor = String(next);
      }
      expect(seen).toBe(all);
    }
    expect(ids((await send(`${started.url}/api/tasks?offset=3&limit=1`)).json())).toEqual(['d']);
  });

  it('honours every filter, repeated and as a list', async () => {
    const started = await startTaskGateway();
    await submit(started, { id: 'done' });
    await started.settle({ kind: 'completed', result: '{}' });
    await submit(started, { id: 'ready', priority: 'high' });
    await submit(started, { id: 'delayed', delay: '1h' });
    await submit(started, { id: 'other', model: 'n', type: 'embed', payload: { input: 'x' }, priority: 7 });
    await started.clock.advanceAsync(1_800_000);
    await submit(started, { id: 'late' });
    const found = async (query: string) => ids((await send(`${started.url}/api/tasks?${query}`)).json());
    expect(await found('')).toEqual(['done', 'ready', 'delayed', 'other', 'late']);
    expect(await found('status=pending')).toEqual(['ready', 'delayed', 'other', 'late']);
    expect(await found('status=completed&status=running')).toEqual(['done']);
    expect(await found('status=completed,pending&model=n')).toEqual(['other']);
    expect(await found('type=embed,generate')).toEqual(['other']);
    expect(await found('priority=high&priority=7')).toEqual(['ready', 'other']);
    expect(await found('model=m,n&limit=0')).toHaveLength(5);
    expect(await found('since=10m')).toEqual(['late']);
    expect(await found(`since=${new Date(started.clock.epoch()).toISOString()}`)).toEqual(['late']);
    expect(await found('since=1h&limit=99999999&status=')).toHaveLength(5);
  });

  it.each(['status=done', 'type=x', 'priority=urgent', 'limit=-1', 'offset=x', 'cursor=1.5', 'since=soon', 'order=up'])(
    'names what is wrong with ?%s',
    async (query) => {
      const { url } = await startTaskGateway();
      const answer = await send(`${url}/api/tasks?${query}`);
      const [name, value] = query.split('=');
      expect(answer.status).toBe(400);
      expect(answer.json()).toEqual({ error: expect.stringContaining(`${name}: "${value}" is unknown: expected`) });
    },
  );

  it('is elsewhere with a slash at its end', async () => {
    const { url } = await startTaskGateway();
    const answer = await send(`${url}/api/tasks/`);
    expect([answer.status, answer.headers.location]).toEqual([301, '/api/tasks']);
    const submission = await send(`${url}/api/tasks/?x=1`, { body: CHAT });
    expect([submission.status, submission.headers.location]).toEqual([307, '/api/tasks?x=1']);
  });
});

describe('a task', () => {
  it('is reached under every id that a client may choose', async () => {
    const started = await startTaskGateway();
    for (const id of ['a/b c?%2F#', '日本語'.repeat(60), 'batch', 'x'.repeat(200)]) {
      await submit(started, { id });
      const answer = await send(`${started.url}/api/tasks/${encodeURIComponent(id)}`);
      expect([answer.status, answer.json().id]).toEqual([200, id]);
    }
  });

  it.each([
    ['GET', ''],
    ['GET', '/stream'],
    ['POST', '/cancel'],
    ['POST', '/priority'],
    ['POST', '/retry'],
  ])('that nobody knows is not found: %s %s', async (method, path) => {
    const { url } = await startTaskGateway();
    const body = path === '/priority' ? { body: { priority: 1 } } : {};
    const answer = await send(`${url}/api/tasks/nope${path}`, { method, ...body });
    expect([answer.status, answer.json()]).toEqual([404, { error: 'task not found: nope' }]);
  });

  it('is cancelled, and a finished one stays as it is', async () => {
    const started = await startTaskGateway();
    await submit(started, { id: 'waiting' });
    expect((await send(`${started.url}/api/tasks/waiting/cancel`, { method: 'POST' })).json()).toEqual({
      status: 'ok',
    });
    expect((await started.store.get('waiting'))?.state).toBe('cancelled');
    await submit(started, { id: 'done' });
    await started.settle({ kind: 'completed', result: '{"x":1}' });
    const before = (await send(`${started.url}/api/tasks/done`)).text;
    const answer = await send(`${started.url}/api/tasks/done/cancel`, { method: 'POST' });
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok' }]);
    expect((await send(`${started.url}/api/tasks/done`)).text).toBe(before);
  });

  it('gets another priority, by number or name', async () => {
    const started = await startTaskGateway();
    await submit(started, { id: 'a' });
    for (const [priority, stored] of [
      [-2, -2],
      ['critical', 15],
    ]) {
      const answer = await send(`${started.url}/api/tasks/a/priority`, { body: { priority } });
      expect([answer.status, answer.json()]).toEqual([200, { status: 'ok' }]);
      expect((await started.store.get('a'))?.priority).toBe(stored);
    }
  });

  it.each<[unknown, RegExp]>([
    [{ priority: 'urgent' }, /^json: cannot unmarshal string into Go struct field \.priority of type models\.Priority/],
    [{ priority: 1.5 }, /^json: cannot unmarshal number 1\.5 into Go struct field \.priority/],
    [{}, /^priority is required$/],
    [[], /^expected \{"priority"/],
    ['', /^EOF$/],
  ])('does not get the priority %j', async (body, text) => {
    const started = await startTaskGateway();
    await submit(started, { id: 'a' });
    const answer = await send(`${started.url}/api/tasks/a/priority`, { body });
    expect([answer.status, answer.json()]).toEqual([400, { error: expect.stringMatching(text) }]);
  });

  it('that failed is tried again, and no other', async () => {
    const started = await startTaskGateway();
    await submit(started, { id: 'a' });
    const early = await send(`${started.url}/api/tasks/a/retry`, { method: 'POST' });
    expect([early.status, early.json()]).toEqual([
      409,
      { error: 'task a is ready: only failed and cancelled tasks can be retried' },
    ]);
    await started.settle({ kind: 'failed', error: 'boom' });
    expect((await send(`${started.url}/api/tasks/a/retry`, { method: 'POST' })).json()).toEqual({ status: 'ok' });
    expect((await started.store.get('a'))?.state).toBe('ready');
  });
});

describe('what leads nowhere', () => {
  it.each([
    ['DELETE', '/api/tasks', 405, 'GET, HEAD, POST'],
    ['DELETE', '/api/tasks/x', 405, 'GET, HEAD'],
    ['GET', '/api/tasks/x/cancel', 405, 'POST'],
    ['GET', '/api/tasks/x/y', 404, undefined],
    ['GET', '/api/tasks/%zz', 400, undefined],
  ])('is told as one text: %s %s', async (method, path, status, allow) => {
    const { url } = await startTaskGateway();
    const answer = await send(`${url}${path}`, { method });
    expect([answer.status, answer.headers.allow]).toEqual([status, allow]);
    expect(answer.json()).toEqual({ error: expect.any(String) });
  });
});

describe('a key', () => {
  const bearer = (name: string) => ({ authorization: `Bearer sk-${name}` });

  it('that is missing or wrong is told as one text', async () => {
    const { url } = await startTaskGateway({ options: { apiKeys: [apiKey('a')] } });
    for (const headers of [{}, bearer('nobody')]) {
      const answer = await send(`${url}/api/tasks`, { headers });
      expect([answer.status, answer.json()]).toEqual([401, { error: expect.stringContaining('key') }]);
    }
  });

  it('sees and touches its own tasks only, an admin all', async () => {
    const started = await startTaskGateway({ options: { apiKeys: [apiKey('a'), apiKey('b'), apiKey('root', true)] } });
    const id = await submit(started, {}, bearer('a'));
    const get = (path: string, name: string) => send(`${started.url}/api/tasks${path}`, { headers: bearer(name) });
    expect((await get('', 'b')).text).toBe('[]');
    expect((await get(`/${id}`, 'b')).status).toBe(404);
    expect((await get(`/${id}/stream`, 'b')).status).toBe(404);
    const cancel = await send(`${started.url}/api/tasks/${id}/cancel`, { method: 'POST', headers: bearer('b') });
    expect(cancel.status).toBe(404);
    for (const name of ['a', 'root']) expect(ids((await get('', name)).json())).toEqual([id]);
  });
});
