import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { cancelAbandonedCalls } from '../../../src/gateway/abandoned-calls.js';
import { type ChatGatewaySetup, startChatGateway } from '../../support/chat-gateway.js';
import { endAll } from '../../support/ending.js';
import { begin, open, send } from '../../support/http.js';

afterEach(endAll);

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const COUNTS = { done: true, done_reason: 'stop', total_duration: 5, prompt_eval_count: 7, eval_count: 3 };
const VISITOR = { name: 'x', admin: true, maxPriority: undefined };

function chatResult(content: string) {
  return JSON.stringify({ model: 'm', created_at: 'x', message: { role: 'assistant', content }, ...COUNTS });
}

async function start(setup: ChatGatewaySetup = {}) {
  const started = await startChatGateway(setup);
  /** A call that has become a task. */
  const ask = async (path: string, body: object, headers = {}) => {
    const submitted = started.submitted();
    const sending = begin(`${started.url}${path}`, { body, headers });
    return { sending, head: sending.head, id: await submitted };
  };
  const complete = (result: string, model = 'm') => started.settle({ kind: 'completed', result }, model);
  const say = (id: string, ...words: string[]) => {
    for (const text of words) started.logs.append(id, { kind: 'text', text });
  };
  return { ...started, ask, complete, say };
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each(['/ollama/api/chat', '/api/chat'])('POST %s', (path) => {
  it('streams a line for each piece, and the counts at the end, unless told otherwise', async () => {
    const { ask, say, complete, tasks } = await start();
    const { head, id } = await ask(path, { ...CHAT, options: { seed: 1 }, keep_alive: '5m', think: false });
    say(id, 'a', 'b');
    const answer = await head;
    await complete(chatResult('ab'));
    expect(await answer.ended).toBe('complete');
    expect([answer.status, answer.headers['content-type'], answer.headers['x-accel-buffering']]).toEqual([
      200,
      'application/x-ndjson',
      'no',
    ]);
    const said = (content: string) => ({ message: { role: 'assistant', content }, done: false });
    expect(linesOf(answer.text)).toMatchObject([
      { model: 'm', created_at: '2023-11-14T22:13:20.000Z', ...said('a') },
      { model: 'm', ...said('b') },
      { model: 'm', message: { role: 'assistant', content: '' }, ...COUNTS },
    ]);
    expect(await tasks.get(id, VISITOR)).toMatchObject({
      priority: 10,
      max_retries: 0,
      payload: { messages: CHAT.messages, keep_alive: '5m', think: false },
      options: { seed: 1 },
    });
  });

  it('answers in one piece where that is asked for', async () => {
    const { ask, complete } = await start();
    const { head } = await ask(path, { ...CHAT, stream: false });
    await complete(chatResult('ab'));
    const answer = await head;
    await answer.ended;
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.json()).toEqual(JSON.parse(chatResult('ab')));
  });
});

