import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/logger.js';
import type { EngineCall } from '../../src/engine/engine.js';
import { OllamaEngine, type OllamaOptions } from '../../src/engine/ollama.js';
import { atEnd, endAll } from '../support/ending.js';
import { FakeOllama, type FakeOllamaOptions } from '../support/fake-ollama.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { RecordingSink } from '../support/recording-sink.js';

afterEach(endAll);

interface Setup extends FakeOllamaOptions {
  readonly options?: Partial<OllamaOptions>;
  readonly prepare?: (ollama: FakeOllama) => void;
}

async function make({ options, prepare, ...fake }: Setup = {}) {
  const ollama = new FakeOllama(fake);
  prepare?.(ollama);
  await ollama.listen();
  atEnd(() => ollama.goAway());
  const clock = new ManualClock();
  const engine = new OllamaEngine(
    { name: 'ollama', baseUrl: ollama.url, apiKey: undefined, slots: 4, timeoutMs: 300_000, ...options },
    { clock, logger: silentLogger },
  );
  atEnd(() => engine.stop());
  /** Moves time until the next look at the server has changed something. */
  const look = async (afterMs: number) => {
    const changed = new Promise<void>((resolve) => {
      const silence = engine.onChange(() => {
        silence();
        resolve();
      });
    });
    while (clock.timers !== 1) await settled();
    clock.advance(afterMs);
    await changed;
  };
  return { ollama, engine, look };
}

function post(path: string, body: object): EngineCall {
  return { method: 'POST', path, headers: {}, body: Buffer.from(JSON.stringify(body)), stream: true };
}

async function answerTo(engine: OllamaEngine, call: EngineCall) {
  const sink = new RecordingSink();
  await engine.forward(call, sink, new AbortController().signal);
  return sink;
}

describe('the engine for an Ollama server', () => {
  it('answers for the models of the server, with and without `:latest`', async () => {
    const { engine } = await make({ models: ['llama3.2:latest', 'qwen3:8b'] });
    await engine.start();
    expect(engine.kind).toBe('ollama');
    expect(engine.status()).toEqual({
      state: 'ready',
      models: ['llama3.2:latest', 'llama3.2', 'qwen3:8b'],
      slots: 4,
      restarts: 0,
      problem: undefined,
    });
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['entries without a name', { models: [null, {}, { name: '' }, { name: 7 }] }],
    ['null', null],
  ])('is ready without models where /api/tags has %s', async (_what, tags) => {
    const { engine } = await make({ prepare: ({ pages }) => pages.set('/api/tags', [200, tags]) });
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'ready', models: [] });
  });

  it.each([
    ['is no Ollama', 404],
    ['answers with errors', 503],
    ['wants a key', 401],
  ])('is unreachable behind a server that %s', async (_what, status) => {
    const { engine } = await make({ prepare: ({ pages }) => pages.set('/api/version', [status, {}]) });
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'unreachable', problem: expect.stringContaining(String(status)) });
  });

  it('is looked at while it is away until it is back, and learns its new models', async () => {
    const { engine, ollama, look } = await make();
    await ollama.goAway();
    await engine.start();
    expect(engine.status()).toMatchObject({ state: 'unreachable', problem: expect.stringContaining('ECONNREFUSED') });
    await expect(answerTo(engine, post('/api/chat', {}))).rejects.toMatchObject({ code: 'engine_unavailable' });
    ollama.pages.set('/api/tags', [200, { models: [{ name: 'new:1b' }] }]);
    await ollama.listen();
    await look(1_000);
    expect(engine.status()).toMatchObject({ state: 'ready', models: ['new:1b'] });
  });

  it('passes Ollama’s own paths on, byte for byte', async () => {
    const { engine, ollama } = await make();
    await engine.start();
    const body = { model: 'llama3.2', messages: [{ role: 'user', content: 'hi' }] };
    const sink = await answerTo(engine, post('/api/chat', body));
    expect(sink.heads[0]?.headers['content-type']).toBe('application/x-ndjson');
    expect(sink.text.trim().split('\n')).toHaveLength(3);
    expect(ollama.calls.at(-1)).toEqual({ path: '/api/chat', body });
  });

  it('gives a call up that brings nothing for its timeout', async () => {
    const { engine, ollama } = await make({ options: { timeoutMs: 1 } });
    await engine.start();
    const sending = answerTo(engine, post('/api/chat', { model: 'fail-stall' }));
    await expect(sending).rejects.toMatchObject({ code: 'engine_error', message: expect.stringContaining('too long') });
    while (ollama.busy > 0) await settled();
  });
});
