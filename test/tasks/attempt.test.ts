import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { SlotStuckError } from '../../src/engine/engine.js';
import { answering, attempt, JSON_TYPE, NDJSON, SSE, scripted, task, write } from '../support/attempt.js';
import { ManualClock } from '../support/manual-clock.js';

const chunk = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;
const WHOLE = `${chunk('Hi')}${chunk('', 'stop')}data: [DONE]\n\n`;
const CUT = new GollamaError('engine_error', 'the engine closed the connection before its answer was complete');

function refusing(kind: 'ollama' | 'openai', status: number, body: string, retryAfter?: string) {
  return scripted(kind, (_call, sink) => {
    const headers = { 'content-type': JSON_TYPE, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) };
    sink.head({ status, headers }, { resume() {} });
    for (const letter of body) sink.chunk(Buffer.from(letter));
  });
}

describe('an attempt', () => {
  it('calls the model by the name that the engine knows', async () => {
    const engine = answering('openai', SSE, WHOLE);
    const { outcome } = await attempt(task('chat'), engine, { engineModel: 'real-name' });
    expect(JSON.parse(String(engine.calls[0]?.body))).toMatchObject({ model: 'real-name' });
    expect(outcome).toMatchObject({ kind: 'completed', result: { model: 'm' } });
  });

  it('speaks to Ollama in its own words, and to every other engine in OpenAI’s', async () => {
    const paths: unknown[] = [];
    for (const kind of ['ollama', 'openai', 'llama-server', 'simulated'] as const) {
      const engine = answering(kind, JSON_TYPE, '{}');
      await attempt(task('chat'), engine);
      paths.push(engine.calls[0]?.path);
    }
    expect(paths).toEqual(['/api/chat', ...Array.from({ length: 3 }, () => '/v1/chat/completions')]);
  });

  describe('fails with the status and the words of the engine', () => {
    it.each([
      ['ollama', 500, '{"error":"boom"}', 'chat execution failed: ollama: request failed with status 500: boom'],
      [
        'openai',
        500,
        '{"error":{"message":"boom","code":500}}',
        'chat execution failed: one: request failed with status 500: boom',
      ],
      [
        'openai',
        404,
        '{"error":"no such model"}',
        'chat execution failed: one: request failed with status 404: no such model',
      ],
      [
        'openai',
        422,
        '{"detail":[{"msg":"bad"}]}',
        'chat execution failed: one: request failed with status 422: [{"msg":"bad"}]',
      ],
      [
        'openai',
        400,
        '{"object":"error","message":"bad"}',
        'chat execution failed: one: request failed with status 400: bad',
      ],
      ['openai', 502, ' Bad Gateway\n', 'chat execution failed: one: request failed with status 502: Bad Gateway'],
      ['openai', 502, '<html>Bad Gateway</html>', 'chat execution failed: one: request failed with status 502'],
      ['openai', 503, '', 'chat execution failed: one: request failed with status 503'],
      ['openai', 302, '', 'chat execution failed: one: request failed with status 302'],
    ] as const)('%s %i %s', async (kind, status, body, error) => {
      const { outcome, records } = await attempt(task('chat'), refusing(kind, status, body));
      expect(outcome).toEqual({
        kind: 'failed',
        error,
        status,
        retryAfterMs: undefined,
        producedOutput: false,
        transport: false,
      });
      expect(records).toEqual([]);
    });

    it('of which a long one is shortened', async () => {
      const { outcome } = await attempt(task('chat'), refusing('openai', 500, 'x'.repeat(5_000)));
      expect(outcome).toMatchObject({ error: expect.stringMatching(/^chat execution failed: one: .{1,1100}…$/) });
    });

    it.each(['generate', 'embed'] as const)('also of type %s', async (type) => {
      const { outcome } = await attempt(task(type), refusing('ollama', 500, '{"error":"boom"}'));
      expect(outcome).toMatchObject({
        error: `${type} execution failed: ollama: request failed with status 500: boom`,
      });
    });

    it('also where the words were cut off', async () => {
      const engine = scripted('openai', (_call, sink) => {
        write(sink, 500, JSON_TYPE, ['{"error":"bo']);
        throw CUT;
      });
      const { outcome } = await attempt(task('chat'), engine);
      expect(outcome).toMatchObject({ status: 500, transport: false, error: expect.stringContaining('{"error":"bo') });
    });
  });

  it.each([
    ['2', 2_000],
    ['Tue, 14 Nov 2023 22:13:25 GMT', 5_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('tells when the engine wants to be asked again: %s', async (retryAfter, expectedMs) => {
    // The clock's epoch is 2023-11-14T22:13:20Z.
    const { outcome } = await attempt(task('chat'), refusing('openai', 429, '{}', retryAfter), {
      clock: new ManualClock(),
    });
    expect(outcome).toMatchObject({ kind: 'failed', status: 429, retryAfterMs: expectedMs });
  });

  describe('is told from a request at fault', () => {
    it.each([
      ['was not reached', new GollamaError('engine_unavailable', 'upstream unavailable (ECONNREFUSED)'), true],
      ['died', CUT, true],
      ['died and left a slot stuck', new SlotStuckError('it went on', { cause: CUT }), true],
      ['left a slot stuck', new SlotStuckError('it went on'), true],
      [
        'was silent for too long',
        new GollamaError('engine_error', 'the engine sent nothing for too long', {
          cause: Object.assign(new Error('timeout'), { code: 'UND_ERR_BODY_TIMEOUT' }),
        }),
        false,
      ],
    ])('where the engine %s', async (_what, thrown, transport) => {
      const engine = scripted('openai', () => {
        throw thrown;
      });
      const { outcome } = await attempt(task('chat'), engine);
      const cause = thrown instanceof SlotStuckError && thrown.cause instanceof Error ? thrown.cause : thrown;
      expect(outcome).toEqual({
        kind: 'failed',
        error: `chat execution failed: one: ${cause.message}`,
        status: undefined,
        retryAfterMs: undefined,
        producedOutput: false,
        transport,
      });
    });

    it('where a request cannot be sent at all', async () => {
      const engine = scripted('openai', () => {
        throw new GollamaError('invalid_request', 'the request cannot be sent on: invalid header');
      });
      const { outcome } = await attempt(task('chat'), engine);
      expect(outcome).toMatchObject({ kind: 'failed', status: 400, transport: false });
    });
  });

  it.each([
    ['ollama', NDJSON, '{"message":{"content":"Hi"},"done":false}\n{"mess'],
    ['openai', SSE, `${chunk('Hi')}data: {"choi`],
    ['openai', JSON_TYPE, '{"choices":[{"message":'],
  ] as const)('is cut by an engine that dies in the middle: %s %s', async (kind, type, text) => {
    const engine = scripted(kind, (_call, sink) => {
      write(sink, 200, type, [text]);
      throw CUT;
    });
    const { outcome } = await attempt(task('chat'), engine);
    expect(outcome).toMatchObject({ kind: 'failed', producedOutput: type !== JSON_TYPE, transport: true });
    expect(outcome).toMatchObject({ error: expect.stringContaining('closed the connection') });
  });

  it('is completed by a whole answer, however the connection ends after it', async () => {
    const engine = scripted('openai', (_call, sink) => {
      write(sink, 200, SSE, [WHOLE]);
      throw CUT;
    });
    expect((await attempt(task('chat'), engine)).outcome.kind).toBe('completed');
  });

  describe('that is cancelled', () => {
    it('before it begins does not call the engine', async () => {
      const engine = answering('openai', SSE, WHOLE);
      const { outcome } = await attempt(task('chat'), engine, { signal: AbortSignal.abort() });
      expect(outcome).toEqual({ kind: 'cancelled' });
      expect(engine.calls).toEqual([]);
    });

    it.each([new GollamaError('cancelled', 'the request was cancelled'), new SlotStuckError('it went on'), CUT])(
      'aborts the call and tells nothing more, however it ends: %s',
      async (thrown) => {
        const controller = new AbortController();
        const engine = scripted('openai', (_call, sink, signal) => {
          write(sink, 200, SSE, [chunk('before')]);
          controller.abort();
          expect(signal.aborted).toBe(true);
          sink.chunk(Buffer.from(chunk('after', 'stop')));
          throw thrown;
        });
        const { outcome, text } = await attempt(task('chat'), engine, { signal: controller.signal });
        expect(outcome).toEqual({ kind: 'cancelled' });
        expect(text).toBe('before');
      },
    );

    it('leaves no listener on its signal', async () => {
      const { signal } = new AbortController();
      let listeners = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      Object.assign(signal, {
        addEventListener: (...args: Parameters<typeof add>) => {
          listeners += 1;
          add(...args);
        },
        removeEventListener: (...args: Parameters<typeof remove>) => {
          listeners -= 1;
          remove(...args);
        },
      });
      await attempt(task('chat'), answering('openai', SSE, WHOLE), { signal });
      expect(listeners).toBe(0);
    });
  });

  it('that is too large ends the call and stays failed, also where its slot stays stuck', async () => {
    const engine = scripted('openai', (_call, sink, signal) => {
      write(sink, 200, SSE, [chunk('x'.repeat(200)), WHOLE]);
      expect(signal.aborted).toBe(true);
      throw new SlotStuckError('it went on');
    });
    const { outcome } = await attempt(task('chat'), engine, { answerBytesMax: 100 });
    expect(outcome).toMatchObject({
      kind: 'failed',
      transport: false,
      error: expect.stringContaining('larger than 100'),
    });
  });

  it('lets the engine wait while its records do not become durable', async () => {
    let catchUp = () => {};
    const caughtUp = new Promise<void>((resolve) => {
      catchUp = resolve;
    });
    const flow: string[] = [];
    const engine = scripted('openai', async (_call, sink) => {
      sink.head({ status: 200, headers: { 'content-type': SSE } }, { resume: () => flow.push('resumed') });
      for (const piece of [WHOLE].flat()) flow.push(sink.chunk(Buffer.from(piece)) ? 'on' : 'wait');
      catchUp();
    });
    const { outcome } = await attempt(task('chat'), engine, { onRecord: () => false, drained: () => caughtUp });
    await caughtUp;
    expect(outcome.kind).toBe('completed');
    expect(flow).toContain('wait');
    expect(flow.at(-1)).toBe('resumed');
  });

  it('lets errors of ours out: of the engine’s code, and of whoever takes the records', async () => {
    const broken = scripted('openai', () => {
      throw new TypeError('a bug');
    });
    await expect(attempt(task('chat'), broken)).rejects.toThrow('a bug');
    const full = new GollamaError('storage_full', 'no room');
    const onRecord = () => {
      throw full;
    };
    await expect(attempt(task('chat'), answering('openai', SSE, WHOLE), { onRecord })).rejects.toBe(full);
  });
});