describe('a call of Ollama', () => {
  it('finds models with and without :latest, and answers under the name that was asked for', async () => {
    const { ask, complete } = await start();
    const { head } = await ask('/api/generate', { model: 'llama3', prompt: 'x', stream: false });
    await complete(JSON.stringify({ model: 'llama3:latest', response: 'y', ...COUNTS }), 'llama3:latest');
    const answer = await head;
    await answer.ended;
    expect(answer.json()).toMatchObject({ model: 'llama3', response: 'y' });
  });

  it('gives embeddings in the new form and in the old one', async () => {
    const { ask, complete } = await start();
    const result = JSON.stringify({ model: 'm', embeddings: [[1, 2]] });
    const fresh = await ask('/api/embed', { model: 'm', input: ['a'] });
    await complete(result);
    const old = await ask('/ollama/api/embeddings', { model: 'm', prompt: 'a' });
    await complete(result);
    for (const [head, body] of [
      [await fresh.head, { model: 'm', embeddings: [[1, 2]] }],
      [await old.head, { embedding: [1, 2] }],
    ] as const) {
      await head.ended;
      expect(head.json()).toEqual(body);
    }
  });

  it('honours the priority in the header, and refuses one that is none', async () => {
    const { ask, tasks, url } = await start();
    const { id } = await ask('/api/generate', { model: 'm', prompt: 'x' }, { 'x-gollama-priority': '-3' });
    expect((await tasks.get(id, VISITOR)).priority).toBe(-3);
    const headers = { 'x-gollama-priority': 'urgent' };
    const answer = await send(`${url}/api/generate`, { body: { model: 'm', prompt: 'x' }, headers });
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining('"urgent" is no priority')]);
  });

  it('is told an error of its engine with its status, before anything was said', async () => {
    const { ask, settle } = await start();
    for (const stream of [true, false]) {
      const { head } = await ask('/api/chat', { ...CHAT, stream });
      await settle({ kind: 'failed', error: 'chat execution failed: e: request failed with status 400: bad option' });
      const answer = await head;
      await answer.ended;
      expect([answer.status, answer.json()]).toEqual([400, { error: 'bad option' }]);
    }
  });

  it('is told an error as a line, after something was said', async () => {
    const { ask, say, settle } = await start();
    const { head, id } = await ask('/api/chat', CHAT);
    say(id, 'a');
    const answer = await head;
    await settle({ kind: 'failed', error: 'chat execution failed: e: it hung up' });
    expect(await answer.ended).toBe('complete');
    expect(linesOf(answer.text).slice(1)).toEqual([{ error: 'e: it hung up' }]);
  });

  it('never joins two attempts', async () => {
    const { ask, say, logs, cancelled } = await start();
    const { head, id } = await ask('/api/chat', CHAT);
    const gone = cancelled(id);
    say(id, 'a');
    const answer = await head;
    logs.append(id, { kind: 'restart', attempt: 2 });
    await answer.ended;
    expect(linesOf(answer.text).at(-1)).toEqual({ error: 'the answer broke off, and began again' });
    await gone;
  });

  it('is told that its task was cancelled', async () => {
    const { ask, tasks, logs } = await start();
    const { head, id } = await ask('/api/chat', CHAT);
    await tasks.cancel(id, VISITOR);
    logs.append(id, { kind: 'done', status: 'cancelled', usage: undefined });
    const answer = await head;
    await answer.ended;
    expect([answer.status, answer.json()]).toEqual([499, { error: 'the task was cancelled' }]);
  });

  it('ends with its client: the task is cancelled', async () => {
    const { ask, cancelled } = await start();
    const { sending, id } = await ask('/api/chat', CHAT);
    const gone = cancelled(id);
    sending.leave();
    await gone;
  });

  it('ends with the process: what an earlier one left behind is cancelled, and nothing else', async () => {
    const { ask, url, tasks } = await start();
    const { id } = await ask('/api/chat', CHAT);
    const other = (await send(`${url}/api/chat`, { body: { message: 'x' } })).json<{ channel_id: string }>().channel_id;
    await cancelAbandonedCalls(tasks);
    expect((await tasks.get(id, VISITOR)).status).toBe('cancelled');
    expect((await tasks.get(other, VISITOR)).status).toBe('pending');
  });

  it('is kept alive while it waits: with an empty line, or, in one piece and after 30 s, with a space', async () => {
    const { ask, clock, complete } = await start();
    const streamed = await ask('/api/chat', CHAT);
    const whole = await ask('/api/chat', { ...CHAT, stream: false });
    await clock.advanceAsync(15_000);
    const first = await streamed.head;
    await first.until('\n');
    expect(linesOf(first.text)).toMatchObject([{ message: { role: 'assistant', content: '' }, done: false }]);
    await clock.advanceAsync(15_000);
    const second = await whole.head;
    await second.until(' \n');
    await complete(chatResult('a'));
    await complete(chatResult('b'));
    await Promise.all([first.ended, second.ended]);
    expect(linesOf(first.text).at(-1)).toMatchObject({ done: true });
    expect(second.json()).toEqual(JSON.parse(chatResult('b')));
  });

  it('in one piece that has begun is cut where it fails', async () => {
    const { ask, clock, settle } = await start();
    const { head } = await ask('/api/chat', { ...CHAT, stream: false });
    await clock.advanceAsync(15_000);
    await clock.advanceAsync(15_000);
    const answer = await head;
    await settle({ kind: 'failed', error: 'boom' });
    expect(await answer.ended).toBe('cut');
  });

  it('does not wait for a slot without end', async () => {
    const { ask, clock, cancelled } = await start({ waitMaxMs: 5_000 });
    const { head, id } = await ask('/api/chat', CHAT);
    const gone = cancelled(id);
    await clock.advanceAsync(5_000);
    const answer = await head;
    await answer.ended;
    expect([answer.status, answer.json().error]).toEqual([503, expect.stringMatching(/^server busy.*no slot/)]);
    await gone;
  });

  it('waits longer for an engine that starts, and then for its slot', async () => {
    const { ask, clock, engine } = await start({ waitMaxMs: 5_000 });
    engine.change({ state: 'starting' });
    const { head } = await ask('/api/chat', CHAT);
    for (let waitedMs = 0; waitedMs < 50_000; waitedMs += 5_000) await clock.advanceAsync(5_000);
    engine.change({ state: 'ready' });
    await clock.advanceAsync(5_000);
    await clock.advanceAsync(5_000);
    const answer = await head;
    await answer.ended;
    expect(linesOf(answer.text).at(-1)).toEqual({ error: expect.stringContaining('no slot became free') });
  });

  it('gives up an engine that does not start', async () => {
    const { ask, clock, engine } = await start();
    engine.change({ state: 'starting' });
    const { head } = await ask('/api/chat', { ...CHAT, stream: false });
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 15_000) await clock.advanceAsync(15_000);
    const answer = await head;
    expect([answer.status, await answer.ended]).toEqual([200, 'cut']);
  });

  it('is told where the server stops before it was answered', async () => {
    const { ask, active, cancelled } = await start();
    const { head, id } = await ask('/api/chat', CHAT);
    const gone = cancelled(id);
    active.abortAll(new GollamaError('shutting_down', 'the server was stopped'));
    const answer = await head;
    await answer.ended;
    expect([answer.status, answer.json()]).toEqual([503, { error: 'the server was stopped' }]);
    await gone;
  });

  it('is told that the queue is full, in the words of Ollama', async () => {
    const { url } = await start({ pendingMax: 0 });
    const answer = await send(`${url}/api/chat`, { body: CHAT });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '7']);
    expect(answer.json()).toEqual({
      error: 'server busy, please try again.  maximum pending requests exceeded',
    });
  });

  it.each<[string, unknown, number, string]>([
    ['/api/chat', { ...CHAT, model: 'nope' }, 404, 'model "nope" not found, try pulling it first'],
    ['/ollama/api/generate', { model: 'nope', prompt: 'x' }, 404, 'model "nope" not found, try pulling it first'],
    ['/ollama/api/chat', '', 400, 'EOF'],
    ['/ollama/api/chat', { messages: [] }, 400, 'model is required'],
    ['/api/chat', { ...CHAT, stream: 1 }, 400, 'stream must be true or false, got a number'],
    ['/api/embed', { model: 'm', input: 5 }, 400, 'input must be a string or a list of strings, got a number'],
    ['/api/show', {}, 400, 'model is required'],
    ['/api/show', { name: 'nope' }, 404, 'model "nope" not found, try pulling it first'],
  ])('is refused at once: %s %j', async (path, body, status, error) => {
    const { url } = await start();
    const answer = await send(`${url}${path}`, { body });
    expect([answer.status, answer.json()]).toEqual([status, { error }]);
  });

  it('that nobody can answer now is refused', async () => {
    const { url, engine } = await start();
    engine.change({ state: 'crash-loop', problem: 'no such file' });
    const answer = await send(`${url}/api/chat`, { body: CHAT });
    expect([answer.status, answer.json().error]).toEqual([503, expect.stringContaining('no such file')]);
  });

  it('that only loads a model is answered without an engine that could', async () => {
    const { url, tasks } = await start();
    const loaded = await send(`${url}/api/generate`, { body: { model: 'm' } });
    expect(loaded.json()).toMatchObject({ model: 'm', response: '', done: true, done_reason: 'load' });
    const unloaded = await send(`${url}/api/chat`, { body: { model: 'm', messages: [], keep_alive: 0 } });
    expect(unloaded.json()).toMatchObject({ done: true, done_reason: 'unload' });
    expect(tasks.counts().states.ready).toBe(0);
  });
});

