import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import type { EngineCall } from '../../../src/engine/engine.js';
import { SimulatedCore } from '../../../src/engine/simulated/core.js';
import { eventsOf, readReply, shapeOf } from '../../support/http-reply.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingSink } from '../../support/recording-sink.js';

const messages = [{ role: 'user', content: 'Write four words.' }];

function newCore() {
  const options = { models: ['tiny.gguf'], slots: 2, ttftMs: 0, tokenMs: 0, seed: 1, contextTokens: 2048 };
  return new SimulatedCore(options, { clock: new ManualClock(), random: seededRandom(1) });
}

function call(path: string, body?: unknown): EngineCall {
  const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return { method: body === undefined ? 'GET' : 'POST', path, headers: {}, body: Buffer.from(bytes), stream: false };
}

async function answer(path: string, body?: unknown): Promise<RecordingSink> {
  const sink = new RecordingSink();
  await newCore().answer(call(path, body), sink, new AbortController().signal);
  return sink;
}

const shapes = (values: readonly unknown[]) => values.map((value) => shapeOf(value).sort());

describe('the simulated engine answers in the shapes of a real llama-server', () => {
  it.each([
    ['chat.http', '/v1/chat/completions', { messages, max_tokens: 4 }],
    ['completions.http', '/v1/completions', { prompt: 'the river', max_tokens: 4 }],
    ['embeddings.http', '/v1/embeddings', { input: 'the river' }],
    ['embeddings-base64.http', '/v1/embeddings', { input: 'the river', encoding_format: 'base64' }],
    ['embeddings-batch.http', '/v1/embeddings', { input: ['the river', 'a stone'], model: 'any' }],
    ['models.http', '/v1/models', undefined],
    ['models.http', '/models', undefined],
    ['props.http', '/props', undefined],
    ['slots-idle.http', '/slots', undefined],
    ['health.http', '/health', undefined],
    ['health.http', '/v1/health', undefined],
    ['tokenize.http', '/tokenize', { content: 'hello the river', with_pieces: true }],
    ['detokenize.http', '/detokenize', { tokens: [300, 301] }],
  ])('%s: %s', async (recorded, path, body) => {
    const real = readReply(recorded);
    const sink = await answer(path, body);
    expect(sink.status).toBe(real.status);
    expect(sink.heads[0]?.headers['content-type']).toBe(real.headers['content-type']);
    expect(shapeOf(sink.json()).sort()).toEqual(shapeOf(JSON.parse(real.body)).sort());
  });

  it.each([
    ['chat-stream.sse', '/v1/chat/completions', { messages, max_tokens: 4, stream: true }],
    [
      'chat-stream-usage.sse',
      '/v1/chat/completions',
      { messages, max_tokens: 4, stream: true, stream_options: { include_usage: true } },
    ],
    ['completions-stream.sse', '/v1/completions', { prompt: 'the river', max_tokens: 4, stream: true }],
  ])('%s: event by event', async (recorded, path, body) => {
    const sink = await answer(path, body);
    expect(sink.heads[0]?.headers).toEqual({ 'x-accel-buffering': 'no', 'content-type': 'text/event-stream' });
    expect(shapes(eventsOf(sink.text))).toEqual(shapes(eventsOf(readReply(recorded).body)));
  });

  it('chat-stream-logprobs.sse: with alternatives', async () => {
    const body = { messages, max_tokens: 2, stream: true, logprobs: true, top_logprobs: 2 };
    const sink = await answer('/v1/chat/completions', body);
    expect(shapes(eventsOf(sink.text))).toEqual(shapes(eventsOf(readReply('chat-stream-logprobs.sse').body)));
  });

  it('chat-stream-timings.sse: timings on every token', async () => {
    const real = eventsOf(readReply('chat-stream-timings.sse').body) as { prompt_progress?: object }[];
    const sink = await answer('/v1/chat/completions', {
      messages,
      max_tokens: 4,
      stream: true,
      timings_per_token: true,
    });
    const ours = eventsOf(sink.text);
    const token = real.findLast((event) => JSON.stringify(event).includes('"content":"'));
    expect(shapeOf(ours[1]).sort()).toEqual(shapeOf(token).sort());
  });

  it('slots-busy.http: a slot at work', async () => {
    const clock = new ManualClock();
    const core = new SimulatedCore(
      { models: ['sim'], slots: 1, ttftMs: 10, tokenMs: 10, seed: 1 },
      { clock, random: seededRandom(1) },
    );
    const controller = new AbortController();
    const body = { messages, stream: true, max_tokens: 10 };
    const running = core.answer(call('/v1/chat/completions', body), new RecordingSink(), controller.signal);
    await clock.advanceAsync(30);
    const sink = new RecordingSink();
    await core.answer(call('/slots'), sink, controller.signal);
    const [, busy] = JSON.parse(readReply('slots-busy.http').body) as object[];
    const [ours] = sink.json<object[]>();
    expect(shapeOf(ours).sort()).toEqual(shapeOf(busy).sort());
    expect(ours).toMatchObject({ is_processing: true, next_token: [{ n_decoded: 3, n_remain: 7 }] });
    controller.abort();
    await running;
  });

  it('metrics.http: the same names and types', async () => {
    const names = (text: string) => text.split('\n').filter((line) => line.startsWith('# TYPE'));
    const sink = await answer('/metrics');
    expect(sink.heads[0]?.headers['content-type']).toBe('text/plain; version=0.0.4');
    expect(names(sink.text)).toEqual(names(readReply('metrics.http').body));
  });

  it.each([
    ['error-no-messages.http', '/v1/chat/completions', {}],
    ['error-messages-type.http', '/v1/chat/completions', { messages: 'hello' }],
    ['error-message-no-content.http', '/v1/chat/completions', { messages: [{ role: 'user' }] }],
    ['error-field-type.http', '/v1/chat/completions', { messages, max_tokens: 'many' }],
    ['error-not-found.http', '/no/such/path', {}],
    ['embeddings-empty.http', '/v1/embeddings', { input: '' }],
  ])('%s: the same words, and the field at fault beside them', async (recorded, path, body) => {
    const real = JSON.parse(readReply(recorded).body) as { error: object };
    const sink = await answer(path, body);
    expect(sink.status).toBe(readReply(recorded).status);
    expect(sink.json()).toMatchObject(real);
    expect(Object.keys(sink.json<{ error: object }>().error).filter((key) => !(key in real.error))).toEqual(
      sink.status === 404 ? [] : ['param'],
    );
  });

  it.each([
    ['error-bad-json.http', '/v1/chat/completions', '{bad'],
    [
      'error-context-overflow.http',
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: ' the'.repeat(2050) }] },
    ],
  ])('%s: the same shape', async (recorded, path, body) => {
    const sink = await answer(path, body);
    const real: unknown = JSON.parse(readReply(recorded).body);
    expect(sink.status).toBe(400);
    expect(shapeOf(sink.json()).sort()).toEqual(shapeOf(real).sort());
    expect(sink.json()).toMatchObject({ error: { type: (real as { error: { type: string } }).error.type } });
  });
});
