import { afterEach, describe, expect, it } from 'vitest';
import { type ChatGatewaySetup, startChatGateway } from '../../support/chat-gateway.js';
import { endAll } from '../../support/ending.js';
import { open, send } from '../../support/http.js';
import { apiKey } from '../../support/task-gateway.js';

afterEach(endAll);

const UI = {
  id: 'c1',
  messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  trigger: 'submit-message',
};
const ORIGIN = { origin: 'https://app.example' };

async function start(setup: ChatGatewaySetup = {}) {
  const started = await startChatGateway(setup);
  /** Opens the answer to a page; the id of its task. */
  const ask = async (body: object = UI, headers = {}) => {
    const submitted = started.submitted();
    const answer = await open(`${started.url}/api/chat`, { body, headers });
    return { answer, id: await submitted };
  };
  const resume = (chatId = 'c1', headers = {}) => open(`${started.url}/api/chat/${chatId}/stream`, { headers });
  const tell = (id: string, ...words: string[]) => {
    for (const text of words) started.logs.append(id, { kind: 'text', text });
  };
  return { ...started, ask, resume, tell };
}

const UUID = /^chat:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('POST /api/chat of a client that listens on a channel', () => {
  it('answers at once with the channel, which is the id of the task', async () => {
    const { url, tasks } = await start();
    const answer = await send(`${url}/api/chat`, { body: { message: 'hi', other: 1 } });
    const { channel_id: channel } = answer.json<{ channel_id: string }>();
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(answer.text).toBe(`{"channel_id":"${channel}","message":"Channel created, start listening for messages"}\n`);
    expect(channel).toMatch(UUID);
    const visitor = { name: 'x', admin: true, maxPriority: undefined };
    expect(await tasks.get(channel, visitor)).toMatchObject({
      model: 'm',
      priority: 10,
      max_retries: 0,
      payload: { messages: [{ role: 'user', content: 'hi' }] },
    });
  });

  it('takes another model and another priority', async () => {
    const { url } = await start();
    const body = { message: 'hi', model: 'llama3' };
    const answer = await send(`${url}/api/chat`, { body, headers: { 'x-gollama-priority': 'low' } });
    const id = answer.json<{ channel_id: string }>().channel_id;
    expect((await send(`${url}/api/tasks/${id}`)).json()).toMatchObject({ model: 'llama3:latest', priority: 1 });
  });

  it.each<[unknown, string]>([
    [{}, 'Message is required'],
    [{ message: '' }, 'Message is required'],
    [
      { message: 5 },
      'Invalid request body: json: cannot unmarshal number into Go struct field ChatRequest.message of type string',
    ],
    ['', 'Invalid request body: EOF'],
  ])('refuses %j in the words of the reference', async (body, text) => {
    const { url } = await start();
    const answer = await send(`${url}/api/chat`, { body });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      400,
      'text/plain; charset=utf-8',
      `${text}\n`,
    ]);
  });

  it('tells what is no JSON in text too', async () => {
    const { url } = await start();
    const answer = await send(`${url}/api/chat`, { body: '{bad' });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/^Invalid request body: .+JSON/)]);
  });

  it('answers OPTIONS with 200, every other method with an empty 405', async () => {
    const { url } = await start({ options: { corsOrigins: ['https://app.example'] } });
    const options = await send(`${url}/api/chat`, { method: 'OPTIONS' });
    expect([options.status, options.text]).toEqual([200, '']);
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await send(`${url}/api/chat`, { method, headers: ORIGIN });
      expect([answer.status, answer.text, answer.headers.allow]).toEqual([405, '', 'POST, OPTIONS']);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('lets pages of other origins in only where the configuration does', async () => {
    const allowed = await start({ options: { corsOrigins: ['https://app.example'] } });
    const answer = await send(`${allowed.url}/api/chat`, { body: { message: 'hi' }, headers: ORIGIN });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, 'https://app.example']);
    const closed = await start();
    const refused = await send(`${closed.url}/api/chat`, { body: { message: 'hi' }, headers: ORIGIN });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });

  it('tells in text that the queue is full', async () => {
    const { url } = await start({ pendingMax: 0 });
    const answer = await send(`${url}/api/chat`, { body: { message: 'hi' } });
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '7']);
    expect(answer.text).toContain('the queue is full');
  });
});

