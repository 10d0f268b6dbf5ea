import { describe, expect, it } from 'vitest';
import { answering, attempt, JSON_TYPE, SSE, scripted, task, write } from '../../support/attempt.js';
import { ManualClock } from '../../support/manual-clock.js';
import { fixture, transcript } from '../../support/transcript.js';

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (delta: object, finish: string | null = null, more: object = {}) =>
  event({ choices: [{ index: 0, delta, finish_reason: finish }], ...more });
const DONE = 'data: [DONE]\n\n';
const END = delta({}, 'stop') + DONE;

const stream = (...pieces: (string | Buffer)[]) => answering('openai', SSE, ...pieces);
const whole = (body: unknown) => answering('openai', JSON_TYPE, JSON.stringify(body));

function cutInPieces(bytes: Buffer, sizeBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / sizeBytes) }, (_, at) =>
    bytes.subarray(at * sizeBytes, (at + 1) * sizeBytes),
  );
}

describe('an answer of the OpenAI API', () => {
  it('becomes Ollama’s result of a chat, with the counts and times that the engine tells', async () => {
    const { outcome, records, text } = await attempt(task('chat'), stream(fixture('chat-stream-usage.sse')));
    expect(records.length).toBeGreaterThan(1);
    expect(text).not.toBe('');
    expect(outcome).toEqual({
      kind: 'completed',
      result: {
        model: 'm',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        message: { role: 'assistant', content: text },
        done: true,
        done_reason: 'length',
        total_duration: expect.any(Number),
        prompt_eval_count: expect.any(Number),
        prompt_eval_duration: expect.any(Number),
        eval_count: 4,
        eval_duration: expect.any(Number),
      },
      usage: { prompt_tokens: expect.any(Number), completion_tokens: 4, total_tokens: expect.any(Number) },
    });
  });

  it('becomes Ollama’s result of a generation, from chat completions and completions alike', async () => {
    const chat = await attempt(task('generate'), stream(delta({ content: 'Hi' }), END));
    expect(chat.outcome).toMatchObject({ kind: 'completed', result: { response: 'Hi', done: true } });
    const raw = await attempt(task('generate', { raw: true }), stream(fixture('completions-stream.sse')));
    expect(raw.outcome).toMatchObject({
      kind: 'completed',
      result: {
        model: 'm',
        response: raw.text,
        done_reason: 'length',
        prompt_eval_count: 5,
        eval_count: 4,
        prompt_eval_duration: 407_000,
        eval_duration: 670_000,
      },
      usage: { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 },
    });
    expect(raw.text).not.toBe('');
  });

  it('counts from the timings of a llama-server that tells no usage', async () => {
    const { outcome } = await attempt(task('chat'), stream(fixture('chat-stream-timings.sse')));
    expect(outcome).toMatchObject({
      kind: 'completed',
      result: { prompt_eval_count: 22, eval_count: 4, prompt_eval_duration: 783_000, eval_duration: 991_000 },
    });
  });

  it('is timed by the clock where the engine tells no times, and not counted where it does not count', async () => {
    const clock = new ManualClock();
    const engine = scripted('openai', (_call, sink) => {
      clock.advance(100);
      write(sink, 200, SSE, [delta({ role: 'assistant', content: null })]);
      clock.advance(200);
      sink.chunk(Buffer.from(delta({ content: 'Hi' })));
      clock.advance(50);
      sink.chunk(Buffer.from(END));
    });
    const { outcome } = await attempt(task('chat'), engine, { clock });
    expect(outcome).toMatchObject({
      usage: undefined,
      result: { total_duration: 350e6, prompt_eval_duration: 300e6, eval_duration: 50e6 },
    });
    expect(outcome).not.toHaveProperty('result.eval_count');
    expect(outcome).not.toHaveProperty('result.prompt_eval_count');
  });

  it.each(['chat-reasoning-stream.sse'])('has its reasoning apart: %s', async (name) => {
    const { outcome, text, reasoning } = await attempt(task('chat'), stream(fixture(name)));
    expect(reasoning).not.toBe('');
    expect(outcome).toMatchObject({ result: { message: { content: text, thinking: reasoning } } });
    const generated = await attempt(task('generate'), stream(fixture(name)));
    expect(generated.outcome).toMatchObject({ result: { response: text, thinking: reasoning } });
  });

  it('has its reasoning under any of its names', async () => {
    const { reasoning, text } = await attempt(
      task('chat'),
      stream(delta({ reasoning: 'a' }), delta({ reasoning_content: 'b' }), delta({ content: [{ text: 'c' }] }), END),
    );
    expect([reasoning, text]).toEqual(['ab', 'c']);
  });

  it('has its tool calls put together, with the arguments as an object', async () => {
    const { outcome, records } = await attempt(task('chat'), stream(fixture('chat-tools-stream.sse')));
    const pieces = records.filter((record) => record.kind === 'tool_call');
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces[0]).toMatchObject({ call: { index: 0, type: 'function', function: { name: 'get_time' } } });
    expect(outcome).toMatchObject({
      result: {
        done_reason: 'stop',
        message: {
          tool_calls: [
            { id: expect.any(String), function: { name: 'get_time', arguments: { city: expect.any(String) } } },
          ],
        },
      },
    });
  });

  it('keeps several tool calls apart, also from servers that do not number them', async () => {
    const call = (index: number | undefined, id: string | undefined, name: string, values: string) =>
      delta({ tool_calls: [{ index, id, function: { name, arguments: values } }] });
    const numbered = stream(call(0, 'a', 'f', '{"x"'), call(1, 'b', 'g', ''), call(0, undefined, '', ':1}'), END);
    const expected = [
      { id: 'a', function: { name: 'f', arguments: { x: 1 } } },
      { id: 'b', function: { name: 'g', arguments: {} } },
    ];
    expect((await attempt(task('chat'), numbered)).outcome).toMatchObject({
      result: { message: { tool_calls: expected } },
    });
    const plain = stream(
      call(undefined, 'a', 'f', '{"x"'),
      call(undefined, undefined, '', ':1}'),
      call(undefined, 'b', 'g', ''),
      END,
    );
    expect((await attempt(task('chat'), plain)).outcome).toMatchObject({
      result: { message: { tool_calls: expected } },
    });
  });

  it('keeps arguments that are no object as the model wrote them', async () => {
    const engine = stream(
      delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{"x' } }] }),
      END,
    );
    const { outcome } = await attempt(task('chat'), engine);
    expect(outcome).toMatchObject({ result: { message: { tool_calls: [{ function: { arguments: '{"x' } }] } } });
  });

  it.each([1, 2, 3, 5, 7])('is read whole from pieces of %i bytes', async (sizeBytes) => {
    const text = '你好，世界 🙂🏽 naïve';
    const bytes = Buffer.from(
      `: keep-alive\r\n\r\n${delta({ content: text }).replaceAll('\n', '\r\n')}:\n\nevent: message\n${delta({ content: '🙂' })}${END}`,
    );
    const { outcome, records } = await attempt(task('chat'), stream(...cutInPieces(bytes, sizeBytes)));
    expect(records).toEqual([
      { kind: 'text', text },
      { kind: 'text', text: '🙂' },
    ]);
    expect(outcome).toMatchObject({ result: { message: { content: `${text}🙂` } } });
  });

  it('is read although it came whole', async () => {
    const chat = await attempt(task('chat'), answering('openai', JSON_TYPE, transcript('chat.http').body));
    expect(chat.text).not.toBe('');
    expect(chat.outcome).toMatchObject({ kind: 'completed', result: { message: { content: chat.text } } });
    const raw = await attempt(
      task('generate', { raw: true }),
      answering('openai', JSON_TYPE, transcript('completions.http').body),
    );
    expect(raw.outcome).toMatchObject({ kind: 'completed', result: { response: raw.text } });
    const tools = await attempt(task('chat'), answering('openai', JSON_TYPE, transcript('chat-tools.http').body));
    expect(tools.outcome).toMatchObject({ result: { message: { tool_calls: [{ function: { name: 'get_time' } }] } } });
  });

  it('is complete with its finish reason: some servers leave out [DONE]', async () => {
    const { outcome } = await attempt(task('chat'), stream(delta({ content: 'Hi' }, 'stop')));
    expect(outcome).toMatchObject({ kind: 'completed', result: { message: { content: 'Hi' } } });
  });

  it('ends with [DONE]: what follows is not read', async () => {
    const { outcome } = await attempt(task('chat'), stream(delta({ content: 'Hi' }), END, 'data: {no json\n\n'));
    expect(outcome.kind).toBe('completed');
  });

  it('is read past a first event that is null, and past choices that were not asked for', async () => {
    const other = event({ choices: [{ index: 1, delta: { content: 'other' }, finish_reason: 'length' }] });
    const { outcome } = await attempt(task('chat'), stream('data: null\n\n', delta({ content: 'Hi' }), other, END));
    expect(outcome).toMatchObject({ result: { done_reason: 'stop', message: { content: 'Hi' } } });
  });

  it.each([
    ['nothing', []],
    ['no finish reason', [delta({ content: 'Hi' })]],
    ['[DONE] alone', [delta({ content: 'Hi' }), DONE]],
    ['half an event', [delta({ content: 'Hi' }), 'data: {"choices":[{"finish_reason":"st']],
  ])('is no answer with %s', async (_what, pieces: string[]) => {
    const { outcome } = await attempt(task('chat'), stream(...pieces));
    expect(outcome).toEqual({
      kind: 'failed',
      error: 'chat execution failed: one: the engine ended its answer before it was complete',
      status: undefined,
      retryAfterMs: undefined,
      producedOutput: pieces.length > 0,
      transport: true,
    });
  });

  it.each([
    [
      { error: { code: 500, message: 'Context size has been exceeded.', type: 'server_error' } },
      500,
      'request failed with status 500: Context size has been exceeded.',
    ],
    [{ error: { code: 'server_error', message: 'boom' } }, undefined, 'boom'],
    [{ error: 'boom' }, undefined, 'boom'],
    [{ error: { type: 'x' } }, undefined, '{"type":"x"}'],
  ])('fails with an error in the middle of a stream: %j', async (error, status, message) => {
    const { outcome } = await attempt(task('chat'), stream(delta({ content: 'Hi' }), event(error), END));
    expect(outcome).toEqual({
      kind: 'failed',
      error: `chat execution failed: one: ${message}`,
      status,
      retryAfterMs: undefined,
      producedOutput: true,
      transport: false,
    });
  });

  it.each([
    ['half JSON', SSE, 'data: {"choices":[{"finish_reason":null,"ind\n\n'],
    ['a list', SSE, 'data: [1]\n\n'],
    ['a page', 'text/html', '<p>Sign in</p>'],
    ['no type', '', 'Hi'],
    ['half a body', JSON_TYPE, '{"choices":'],
  ])('fails without being read to its end where it is not understood: %s', async (_what, type, text) => {
    let wasAborted = false;
    const engine = scripted('openai', (_call, sink, signal) => {
      write(sink, 200, type, [text]);
      wasAborted = signal.aborted;
    });
    const { outcome } = await attempt(task('chat'), engine);
    expect(outcome).toMatchObject({
      kind: 'failed',
      transport: false,
      error: expect.stringContaining('not understood'),
    });
    expect(wasAborted).toBe(type !== JSON_TYPE);
  });

  it.each([
    ['text', delta({ content: '12345' })],
    ['reasoning', delta({ reasoning_content: '12345' })],
    ['tool calls', delta({ tool_calls: [{ index: 0, function: { arguments: '1' } }] })],
    ['one endless event', `data: ${'x'.repeat(20)}`],
  ])('fails where there is too much of its %s', async (_what, piece) => {
    const pieces = Array.from({ length: 200 }, () => piece);
    const engine = stream(...pieces, END);
    const { outcome } = await attempt(task('chat'), engine, { answerBytesMax: 900 });
    expect(outcome).toMatchObject({
      kind: 'failed',
      transport: false,
      error: expect.stringContaining('larger than 900 bytes'),
    });
  });

  it('has the embeddings in the order of the texts', async () => {
    const data = [
      { index: 1, embedding: [3, 4] },
      { index: 0, embedding: [1, 2] },
    ];
    const { outcome, records } = await attempt(
      task('embed'),
      whole({ data, usage: { prompt_tokens: 8, total_tokens: 8 } }),
    );
    expect(records).toEqual([]);
    expect(outcome).toEqual({
      kind: 'completed',
      result: {
        model: 'm',
        embeddings: [
          [1, 2],
          [3, 4],
        ],
        total_duration: expect.any(Number),
        prompt_eval_count: 8,
      },
      usage: { prompt_tokens: 8, completion_tokens: 0, total_tokens: 8 },
    });
    const real = await attempt(task('embed'), answering('openai', JSON_TYPE, transcript('embeddings-batch.http').body));
    expect(real.outcome).toMatchObject({
      kind: 'completed',
      result: { embeddings: [expect.any(Array), expect.any(Array)] },
    });
  });

  it.each([
    [{ data: [{ embedding: 'AAAA' }] }, 'embed execution failed: one: the answer has no embeddings'],
    [{ data: [{ embedding: [[1]] }] }, 'embed execution failed: one: the answer has no embeddings'],
    [{}, 'embed execution failed: one: the answer has no embeddings'],
    [
      { error: { code: 501, message: 'no embeddings here' } },
      'embed execution failed: one: request failed with status 501: no embeddings here',
    ],
    [[], 'embed execution failed: one: the answer is not understood: not a JSON object'],
    [
      { data: Array.from({ length: 300 }, () => ({ embedding: [1] })) },
      'embed execution failed: one: the answer is larger than 5000 bytes',
    ],
  ])('is refused as embeddings: %j', async (body, error) => {
    const { outcome } = await attempt(task('embed'), whole(body), { answerBytesMax: 5000 });
    expect(outcome).toMatchObject({ kind: 'failed', error, producedOutput: false, transport: false });
  });
});
