import { describe, expect, it } from 'vitest';
import { answering, attempt, JSON_TYPE, NDJSON, task } from '../../support/attempt.js';

const HEAD = { model: 'llama3.2', created_at: '2026-01-02T03:04:05Z' };
const COUNTS = {
  total_duration: 5_000,
  load_duration: 1_000,
  prompt_eval_count: 26,
  prompt_eval_duration: 2_000,
  eval_count: 3,
  eval_duration: 2_000,
};
const line = (object: object) => `${JSON.stringify({ ...HEAD, done: false, ...object })}\n`;
const said = (content: string, more: object = {}) => line({ message: { role: 'assistant', content, ...more } });
const LAST = line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', ...COUNTS });

const stream = (...pieces: (string | Buffer)[]) => answering('ollama', NDJSON, ...pieces);

describe('an answer of Ollama', () => {
  it('is the last object of a chat, with the whole message in it', async () => {
    const { outcome, records } = await attempt(task('chat'), stream(said('Hel'), said('lo'), LAST));
    expect(records).toEqual([
      { kind: 'text', text: 'Hel' },
      { kind: 'text', text: 'lo' },
    ]);
    expect(outcome).toEqual({
      kind: 'completed',
      result: { ...HEAD, message: { role: 'assistant', content: 'Hello' }, done: true, done_reason: 'stop', ...COUNTS },
      usage: { prompt_tokens: 26, completion_tokens: 3, total_tokens: 29 },
    });
  });

  it('is the last object of a generation, with the whole text and the context in it', async () => {
    const last = line({ response: '', done: true, done_reason: 'stop', context: [1, 2], ...COUNTS });
    const engine = stream(
      line({ thinking: 'h', response: '' }),
      line({ response: 'Hel' }),
      line({ response: 'lo' }),
      last,
    );
    const { outcome, reasoning } = await attempt(task('generate'), engine);
    expect(reasoning).toBe('h');
    expect(outcome).toMatchObject({
      kind: 'completed',
      result: {
        ...HEAD,
        response: 'Hello',
        thinking: 'h',
        context: [1, 2],
        done: true,
        done_reason: 'stop',
        ...COUNTS,
      },
    });
  });

  it('has its thinking and its tool calls in the message', async () => {
    const call = { function: { name: 'get_time', arguments: { city: 'Bern' } } };
    const named = { id: 'c1', function: { index: 1, name: 'now', arguments: {} } };
    const engine = stream(
      said('', { thinking: 'hm' }),
      said('', { tool_calls: [call] }),
      said('', { tool_calls: [named] }),
      LAST,
    );
    const { outcome, records } = await attempt(task('chat'), engine);
    expect(records).toEqual([
      { kind: 'reasoning', text: 'hm' },
      {
        kind: 'tool_call',
        call: { index: 0, type: 'function', function: { name: 'get_time', arguments: '{"city":"Bern"}' } },
      },
      { kind: 'tool_call', call: { index: 1, id: 'c1', type: 'function', function: { name: 'now', arguments: '{}' } } },
    ]);
    expect(outcome).toMatchObject({
      result: { message: { role: 'assistant', content: '', thinking: 'hm', tool_calls: [call, named] } },
    });
  });

  it('keeps what is not known of it', async () => {
    const engine = stream(
      said('a', { images: ['x'] }).replace('}\n', ',"logprobs":[{"token":"a"}]}\n'),
      said('b').replace('}\n', ',"logprobs":[{"token":"b"}]}\n'),
      LAST.replace('}\n', ',"news":1}\n'),
    );
    const { outcome } = await attempt(task('chat'), engine);
    expect(outcome).toMatchObject({
      result: { message: { content: 'ab', images: ['x'] }, logprobs: [{ token: 'a' }, { token: 'b' }], news: 1 },
    });
  });

  it('counts what Ollama leaves out as none', async () => {
    const last = line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', eval_count: 3 });
    const { outcome } = await attempt(task('chat'), stream(said('Hi'), last));
    expect(outcome).toMatchObject({ usage: { prompt_tokens: 0, completion_tokens: 3, total_tokens: 3 } });
  });

  it('may be the loading of a model', async () => {
    const last = line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'load' });
    const { outcome } = await attempt(task('chat', { messages: [] }), answering('ollama', JSON_TYPE, last.trim()));
    expect(outcome).toMatchObject({ kind: 'completed', result: { done_reason: 'load' }, usage: undefined });
  });

  it.each([1, 2, 3, 5, 7])('is read whole from pieces of %i bytes, with blank lines and CRLF', async (sizeBytes) => {
    const text = '你好，世界 🙂🏽 naïve';
    const bytes = Buffer.from(`\r\n${said(text).replace('\n', '\r\n')}\n${said('🙂')}${LAST}`);
    const pieces = Array.from({ length: Math.ceil(bytes.length / sizeBytes) }, (_, at) =>
      bytes.subarray(at * sizeBytes, (at + 1) * sizeBytes),
    );
    const { outcome, records } = await attempt(task('chat'), stream(...pieces));
    expect(records.map((record) => record.kind === 'text' && record.text)).toEqual([text, '🙂']);
    expect(outcome).toMatchObject({ result: { message: { content: `${text}🙂` } } });
  });

  it('may end without a line end', async () => {
    const { outcome } = await attempt(task('chat'), stream(said('Hi'), LAST.trimEnd()));
    expect(outcome.kind).toBe('completed');
  });

  it('ends with `done`: what follows is not read', async () => {
    const { outcome } = await attempt(task('chat'), stream(said('Hi'), LAST, '{no json\n'));
    expect(outcome.kind).toBe('completed');
  });

  it.each([
    ['nothing', []],
    ['no last object', [said('Hi')]],
    ['half a last object', [said('Hi'), LAST.slice(0, 40)]],
  ])('is no answer with %s', async (_what, pieces: string[]) => {
    const { outcome } = await attempt(task('chat'), stream(...pieces));
    expect(outcome).toEqual({
      kind: 'failed',
      error: 'chat execution failed: ollama: the engine ended its answer before it was complete',
      status: undefined,
      retryAfterMs: undefined,
      producedOutput: pieces.length > 0,
      transport: true,
    });
  });

  it.each(['\n', ''])('fails with an error line in the middle', async (lineEnd) => {
    const { outcome } = await attempt(task('chat'), stream(said('Hi'), `{"error":"CUDA error"}${lineEnd}`));
    expect(outcome).toEqual({
      kind: 'failed',
      error: 'chat execution failed: ollama: CUDA error',
      status: undefined,
      retryAfterMs: undefined,
      producedOutput: true,
      transport: false,
    });
  });

  it('fails where a line is not understood', async () => {
    for (const text of ['<p>Sign in</p>\n', '[1]\n']) {
      const { outcome } = await attempt(task('chat'), stream(text, LAST));
      expect(outcome).toMatchObject({
        kind: 'failed',
        transport: false,
        error: expect.stringContaining('not understood'),
      });
    }
  });

  it.each([
    ['text', said('12345')],
    ['one endless line', 'x'.repeat(50)],
  ])('fails where there is too much: %s', async (_what, piece) => {
    const pieces = Array.from({ length: 200 }, () => piece);
    const { outcome } = await attempt(task('chat'), stream(...pieces, LAST), { answerBytesMax: 900 });
    expect(outcome).toMatchObject({ kind: 'failed', error: expect.stringContaining('larger than 900 bytes') });
  });

  it('is the embeddings as they come', async () => {
    const body = {
      model: 'm',
      embeddings: [
        [1, 2],
        [3, 4],
      ],
      total_duration: 5,
      prompt_eval_count: 8,
    };
    const { outcome, records } = await attempt(task('embed'), answering('ollama', JSON_TYPE, JSON.stringify(body)));
    expect(records).toEqual([]);
    expect(outcome).toEqual({
      kind: 'completed',
      result: body,
      usage: { prompt_tokens: 8, completion_tokens: 0, total_tokens: 8 },
    });
  });

  it('is refused as embeddings where it has none', async () => {
    const { outcome } = await attempt(task('embed'), answering('ollama', JSON_TYPE, '{"model":"m"}'));
    expect(outcome).toMatchObject({ error: 'embed execution failed: ollama: the answer has no embeddings' });
  });
});
