import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.js';
import type { Question } from '../../src/chat/answer.js';
import { TaskAnswers } from '../../src/chat/task-answers.js';
import { Client } from '../../src/client/client.js';
import { endAll } from '../support/ending.js';
import { FakeTaskServer, type Received } from '../support/fake-task-server.js';
import { QUESTION, Told } from './told.js';

afterEach(endAll);

/** Pauses between two tries last no time; deadlines stay what they are. */
const hurriedClock: Clock = {
  ...systemClock,
  after: (delayMs, run) => systemClock.after(delayMs < 1500 ? 0 : delayMs, run),
};

async function setUp() {
  const server = await FakeTaskServer.start();
  const client = new Client(server.url, { clock: hurriedClock, random: () => 0.5 });
  // A server that has answered is waited for when it is away.
  await client.status();
  const answers = new TaskAnswers({ client, clock: hurriedClock, continuation: () => 'prefill' });
  const stop = new AbortController();
  const ask = (question: Partial<Question> = {}) => new Told(answers.ask({ ...QUESTION, ...question }, stop.signal));
  return { server, client, answers, stop, ask };
}

/** What was sent as the task. */
async function submission(server: FakeTaskServer): Promise<Record<string, unknown>> {
  const isIt = ({ method, url }: Received) => method === 'POST' && url === '/api/tasks';
  await server.received(isIt);
  return server.requests.find(isIt)?.body as Record<string, unknown>;
}

const RESULT = {
  message: { role: 'assistant', content: 'hello' },
  done_reason: 'length',
  eval_count: 50,
  prompt_eval_count: 7,
  eval_duration: 2e9,
};
const cancelled = (server: FakeTaskServer) => server.received(({ url }) => url.endsWith('/cancel'));

