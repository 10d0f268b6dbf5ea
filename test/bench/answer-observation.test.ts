import { describe, expect, it } from 'vitest';
import { AnswerObservation, type ObservationOptions } from '../../bench/answer-observation.js';

const SSE = 'text/event-stream; charset=utf-8';

/** Plays (time, bytes) against an observation of a 200 stream, and ends it after the last of them. */
function played(script: readonly (readonly [number, string | Buffer])[], options: Partial<ObservationOptions> = {}) {
  const seen = new AnswerObservation({ stream: true, saveText: true, ...options });
  seen.head(200, SSE);
  let endMs = 0;
  for (const [atMs, bytes] of script) {
    seen.bytes(Buffer.from(bytes as string), atMs);
    endMs = atMs;
  }
  seen.end(endMs);
  return seen;
}

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (body: object, finish: string | null = null) =>
  event({ model: 'm', choices: [{ index: 0, delta: body, finish_reason: finish }] });
const word = (content: string) => delta({ content });
const STOP = delta({}, 'stop');
const DONE = 'data: [DONE]\n\n';
const usage = (completion: number, more: object = {}) =>
  event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: completion, ...more } });

describe('a stream', () => {
  it('gives the moments and counts of a reasoning model that decodes speculatively', () => {
    const seen = played([
      [35, delta({ role: 'assistant', content: '' })],
      [400, delta({ reasoning_content: 'a' })],
      [450, delta({ reasoning_content: 'b' })],
      [550, delta({ reasoning_content: 'c d' })],
      [700, word('e')],
      [800, word('f g h')],
      [850, word('i')],
      [852, STOP],
      [855, usage(9, { completion_tokens_details: { reasoning_tokens: 4 } })],
      [856, DONE],
    ]);
    expect(seen.failure()).toBeUndefined();
    expect([seen.firstEventMs, seen.firstTokenMs, seen.firstContentMs, seen.lastTokenMs]).toEqual([35, 400, 700, 850]);
    expect(seen.gapsUs).toEqual([50_000, 100_000, 150_000, 100_000, 50_000]);
    expect(seen.chunks).toBe(6);
    expect(seen.tokens()).toEqual({ prompt: 5, completion: 9, reasoning: 4, cached: null, source: 'usage' });
  });

  it('does not count an empty first delta as a token', () => {
    const seen = played([
      [10, delta({ role: 'assistant', content: '' })],
      [20, delta({ role: 'assistant', content: null })],
      [1300, word('x')],
      [1310, STOP],
    ]);
    expect([seen.firstEventMs, seen.firstTokenMs, seen.chunks]).toEqual([10, 1300, 1]);
  });

  it.each(['reasoning', 'reasoning_content'])('counts `%s` as tokens that are not content', (field) => {
    const seen = played([
      [10, delta({ [field]: 'hm' })],
      [20, word('x')],
      [21, STOP],
    ]);
    expect([seen.firstTokenMs, seen.firstContentMs, seen.chunks]).toEqual([10, 20, 2]);
  });

  it('counts a delta that says the same reasoning in both fields once', () => {
    const seen = played([
      [10, delta({ reasoning: 'hm', reasoning_content: 'hm' })],
      [11, STOP],
    ]);
    expect([seen.chunks, seen.text]).toEqual([1, 'hm']);
  });

  it('counts deltas of tool calls as tokens, and an empty list of them as none', () => {
    const seen = played([
      [5, delta({ tool_calls: [] })],
      [10, delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] })],
      [20, delta({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] })],
      [30, delta({}, 'tool_calls')],
    ]);
    expect(seen.failure()).toBeUndefined();
    expect([seen.firstTokenMs, seen.firstContentMs, seen.chunks, seen.gapsUs]).toEqual([10, 10, 2, [10_000]]);
  });

  it('counts the tokens of a chunk that holds several by usage, and the chunk once', () => {
    const seen = played([
      [10, word('one two three')],
      [20, word('four')],
      [21, STOP],
      [22, usage(4)],
      [22, DONE],
    ]);
    expect([seen.chunks, seen.tokens().completion]).toEqual([2, 4]);
  });

  it('does not count the finish chunk with its empty delta', () => {
    const seen = played([
      [10, word('x')],
      [500, STOP],
      [501, DONE],
    ]);
    expect([seen.lastTokenMs, seen.gapsUs, seen.finishReason]).toEqual([10, [], 'stop']);
  });

  it('is not stamped by the chunk that has usage and no choices', () => {
    const seen = played([
      [10, word('x')],
      [11, STOP],
      [900, usage(1)],
      [901, DONE],
    ]);
    expect([seen.firstTokenMs, seen.lastTokenMs, seen.tokens().completion]).toEqual([10, 10, 1]);
  });

  it('takes the last usage where every chunk has one', () => {
    const withUsage = (content: string, completion: number) =>
      event({ choices: [{ delta: { content } }], usage: { prompt_tokens: 3, completion_tokens: completion } });
    const seen = played([
      [10, withUsage('a', 0)],
      [20, withUsage('b', 1)],
      [30, withUsage('c', 3)],
      [31, STOP],
    ]);
    expect(seen.tokens()).toMatchObject({ prompt: 3, completion: 3, source: 'usage' });
  });

  it('counts chunks where usage says zero tokens beside text', () => {
    const seen = played([
      [10, word('a')],
      [20, word('b')],
      [21, usage(0)],
      [22, DONE],
    ]);
    expect(seen.tokens()).toMatchObject({ prompt: 5, completion: 2, source: 'chunks' });
  });

  it('counts by timings, then by log-probabilities, then by chunks where there is no usage', () => {
    const timings = { prompt_n: 1, cache_n: 23, prompt_ms: 2, predicted_n: 7, predicted_ms: 70 };
    const byTimings = played([
      [10, word('a')],
      [11, event({ choices: [{ delta: {}, finish_reason: 'stop' }], timings })],
    ]);
    expect(byTimings.tokens()).toEqual({ prompt: 24, completion: 7, reasoning: null, cached: 23, source: 'timings' });
    const chosen = { delta: { content: 'ab' }, logprobs: { content: [{ token: 'a' }, { token: 'b' }] } };
    const byLogprobs = played([
      [10, event({ choices: [chosen] })],
      [11, STOP],
    ]);
    expect(byLogprobs.tokens()).toMatchObject({ completion: 2, source: 'logprobs' });
    const byChunks = played([
      [10, word('a b c')],
      [11, STOP],
    ]);
    expect(byChunks.tokens()).toMatchObject({ prompt: null, completion: 1, source: 'chunks' });
  });

  it('is a success without [DONE] where it has a finish reason', () => {
    expect(
      played([
        [10, word('x')],
        [11, STOP],
      ]).failure(),
    ).toBeUndefined();
  });

  it('is done at [DONE], although the connection is held open, and nothing behind it counts', () => {
    const seen = new AnswerObservation({ stream: true, saveText: false });
    seen.head(200, SSE);
    seen.bytes(Buffer.from(word('x') + STOP), 10);
    expect(seen.isDone).toBe(false);
    seen.bytes(Buffer.from(DONE + word('y')), 12);
    expect([seen.isDone, seen.chunks]).toEqual([true, 1]);
  });

  it('passes over comments that keep it alive', () => {
    const seen = played([
      [5, ': keep-alive\n\n'],
      [6, ':\n\n'],
      [10, `: x\n${word('x')}`],
      [11, STOP],
    ]);
    expect([seen.firstEventMs, seen.chunks, seen.failure()]).toEqual([10, 1, undefined]);
  });

  it('may leave out the space behind `data:`', () => {
    const seen = played([[10, (word('x') + STOP + DONE).replaceAll('data: ', 'data:')]]);
    expect([seen.text, seen.failure()]).toEqual(['x', undefined]);
  });

  it('may end its lines as Windows does, also where a read ends between the two characters', () => {
    const bytes = (word('x') + word('y') + STOP + DONE).replaceAll('\n', '\r\n');
    const cut = bytes.indexOf('\r') + 1;
    const seen = played([
      [10, bytes.slice(0, cut)],
      [11, bytes.slice(cut)],
    ]);
    expect([seen.text, seen.chunks, seen.failure()]).toEqual(['xy', 2, undefined]);
  });

  it('reads the same, wherever its bytes are cut', () => {
    const bytes = Buffer.from(word('Grüße, 世界 🦙') + word('!') + STOP + usage(6) + DONE);
    for (let cut = 1; cut < bytes.length; cut++) {
      const seen = played([
        [10, bytes.subarray(0, cut)],
        [20, bytes.subarray(cut)],
      ]);
      const told = [cut, seen.text, seen.chunks, seen.tokens().completion, seen.failure()];
      expect(told).toEqual([cut, 'Grüße, 世界 🦙!', 2, 6, undefined]);
    }
  });

  it('stamps an event when its last byte has come', () => {
    const bytes = word('x');
    const seen = played([
      [10, bytes.slice(0, 20)],
      [30, bytes.slice(20)],
      [31, STOP],
    ]);
    expect(seen.firstTokenMs).toBe(30);
  });

  it('tells how many events came in the same read as the one before', () => {
    const seen = played([
      [10, word('a') + word('b') + word('c')],
      [20, word('d')],
      [30, word('e') + STOP],
    ]);
    expect([seen.coalesced, seen.gapsUs]).toEqual([2, [0, 0, 10_000, 10_000]]);
  });

  it.each([
    ['an object', event({ error: { message: 'no memory', code: 500 } }), 'no memory'],
    ['a text', event({ error: 'no memory' }), 'no memory'],
    ['an event of that name', 'event: error\ndata: {"message":"no memory"}\n\n', '{"message":"no memory"}'],
    ['a field of that name', 'error: {"message":"no memory"}\n\n', '{"message":"no memory"}'],
  ])('fails at an error inside, told as %s', (_, bytes, message) => {
    const seen = played([
      [10, word('x')],
      [20, bytes],
      [21, DONE],
    ]);
    expect(seen.failure()).toEqual({ errorClass: 'stream_error', message });
  });

  it('takes `"error": null` for no error', () => {
    const seen = played([
      [10, event({ error: null, choices: [{ delta: { content: 'x' } }] })],
      [11, STOP],
    ]);
    expect(seen.failure()).toBeUndefined();
  });

  it('fails as truncated where it ends without finish reason and without [DONE]', () => {
    expect(played([[10, word('x')]]).failure()?.errorClass).toBe('truncated');
  });

  it('fails as truncated where it is cut inside an event', () => {
    const seen = played([
      [10, word('x')],
      [20, word('y').slice(0, 25)],
    ]);
    expect([seen.failure()?.errorClass, seen.chunks]).toEqual(['truncated', 1]);
  });

  it('takes a last event without the empty line behind it', () => {
    const seen = played([
      [10, word('x')],
      [20, STOP.trimEnd()],
    ]);
    expect([seen.failure(), seen.finishReason]).toEqual([undefined, 'stop']);
  });

  it('fails as empty where it has no token, whatever its usage says', () => {
    const seen = played([
      [10, delta({ role: 'assistant', content: '' })],
      [11, STOP],
      [12, usage(3)],
      [13, DONE],
    ]);
    expect(seen.failure()).toEqual({ errorClass: 'empty', message: 'the answer has no token' });
  });

  it('fails at an event that is no JSON object', () => {
    const seen = played([
      [10, 'data: <html>\n\n'],
      [11, STOP + DONE],
    ]);
    expect(seen.failure()).toEqual({ errorClass: 'parse', message: 'an event is no JSON object: <html>' });
  });

  it('fails at an event without an end, and takes nothing more', () => {
    const part = 'x'.repeat(4 * 1024 * 1024);
    const seen = played([[1, 'data: '], ...Array.from({ length: 5 }, (_, at) => [at + 2, part] as const)]);
    expect(seen.failure()?.errorClass).toBe('parse');
    expect(seen.failure()?.message).toContain('16777216 characters');
  });

  it('keeps no text unless it is asked to', () => {
    expect(played([[10, word('secret') + STOP]], { saveText: false }).text).toBe('');
  });
});