describe.each(['/ollama/api', '/api'])('%s', (prefix) => {
  it('tells the models that are served', async () => {
    const { url, engine } = await start();
    const card = (name: string) => ({ name, model: name, size: 0, digest: '', details: expect.any(Object) });
    const models = [card('m'), card('llama3:latest')];
    expect((await send(`${url}${prefix}/tags`)).json()).toMatchObject({ models });
    expect((await send(`${url}${prefix}/ps`)).json()).toMatchObject({ models });
    engine.change({ state: 'backoff' });
    expect((await send(`${url}${prefix}/ps`)).json()).toEqual({ models: [] });
    expect((await send(`${url}${prefix}/version`)).json()).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    expect((await send(`${url}${prefix}/show`, { body: { model: 'llama3' } })).json()).toMatchObject({
      capabilities: ['completion', 'tools'],
      details: { format: 'gguf' },
    });
  });

  it('tells a model once that has two names', async () => {
    const { url } = await start({ models: ['a:latest', 'a', 'b'] });
    const { models } = (await send(`${url}${prefix}/tags`)).json<{ models: { name: string }[] }>();
    expect(models.map(({ name }) => name)).toEqual(['a:latest', 'b']);
  });

  it.each(['pull', 'push', 'create', 'copy', 'delete', 'blobs/sha256:x'])(
    'does not change models: %s',
    async (call) => {
      const { url } = await start();
      const method = call === 'delete' ? 'DELETE' : 'POST';
      const answer = await open(`${url}${prefix}/${call}`, { method, body: { model: 'm' } });
      await answer.ended;
      expect([answer.status, answer.json()]).toEqual([501, { error: 'not supported by this gateway' }]);
    },
  );
});

describe('/ollama', () => {
  it('says that Ollama is running', async () => {
    const { url } = await start();
    for (const path of ['/ollama', '/ollama/']) expect((await send(`${url}${path}`)).text).toBe('Ollama is running');
  });
});
