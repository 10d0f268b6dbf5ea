/** Attempts on real engines: the simulated one, and those for servers, each with a server behind HTTP. */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import type { Engine } from '../../src/engine/engine.js';
import { OllamaEngine } from '../../src/engine/ollama.js';
import { OpenAiEngine } from '../../src/engine/openai.js';
import { SimulatedEngine } from '../../src/engine/simulated/simulated.js';
import { attempt, task } from '../support/attempt.js';
import { atEnd, endAll } from '../support/ending.js';
import { FakeOllama } from '../support/fake-ollama.js';
import { settled } from '../support/manual-clock.js';
import { simulatedHttp } from '../support/simulated-http.js';

afterEach(endAll);

const parts = { clock: systemClock, logger: silentLogger };

async function started<E extends Engine>(engine: E): Promise<E> {
  await engine.start();
  atEnd(() => engine.stop());
  return engine;
}

function simulated() {
  return started(new SimulatedEngine({ name: 'one', models: ['m'], slots: 2, ttftMs: 1, tokenMs: 0, seed: 1 }, parts));
}

async function remote() {
  const { server } = await simulatedHttp();
  atEnd(() => server.stop());
  return started(new OpenAiEngine({ name: 'one', baseUrl: server.url, apiKey: undefined, slots: undefined }, parts));
}

async function ollama() {
  const fake = new FakeOllama({ models: ['m'] });
  await fake.listen();
  atEnd(() => fake.goAway());
  const options = { name: 'box', baseUrl: fake.url, apiKey: undefined, slots: 2, timeoutMs: 60_000 };
  return { fake, engine: await started(new OllamaEngine(options, parts)) };
}

describe.each([
  ['the simulated engine', simulated],
  ['a llama-server behind HTTP', remote],
])('an attempt on %s', (_name, make) => {
  const limited = { options: { num_predict: 12, seed: 3 } };

  it.each([
    ['chat', {}],
    ['generate', {}],
    ['generate', { raw: true }],
  ] as const)('of type %s answers as Ollama would: %o', async (type, members) => {
    const { outcome, text, records } = await attempt(task(type, members, limited), await make());
    expect(records).toHaveLength(12);
    expect(outcome).toEqual({
      kind: 'completed',
      result: {
        model: 'm',
        created_at: expect.any(String),
        ...(type === 'chat' ? { message: { role: 'assistant', content: text } } : { response: text }),
        done: true,
        done_reason: 'length',
        total_duration: expect.any(Number),
        prompt_eval_count: expect.any(Number),
        prompt_eval_duration: expect.any(Number),
        eval_count: 12,
        eval_duration: expect.any(Number),
      },
      usage: { prompt_tokens: expect.any(Number), completion_tokens: 12, total_tokens: expect.any(Number) },
    });
  });

  it('of type embed answers as Ollama would', async () => {
    const { outcome } = await attempt(task('embed'), await make());
    expect(outcome).toMatchObject({
      kind: 'completed',
      result: { model: 'm', embeddings: [expect.any(Array), expect.any(Array)], prompt_eval_count: expect.any(Number) },
    });
  });

  it.each(['one-byte', 'split-utf8', 'crlf', 'no-done', 'long-line'])(
    'is not misled by the wire: %s',
    async (fault) => {
      const engine = await make();
      const { outcome, text } = await attempt(task('chat', { simulate_fault: fault }, limited), engine);
      expect(outcome).toMatchObject({ kind: 'completed', result: { message: { content: text } } });
      expect(text).not.toContain('\ufffd');
      expect(text.length).toBeGreaterThan(10);
    },
  );

  it.each([
    ['reset', { status: undefined, producedOutput: false, transport: true }],
    ['cut', { status: undefined, producedOutput: true, transport: true }],
    ['clean-eof', { status: undefined, producedOutput: true, transport: true }],
    ['malformed', { status: undefined, producedOutput: true, transport: false }],
    ['stream-error', { status: 500, producedOutput: true, transport: false }],
    ['too-many', { status: 429, producedOutput: false, transport: false, retryAfterMs: 1000 }],
    ['html', { status: undefined, producedOutput: false, transport: false }],
  ])('fails where the engine fails: %s', async (fault, expected) => {
    const engine = await make();
    const failed = await attempt(task('chat', { simulate_fault: fault }, limited), engine);
    expect(failed.outcome).toMatchObject({ kind: 'failed', ...expected });
    expect(failed.outcome).toMatchObject({ error: expect.stringMatching(/^chat execution failed: one: \S/) });
    const next = await attempt(task('chat', {}, limited), engine);
    expect(next.outcome.kind).toBe('completed');
  });

  it('ends at the engine where it is cancelled', async () => {
    const engine = await make();
    const controller = new AbortController();
    const { outcome } = await attempt(task('chat', {}, { options: { num_predict: 30_000 } }), engine, {
      signal: controller.signal,
      onRecord: () => {
        controller.abort();
        return true;
      },
    });
    expect(outcome).toEqual({ kind: 'cancelled' });
    const next = await attempt(task('chat', {}, limited), engine);
    expect(next.outcome.kind).toBe('completed');
  });
});

describe('an attempt on an Ollama server', () => {
  it('of every type has the result that Ollama gives', async () => {
    const { engine } = await ollama();
    const chat = await attempt(task('chat'), engine);
    expect(chat.text).toBe('you said Hello');
    expect(chat.outcome).toMatchObject({
      kind: 'completed',
      result: { message: { role: 'assistant', content: 'you said Hello' }, done_reason: 'stop', eval_count: 3 },
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    });
    const generated = await attempt(task('generate'), engine);
    expect(generated.outcome).toMatchObject({ kind: 'completed', result: { response: 'you said Hello' } });
    const embedded = await attempt(task('embed'), engine);
    expect(embedded.outcome).toMatchObject({
      kind: 'completed',
      result: {
        embeddings: [
          [0, 3],
          [1, 4],
        ],
      },
    });
  });

  it.each([
    ['fail-500', 'request failed with status 500: boom', { status: 500, transport: false, producedOutput: false }],
    [
      'fail-404',
      'request failed with status 404: model "fail-404" not found, try pulling it first',
      { status: 404, transport: false },
    ],
    ['fail-busy', 'request failed with status 503: server busy, please try again.', { status: 503, transport: false }],
    [
      'fail-midway',
      'an error was encountered while running the model: CUDA error',
      { status: undefined, transport: false, producedOutput: true },
    ],
    [
      'fail-short',
      'the engine ended its answer before it was complete',
      { status: undefined, transport: true, producedOutput: true },
    ],
    ['fail-cut', expect.stringContaining('before its answer was complete'), { transport: true, producedOutput: true }],
    ['fail-reset', expect.stringContaining('without an answer'), { transport: true, producedOutput: false }],
  ])('fails where Ollama fails: %s', async (model, words, expected) => {
    const { engine } = await ollama();
    const { outcome } = await attempt(task('chat', {}, { model }), engine);
    const error = typeof words === 'string' ? `chat execution failed: ollama: ${words}` : words;
    expect(outcome).toMatchObject({ kind: 'failed', error, ...expected });
  });

  it('ends at the server where it is cancelled', async () => {
    const { engine, fake } = await ollama();
    const controller = new AbortController();
    const { outcome } = await attempt(task('chat', {}, { model: 'fail-stall' }), engine, {
      signal: controller.signal,
      onRecord: () => {
        controller.abort();
        return true;
      },
    });
    expect(outcome).toEqual({ kind: 'cancelled' });
    while (fake.busy > 0) await settled();
  });
});