describe('an answer that is no event stream', () => {
  function answered(status: number, contentType: string, body: string, stream = false) {
    const seen = new AnswerObservation({ stream, saveText: true });
    seen.head(status, contentType);
    seen.bytes(Buffer.from(body), 10);
    seen.end(20);
    return seen;
  }
  const JSON_TYPE = 'application/json';
  const whole = (message: object, more: object = {}) =>
    JSON.stringify({ model: 'm', choices: [{ message, finish_reason: 'stop' }], ...more });

  it('fails as not_sse where a stream was asked for', () => {
    const seen = answered(200, JSON_TYPE, whole({ content: 'x' }), true);
    expect(seen.failure()).toEqual({
      errorClass: 'not_sse',
      message: 'expected an event stream, got application/json',
    });
  });

  it('has all its moments at the end of the body', () => {
    const seen = answered(200, JSON_TYPE, whole({ content: 'x' }, { usage: { completion_tokens: 4 } }));
    expect(seen.failure()).toBeUndefined();
    expect([seen.firstTokenMs, seen.lastTokenMs, seen.tokens().completion, seen.text]).toEqual([20, 20, 4, 'x']);
  });

  it('is a success without completion tokens where it is an embedding', () => {
    const seen = answered(200, JSON_TYPE, '{"data":[{"embedding":[0.5]}],"usage":{"prompt_tokens":3}}');
    expect(seen.failure()).toBeUndefined();
    expect(seen.tokens()).toMatchObject({ prompt: 3, completion: 0 });
  });

  it('fails as empty where the model said nothing', () => {
    expect(answered(200, JSON_TYPE, whole({ content: '' })).failure()?.errorClass).toBe('empty');
  });

  it('fails at an error behind status 200', () => {
    expect(answered(200, JSON_TYPE, '{"error":{"message":"no"}}').failure()).toEqual({
      errorClass: 'stream_error',
      message: 'no',
    });
  });

  it('fails at a body that is no JSON', () => {
    expect(answered(200, 'text/html', '<p>hello</p>').failure()?.errorClass).toBe('parse');
  });

  it.each([
    [400, 'http_4xx'],
    [429, 'http_429'],
    [503, 'http_5xx'],
  ])('fails at status %i as %s, with what the server told', (status, errorClass) => {
    const seen = answered(status, JSON_TYPE, '{"error":{"message":"come later"}}', true);
    expect(seen.failure()).toEqual({ errorClass, message: `HTTP ${status}: come later` });
  });

  it('stays a refusal where it is dressed as a stream', () => {
    expect(answered(503, SSE, word('x') + STOP + DONE, true).failure()?.errorClass).toBe('http_5xx');
  });
});
