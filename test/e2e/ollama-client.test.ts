/** The official `ollama` package against everything but the app. */
import { Ollama } from 'ollama';
import { afterEach, describe, expect, it } from 'vitest';
import { startChatServer } from '../support/chat-gateway.js';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { FakeOllama } from '../support/fake-ollama.js';

afterEach(endAll);

const SIMULATED = 'engines: [{kind: simulated, models: [sim], slots: 2, ttft: 1ms, token_time: 1ms}]';
const MESSAGES = [{ role: 'user', content: 'Say something.' }];

async function simulated(yaml = SIMULATED) {
  const server = await startChatServer(yaml);
  return { server, client: new Ollama({ host: `${server.url}/ollama` }) };
}

const FAULTY = ['fail-404', 'fail-500', 'fail-midway', 'fail-cut', 'fail-short', 'fail-stall', 'fail-reset'];

/** In front of an Ollama. */
async function relayed() {
  const upstream = new FakeOllama({ models: ['llama3.2:latest', ...FAULTY] });
  await upstream.listen();
  atEnd(() => upstream.goAway());
  const server = await startChatServer(`engines: [{kind: ollama, base_url: "${upstream.url}"}]`);
  return { upstream, server, client: new Ollama({ host: `${server.url}/ollama` }) };
}

async function textOf(stream: AsyncIterable<{ message: { content: string } }>): Promise<string> {
  let text = '';
  for await (const { message } of stream) text += message.content;
  return text;
}

const failureOf = (promise: Promise<unknown>): Promise<{ message?: string; status_code?: number }> =>
  promise.then(
    () => ({}),
    (error: { message?: string; status_code?: number }) => error,
  );

describe('the ollama package', () => {
  it('chats, and the stream says what the answer in one piece says', async () => {
    const { client } = await simulated();
    const request = { model: 'sim', messages: MESSAGES, options: { num_predict: 8, seed: 1 } };
    const whole = await client.chat(request);
    expect(whole).toMatchObject({ model: 'sim', done: true, done_reason: 'length', eval_count: 8 });
    expect(whole.message.role).toBe('assistant');
    let text = '';
    let last: object = {};
    for await (const part of await client.chat({ ...request, stream: true })) {
      text += part.message.content;
      last = part;
    }
    expect(text).toBe(whole.message.content);
    expect(last).toMatchObject({ done: true, done_reason: 'length', eval_count: 8 });
  });

  it('generates, streamed and not', async () => {
    const { client } = await simulated();
    const request = { model: 'sim', prompt: 'x', system: 'y', options: { num_predict: 5, seed: 1 } };
    const whole = await client.generate(request);
    expect(String(whole.response).length).toBeGreaterThan(0);
    let text = '';
    for await (const part of await client.generate({ ...request, stream: true })) text += part.response;
    expect(text).toBe(whole.response);
  });

  it('embeds, in both forms', async () => {
    const { client } = await simulated();
    const { embeddings } = await client.embed({ model: 'sim', input: ['a', 'b'] });
    expect(embeddings).toHaveLength(2);
    const { embedding } = await client.embeddings({ model: 'sim', prompt: 'a' });
    expect(embedding).toEqual(embeddings[0]);
  });

  it('lists, shows, and asks for the version', async () => {
    const { client } = await simulated();
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['sim']);
    expect((await client.ps()).models.map(({ name }) => name)).toEqual(['sim']);
    expect((await client.show({ model: 'sim' })).capabilities).toContain('completion');
    expect((await client.version()).version).toMatch(/^\d+\./);
  });

  it('reads why something failed', async () => {
    const { client } = await simulated();
    expect(await failureOf(client.chat({ model: 'nope', messages: MESSAGES }))).toMatchObject({
      status_code: 404,
      message: 'model "nope" not found, try pulling it first',
    });
    expect(await failureOf(client.pull({ model: 'x' }))).toMatchObject({
      status_code: 501,
      message: 'not supported by this gateway',
    });
  });

  it('works at the plain address too, where /api/chat is shared', async () => {
    const { server } = await simulated();
    const client = new Ollama({ host: server.url });
    const stream = await client.chat({ model: 'sim', messages: MESSAGES, stream: true, options: { num_predict: 4 } });
    expect((await textOf(stream)).length).toBeGreaterThan(0);
  });

  it('that aborts ends its task, and the slot is free again', async () => {
    const { server, client } = await simulated(
      'engines: [{kind: simulated, models: [sim], slots: 1, ttft: 1ms, token_time: 5ms}]',
    );
    const stream = await client.chat({
      model: 'sim',
      messages: MESSAGES,
      stream: true,
      options: { num_predict: 5_000 },
    });
    const reading = failureOf(textOf(stream));
    await eventually('the task runs', () => server.tasks.counts().states.running === 1);
    client.abort();
    expect((await reading).message).toMatch(/abort/i);
    await eventually('the task is cancelled', () => server.tasks.counts().states.cancelled === 1);
    const next = await client.chat({ model: 'sim', messages: MESSAGES, options: { num_predict: 2 } });
    expect(next.done).toBe(true);
  });
});

describe('the ollama package, behind it an Ollama', () => {
  it('gets its answer, its options have arrived', async () => {
    const { upstream, client } = await relayed();
    const answer = await client.chat({
      model: 'llama3.2',
      messages: MESSAGES,
      format: 'json',
      think: false,
      keep_alive: '7m',
      options: { seed: 3 },
    });
    expect(answer).toMatchObject({ model: 'llama3.2', message: { content: 'you said Say something.' }, eval_count: 3 });
    expect(upstream.calls.at(-1)).toMatchObject({
      path: '/api/chat',
      body: {
        model: 'llama3.2',
        messages: MESSAGES,
        format: 'json',
        think: false,
        keep_alive: '7m',
        options: { seed: 3 },
      },
    });
  });

  it('loads a model there, where nothing is asked', async () => {
    const { upstream, client } = await relayed();
    await client.generate({ model: 'llama3.2', prompt: '', keep_alive: 0 });
    expect(upstream.calls.at(-1)).toMatchObject({ path: '/api/generate', body: { keep_alive: 0 } });
  });

  it.each([
    ['fail-404', 404, 'model "fail-404" not found, try pulling it first'],
    ['fail-500', 500, 'boom'],
  ])('is told its error with its status: %s', async (model, status, message) => {
    const { client } = await relayed();
    for (const stream of [false, true]) {
      const call = stream
        ? client.chat({ model, messages: MESSAGES, stream })
        : client.chat({ model, messages: MESSAGES });
      expect(await failureOf(call)).toMatchObject({ status_code: status, message });
    }
  });

  it.each(['fail-midway', 'fail-cut', 'fail-short'])(
    'never takes a broken answer for a whole one: %s',
    async (model) => {
      const { client } = await relayed();
      const stream = await client.chat({ model, messages: MESSAGES, stream: true });
      expect((await failureOf(textOf(stream))).message).toMatch(
        /CUDA error|before it was complete|cut|engine|terminated/,
      );
      const whole = await failureOf(client.chat({ model, messages: MESSAGES }));
      expect(whole.status_code).toBeGreaterThanOrEqual(500);
    },
  );
});