describe('an answer that is a task', () => {
  it('is told as it comes, with the figures of the engine at its end', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'state', { status: 'pending' });
    server.emit('task-1', 'state', { status: 'running' });
    server.emit('task-1', 'reasoning', { text: 'hm' });
    server.emit('task-1', 'token', { text: 'hel' });
    server.emit('task-1', 'token', { text: 'lo' });
    server.set('task-1', { created_at: '2026-11-20T15:12:01.000Z', started_at: '2026-11-20T15:12:01.250Z' });
    server.end('task-1', 'completed', { result: RESULT });
    expect(await told.all).toEqual([
      ...['waiting', 'waiting', 'started', 'reasoning hm', 'text hel', 'text lo', 'end length'],
    ]);
    expect(told.end).toMatchObject({
      usage: { promptTokens: 7, completionTokens: 50 },
      stats: { queueMs: 250, tokensPerSecond: 25, completionTokens: 50, promptTokens: 7 },
    });
    expect(told.end.stats.ttftMs).toBeGreaterThanOrEqual(0);
  });

  it('is asked for with priority, once, and with all that the question says', async () => {
    const { server, ask } = await setUp();
    const messages = [{ role: 'user', content: 'look', images: ['iVBO'] }];
    const told = ask({ messages, options: { num_predict: 9 }, think: 'low' });
    expect(await submission(server)).toMatchObject({
      type: 'chat',
      model: 'm',
      payload: { messages, think: 'low' },
      options: { num_predict: 9 },
      priority: 'high',
      max_retries: 0,
      idempotency_key: expect.stringMatching(/^[\w-]{36}$/),
    });
    await server.streamed('task-1');
    server.end('task-1', 'completed', { result: RESULT });
    await told.all;
  });

  it('that goes on does not think again', async () => {
    const { server, ask } = await setUp();
    ask({ messages: [...QUESTION.messages, { role: 'assistant', content: 'so' }], think: true });
    expect(await submission(server)).toMatchObject({ payload: { think: false } });
  });

  it('has the reasoning that stands in the text told apart', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    for (const text of ['<thi', 'nk>hm</th', 'ink>\n\nyes']) server.emit('task-1', 'token', { text });
    server.end('task-1', 'completed');
    expect(await told.all).toEqual(['waiting', 'reasoning hm', 'text yes', 'end stop']);
  });

  it('takes back what turns out to have been reasoning', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    for (const text of ['hm', '\n</think>\n', 'yes']) server.emit('task-1', 'token', { text });
    server.end('task-1', 'completed');
    expect(await told.all).toEqual([
      'waiting',
      'text hm',
      'again reasoning-found',
      'reasoning hm\n',
      'text yes',
      'end stop',
    ]);
  });

  it('begins again where the server says so', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'restart', { attempt: 1 });
    server.emit('task-1', 'token', { text: '<think>old' });
    server.emit('task-1', 'restart', { attempt: 2 });
    server.emit('task-1', 'token', { text: 'new' });
    server.end('task-1', 'completed');
    expect(await told.all).toEqual(['waiting', 'reasoning old', 'again restarted', 'text new', 'end stop']);
  });

  it('goes on over a broken connection, and says so', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'one ' });
    await told.until('text one ');
    server.cut();
    await server.streamed('task-1', 2);
    server.emit('task-1', 'token', { text: 'two' });
    server.end('task-1', 'completed');
    expect(await told.all).toEqual(['waiting', 'text one ', 'reconnecting', 'text two', 'end stop']);
  });

  it('goes on when the server was killed and is back, and has told nothing twice', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'one ' });
    await told.until('text one ');
    await server.die();
    await told.until('reconnecting');
    await server.listen();
    await server.streamed('task-1', 2);
    server.emit('task-1', 'token', { text: 'two' });
    server.end('task-1', 'completed');
    const texts = (await told.all).filter((event) => event !== 'reconnecting');
    expect(texts).toEqual(['waiting', 'text one ', 'text two', 'end stop']);
  });

  it('is told from the task where its log is not kept', async () => {
    const { server, ask } = await setUp();
    server.intercept = ({ url }, response) => url.endsWith('/stream') && refuse(response, 410, 'gone');
    const told = ask();
    await server.streamed('task-1');
    server.set('task-1', { status: 'completed', result: { ...RESULT, message: { content: 'hello', thinking: 'hm' } } });
    expect(await told.all).toEqual(['waiting', 'reasoning hm', 'text hello', 'end length']);
  });

  it('ends at the server when it is stopped, and keeps what was told', async () => {
    const { server, ask, stop } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'half <' });
    await told.until('text half ');
    stop.abort();
    expect(await told.all).toEqual(['waiting', 'text half ', 'text <', 'end stopped']);
    expect(server.tasks.get('task-1')?.status).toBe('cancelled');
  });

  it('that was stopped before it was asked is never asked', async () => {
    const { server, ask, stop } = await setUp();
    stop.abort();
    expect(await ask().all).toEqual(['waiting', 'end stopped']);
    expect(server.tasks.size).toBe(0);
  });

  it('that is stopped while it is sent is taken back', async () => {
    const { server, ask, stop } = await setUp();
    server.intercept = ({ method, url }) => {
      if (method === 'POST' && url === '/api/tasks') stop.abort();
      return false;
    };
    expect(await ask().all).toEqual(['waiting', 'end stopped']);
    expect([...server.tasks.values()].map(({ status }) => status)).toEqual(['cancelled']);
  });

  it('that is stopped while its server is away is taken back when the next one is asked', async () => {
    const { server, ask, answers, stop } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'half' });
    await told.until('text half');
    await server.die();
    await told.until('reconnecting');
    stop.abort();
    expect((await told.all).at(-1)).toBe('end stopped');
    expect(server.tasks.get('task-1')?.status).toBe('pending');
    await server.listen();
    const next = new Told(answers.ask(QUESTION, new AbortController().signal));
    await server.streamed('task-2');
    expect(server.tasks.get('task-1')?.status).toBe('cancelled');
    server.end('task-2', 'completed');
    await next.all;
  });

  it('ends at the server when its reader leaves', async () => {
    const { server, answers } = await setUp();
    for await (const event of answers.ask(QUESTION, new AbortController().signal)) {
      if (event.kind === 'waiting')
        void server.streamed('task-1').then(() => server.emit('task-1', 'token', { text: 'a' }));
      if (event.kind === 'text') break;
    }
    await cancelled(server);
    expect(server.tasks.get('task-1')?.status).toBe('cancelled');
  });

  it('that somebody else cancels ends, and says so', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'half' });
    server.end('task-1', 'cancelled');
    expect(await told.all).toEqual(['waiting', 'text half', 'end cancelled']);
  });

  it('that fails throws what went wrong', async () => {
    const { server, ask } = await setUp();
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'half' });
    server.end('task-1', 'failed', { error: 'chat execution failed: box: the engine cut its answer' });
    await expect(told.all).rejects.toMatchObject({ code: 'engine_error', message: 'box: the engine cut its answer' });
  });

  it('that is refused throws why', async () => {
    const { server, ask } = await setUp();
    server.intercept = ({ method }, response) => method === 'POST' && refuse(response, 429, 'the queue is full');
    await expect(ask().all).rejects.toMatchObject({ code: 'queue_full', message: 'the queue is full' });
  });

  it('has measured figures where nobody tells any', async () => {
    const { server, ask } = await setUp();
    server.intercept = ({ method, url }, response) =>
      method === 'GET' && url === '/api/tasks/task-1' && refuse(response, 500, 'no');
    const told = ask();
    await server.streamed('task-1');
    server.emit('task-1', 'token', { text: 'a' });
    server.emit('task-1', 'done', { status: 'completed', usage: { prompt_tokens: 7, completion_tokens: 2 } });
    expect(await told.all).toEqual(['waiting', 'text a', 'end stop']);
    expect(told.end).toMatchObject({ usage: { promptTokens: 7, completionTokens: 2 }, stats: { completionTokens: 2 } });
  });
});

function refuse(response: ServerResponse, status: number, error: string): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  return true;
}
