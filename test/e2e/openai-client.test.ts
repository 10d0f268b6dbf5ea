/** The official `openai` package against the whole server. */

import OpenAI, { APIError, NotFoundError, RateLimitError } from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAll } from '../support/ending.js';
import { chatCompletion, FakeUpstream } from '../support/fake-upstream.js';
import { load } from '../support/load.js';
import { type StartedApp, startApp } from '../support/start-app.js';

afterEach(endAll);

const SIMULATED = 'engines: [{kind: simulated, models: [sim], slots: 2, ttft: 1ms, token_time: 1ms}]';
const MESSAGES = [{ role: 'user' as const, content: 'Say something.' }];

function clientOf(app: StartedApp, options: { maxRetries?: number; apiKey?: string } = {}): OpenAI {
  return new OpenAI({ baseURL: `${app.url}/v1`, apiKey: 'sk-any', maxRetries: 0, ...options });
}

async function simulated(yaml = SIMULATED) {
  const app = await startApp(yaml);
  return { app, client: clientOf(app) };
}

async function relayed(yaml = '') {
  const upstream = await FakeUpstream.start();
  const app = await startApp(`engines: [{kind: openai, base_url: "${upstream.url}"}]\n${yaml}`);
  const client = clientOf(app);
  const stream = () => client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true });
  return { upstream, app, client, stream };
}

const allSlotsFree = (app: StartedApp) =>
  vi.waitFor(() => expect(load(app.status())).toEqual({ running: 0, waiting: 0 }), { interval: 2 });

async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

const failureOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('chat.completions', () => {
  it('gets one answer, with its usage and the request id', async () => {
    const { client } = await simulated();
    const answer = await client.chat.completions.create({ model: 'sim', messages: MESSAGES, max_tokens: 5 });
    expect(answer.choices[0]).toMatchObject({ message: { role: 'assistant' }, finish_reason: 'length' });
    expect(answer.usage?.completion_tokens).toBe(5);
    expect(answer._request_id).toMatch(/^[\w-]{8,}$/);
  });

  it('streams the same text that the answer in one piece has', async () => {
    const { client } = await simulated();
    const request = { model: 'sim', messages: MESSAGES, max_tokens: 12 };
    const whole = await client.chat.completions.create(request);
    const stream = await client.chat.completions.create({ ...request, stream: true });
    expect(await textOf(stream)).toBe(whole.choices[0]?.message.content);
  });

  it('sees a usage chunk where it asked for one, and none where it did not', async () => {
    const { client } = await simulated();
    for (const asks of [true, false]) {
      const options = asks ? { stream_options: { include_usage: true } } : {};
      const request = { model: 'sim', messages: MESSAGES, max_tokens: 3, stream: true as const, ...options };
      const usages = [];
      for await (const chunk of await client.chat.completions.create(request)) if (chunk.usage) usages.push(chunk);
      expect(usages).toHaveLength(asks ? 1 : 0);
    }
  });

  it('works through the stream() helper to its final message', async () => {
    const { client } = await simulated();
    const stream = client.chat.completions.stream({ model: 'sim', messages: MESSAGES, max_tokens: 6 });
    let text = '';
    stream.on('content', (delta) => {
      text += delta;
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe(text);
    expect(final.choices[0]?.finish_reason).toBe('length');
  });

  it('frees its slot where the stream is aborted in the middle', async () => {
    const { upstream, app, stream } = await relayed('queue: {max_concurrency: 1}');
    const asked = stream();
    const call = await upstream.next();
    call.beginStream();
    call.say('begun');
    const iterator = await asked;
    for await (const chunk of iterator) {
      expect(chunk.choices[0]?.delta.content).toBe('begun');
      break;
    }
    await call.abandoned;
    await allSlotsFree(app);
    const next = stream();
    const second = await upstream.next();
    second.beginStream();
    second.endStream();
    expect(await textOf(await next)).toBe('');
  });
});

describe('errors', () => {
  it('are APIErrors with status, code, param and request id', async () => {
    const { client } = await simulated();
    const error = await failureOf(client.chat.completions.create({ model: 'nope', messages: MESSAGES }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      type: 'invalid_request_error',
    });
    expect((error as APIError).requestID).toMatch(/^[\w-]{8,}$/);
  });

  it('of a missing key are AuthenticationErrors', async () => {
    const app = await startApp(`${SIMULATED}\nserver: {api_keys: [sk-right]}`);
    const request = { model: 'sim', messages: MESSAGES, max_tokens: 1 };
    const error = await failureOf(clientOf(app, { apiKey: 'sk-wrong' }).chat.completions.create(request));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    const right = await clientOf(app, { apiKey: 'sk-right' }).chat.completions.create(request);
    expect(right.object).toBe('chat.completion');
  });

  it('of a full queue are RateLimitErrors, and its own retry succeeds when there is room again', async () => {
    const { upstream, app, client } = await relayed('queue: {max_concurrency: 1, max_waiting: 0}');
    const request = { model: 'm', messages: MESSAGES };
    const running = client.chat.completions.create(request);
    const first = await upstream.next();
    const refused = await failureOf(client.chat.completions.create(request));
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ code: 'queue_full' });
    const patient = clientOf(app, { maxRetries: 3 }).chat.completions.create(request);
    await vi.waitFor(() => expect(app.log.filter(({ outcome }) => outcome === 'refused')).toHaveLength(2));
    first.answer(200, chatCompletion('first'));
    await running;
    const second = await upstream.next();
    expect(second.header('x-stainless-retry-count')).toEqual(['1']);
    second.answer(200, chatCompletion('second'));
    expect((await patient).choices[0]?.message.content).toBe('second');
  });

  it('raise in the middle of a stream that the engine cuts, whether it breaks off or ends too early', async () => {
    for (const cut of ['broken', 'ended'] as const) {
      const { upstream, stream } = await relayed();
      const asked = stream();
      const call = await upstream.next();
      call.beginStream();
      call.say('begun');
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const chunk of await asked) {
          seen.push(chunk.choices[0]?.delta.content);
          if (cut === 'broken') call.response.destroy();
          else call.response.end();
        }
      })();
      const error = await failureOf(reading);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ code: 'engine_error' });
      expect(seen).toEqual(['begun']);
    }
  });

  it('raise from a stream that the engine itself ends with an error', async () => {
    const { upstream, stream } = await relayed();
    const asked = stream();
    const call = await upstream.next();
    call.beginStream();
    call.say('begun');
    call.response.end('data: {"error":{"message":"out of memory","code":500}}\n\n');
    const error = await failureOf(asked.then(textOf));
    expect(error).toBeInstanceOf(APIError);
    expect((error as APIError).message).toContain('out of memory');
  });

  it('raise while a stream waits for its turn', async () => {
    const { upstream, stream } = await relayed('queue: {max_concurrency: 1, wait_timeout: 100ms}');
    const running = stream();
    const first = await upstream.next();
    first.beginStream();
    const error = await failureOf(stream().then(textOf));
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: 'queue_timeout' });
    first.endStream();
    await textOf(await running);
  });

  it('of the engine come as they are', async () => {
    const { upstream, client } = await relayed();
    const asked = failureOf(client.chat.completions.create({ model: 'm', messages: MESSAGES }));
    const told = { message: 'too long', type: 'exceed_context_size_error', param: 'messages', code: 'context' };
    (await upstream.next()).answer(400, { error: told });
    expect(await asked).toMatchObject({ status: 400, type: told.type, param: told.param, code: told.code });
  });
});

describe('models', () => {
  it('are listed, retrieved, and not found', async () => {
    const { client } = await simulated('engines: [{kind: simulated, models: [sim, "org/model:7b"]}]');
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(['sim', 'org/model:7b']);
    for (const id of ids) expect(await client.models.retrieve(id)).toMatchObject({ id, object: 'model' });
    expect(await failureOf(client.models.retrieve('nope'))).toMatchObject({ status: 404, code: 'model_not_found' });
  });
});

describe('embeddings', () => {
  it('in base64, as the client asks for by default, are the same numbers as in floats', async () => {
    const { client } = await simulated();
    const request = { model: 'sim', input: ['one', 'two'] };
    const usual = await client.embeddings.create(request);
    const floats = await client.embeddings.create({ ...request, encoding_format: 'float' });
    expect(usual.data).toHaveLength(2);
    expect(usual.data[0]?.embedding.length).toBeGreaterThan(0);
    expect(usual.data.map(({ embedding }) => embedding)).toEqual(floats.data.map(({ embedding }) => embedding));
    expect(usual.data[0]?.embedding).not.toEqual(usual.data[1]?.embedding);
  });
});

describe('completions', () => {
  it('of the old kind work, in one piece and as a stream', async () => {
    const { client } = await simulated();
    const request = { model: 'sim', prompt: 'Once', max_tokens: 4 };
    const whole = await client.completions.create(request);
    let text = '';
    for await (const chunk of await client.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe(whole.choices[0]?.text);
  });
});