describe('POST /api/chat of nobody', () => {
  it.each([[[]], ['"x"'], [{ messages: [{ role: 'user', content: 'x' }] }]])(
    'refuses %j and names the three shapes',
    async (body) => {
      const { url } = await start();
      const answer = await send(`${url}/api/chat`, { body });
      expect(answer.status).toBe(400);
      expect(answer.json().error).toMatch(/\{"message": text\}.*AI SDK.*Ollama/);
    },
  );
});

describe('POST /api/chat of the AI SDK', () => {
  it('answers with a UI message stream', async () => {
    const { ask, tell, settle } = await start();
    const { answer, id } = await ask();
    expect([answer.status, answer.headers['content-type'], answer.headers['x-vercel-ai-ui-message-stream']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'v1',
    ]);
    expect(decodeURIComponent(String(answer.headers['x-gollama-task']))).toBe(id);
    tell(id, 'a', 'b');
    await settle({ kind: 'completed', result: '{}' });
    expect(await answer.ended).toBe('complete');
    expect(answer.events.map((event) => (event === '[DONE]' ? event : JSON.parse(event)))).toEqual([
      { type: 'start', messageId: `msg-${id.split(':').at(-1)}` },
      { type: 'start-step' },
      { type: 'text-start', id: 'text-0' },
      { type: 'text-delta', id: 'text-0', delta: 'a' },
      { type: 'text-delta', id: 'text-0', delta: 'b' },
      { type: 'text-end', id: 'text-0' },
      { type: 'finish-step' },
      { type: 'finish' },
      '[DONE]',
    ]);
  });

  it('has the same at /ai/chat, for bodies without a trigger too', async () => {
    const { url, submitted, settle } = await start();
    const id = submitted();
    const answer = await open(`${url}/ai/chat`, { body: { messages: [{ role: 'user', content: 'hi' }] } });
    await id;
    await settle({ kind: 'completed', result: '{}' });
    expect(await answer.ended).toBe('complete');
    expect(answer.events.at(-1)).toBe('[DONE]');
    expect((await send(`${url}/ai/chat/none/stream`)).status).toBe(204);
    expect((await send(`${url}/ai/chat`, { body: { messages: 5 } })).status).toBe(400);
  });

  it('says every 15 seconds that it lives', async () => {
    const { ask, clock } = await start();
    const { answer } = await ask();
    await answer.until('start-step');
    await clock.advanceAsync(15_000);
    await answer.until(': hb\n\n');
  });

  it('tells a failure as its last part', async () => {
    const { ask, settle } = await start();
    const { answer } = await ask();
    await settle({ kind: 'failed', error: 'boom' });
    await answer.ended;
    expect(answer.events.slice(-2)).toEqual(['{"type":"error","errorText":"boom"}', '[DONE]']);
  });

  it('goes on without the page, which gets it from the beginning when it comes back', async () => {
    const { ask, resume, tell, settle } = await start();
    const { answer, id } = await ask();
    tell(id, 'a');
    await answer.until('"a"');
    answer.leave();
    const back = await resume();
    await back.until('"a"');
    tell(id, 'b');
    await settle({ kind: 'completed', result: '{}' });
    await back.ended;
    expect(back.events.filter((event) => event.includes('text-delta'))).toHaveLength(2);
    expect(back.events[0]).toBe(answer.events[0]);
  });

  it('is kept, when it has ended, for a page that has not had its end; then there is nothing: 204', async () => {
    const { ask, resume, tell, settle, active } = await start();
    const { answer, id } = await ask();
    answer.leave();
    await answer.ended;
    tell(id, 'a');
    await settle({ kind: 'completed', result: '{}' });
    const back = await resume();
    await back.ended;
    expect(back.events.at(-1)).toBe('[DONE]');
    await expect.poll(() => active.size).toBe(0);
    const again = await resume();
    await again.ended;
    expect([again.status, again.text]).toEqual([204, '']);
    expect((await resume('other')).status).toBe(204);
  });

  it('is told from its last attempt where it began again', async () => {
    const { ask, resume, tell, logs } = await start();
    const { answer, id } = await ask();
    tell(id, 'lost');
    await answer.until('lost');
    logs.append(id, { kind: 'restart', attempt: 2 });
    await answer.ended;
    expect(answer.events.slice(-2)).toEqual([
      '{"type":"error","errorText":"the answer broke off, and began again"}',
      '[DONE]',
    ]);
    tell(id, 'kept');
    const back = await resume();
    await back.until('kept');
    expect(back.text).not.toContain('lost');
  });

  it('gives way to the next message of the chat', async () => {
    const { ask, resume, cancelled } = await start();
    const first = await ask();
    const gone = cancelled(first.id);
    const second = await ask();
    await gone;
    expect(second.id).not.toBe(first.id);
    const back = await resume();
    await back.until('start-step');
    expect(back.events[0]).toBe(second.answer.events[0]);
  });

  it('is ended by DELETE, and by nothing else', async () => {
    const { url, ask, cancelled } = await start();
    const { answer, id } = await ask();
    answer.leave();
    const gone = cancelled(id);
    expect((await send(`${url}/api/chat/c1/stream`, { method: 'DELETE' })).status).toBe(204);
    await gone;
    expect((await send(`${url}/api/chat/none/stream`, { method: 'DELETE' })).status).toBe(204);
  });

  it('is found again after a restart, where it had not ended before', async () => {
    const before = await start();
    const { answer } = await before.ask();
    await answer.until('start-step');
    await before.ask({ ...UI, id: 'c2' });
    await before.settle({ kind: 'completed', result: '{}' });
    await before.gateway.stop();
    await before.clock.advanceAsync(1_000);
    const after = await start({ store: before.store, clock: before.clock });
    expect((await after.resume('c1')).status).toBe(204);
    const back = await after.resume('c2');
    await back.until('start-step');
    await after.settle({ kind: 'completed', result: '{"message":{"role":"assistant","content":"x"}}' });
    await back.ended;
    expect(back.events.at(-1)).toBe('[DONE]');
  });

  it('belongs to the key that asked', async () => {
    const { ask, resume } = await start({ options: { apiKeys: [apiKey('a'), apiKey('b'), apiKey('root', true)] } });
    const { answer } = await ask(UI, { authorization: 'Bearer sk-a' });
    await answer.until('start-step');
    for (const name of ['b', 'root'])
      expect((await resume('c1', { authorization: `Bearer sk-${name}` })).status).toBe(204);
    const own = await resume('c1', { authorization: 'Bearer sk-a' });
    await own.until('start-step');
    expect((await resume('c1')).status).toBe(401);
  });

  it('refuses what it does not understand before anything is stored', async () => {
    const { url, tasks } = await start();
    const body = { id: 'c1', messages: [{ role: 'user', parts: [{}] }], trigger: 'submit-message' };
    const answer = await send(`${url}/api/chat`, { body });
    expect([answer.status, answer.json()]).toEqual([
      400,
      { error: 'messages[0].parts[0] must be an object with a type' },
    ]);
    const unknown = await send(`${url}/api/chat`, { body: { ...UI, model: 'nope' } });
    expect([unknown.status, unknown.json().error]).toEqual([404, expect.stringContaining("'nope' does not exist")]);
    expect(tasks.counts().states.ready).toBe(0);
  });
});
