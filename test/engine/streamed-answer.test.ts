import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { seededRandom } from '../../src/base/random.js';
import type { AnswerHead, AnswerSink, Flow, HeaderFields } from '../../src/engine/engine.js';
import { AnswerAssembler, ASSEMBLER_LIMITS, type AssemblerLimits } from '../../src/engine/streamed-answer.js';
import { fixture, transcript } from '../support/transcript.js';

class RecordingSink implements AnswerSink {
  readonly heads: AnswerHead[] = [];
  readonly chunks: Buffer[] = [];
  flow: Flow | undefined;
  takesMore = true;

  head(head: AnswerHead, flow: Flow): void {
    this.heads.push(head);
    this.flow = flow;
  }

  chunk(bytes: Buffer): boolean {
    this.chunks.push(Buffer.from(bytes));
    return this.takesMore;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.text);
  }
}

const flow: Flow = { resume() {} };
const STREAM_HEAD: AnswerHead = {
  status: 200,
  headers: {
    server: 'llama.cpp',
    'x-accel-buffering': 'no',
    'content-type': 'text/event-stream',
    'transfer-encoding': 'chunked',
  },
};

function assembler(limits: AssemblerLimits = ASSEMBLER_LIMITS, headers: HeaderFields = STREAM_HEAD.headers) {
  const inner = new RecordingSink();
  const outer = new AnswerAssembler(inner, limits);
  outer.head({ status: 200, headers }, flow);
  return { inner, outer };
}

function assembled(stream: Buffer | string): RecordingSink {
  const { inner, outer } = assembler();
  outer.chunk(Buffer.from(stream));
  outer.finish();
  return inner;
}

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const engineError = (message: RegExp) =>
  expect.objectContaining({ code: 'engine_error', message: expect.stringMatching(message) });

/** What differs between two answers to the same question: identity, time, and what the prompt cache saved. */
function comparable(answer: Record<string, unknown>, differing: readonly string[]): unknown {
  const withoutCallIds = JSON.stringify(answer).replace(/("type":"function".*?),?"id":"\w{32}"/g, '$1');
  const plain = JSON.parse(withoutCallIds.replace(/"id":"\w{32}",/g, ''));
  for (const key of ['id', 'timings', ...differing]) delete plain[key];
  if (plain.usage) delete plain.usage.prompt_tokens_details;
  return plain;
}

const word = (text: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';

describe('the assembled answer', () => {
  it.each([
    ['chat', 'chat-stream-usage.sse', 'chat.http', []],
    ['chat with reasoning', 'chat-reasoning-stream.sse', 'chat-reasoning.http', ['usage']],
    ['chat with a tool call', 'chat-tools-stream.sse', 'chat-tools.http', ['usage']],
    ['completions', 'completions-stream.sse', 'completions.http', []],
  ])('is what the engine itself answers: %s', (_, stream, whole, differing) => {
    const own = JSON.parse(transcript(whole).body.toString());
    expect(comparable(assembled(fixture(stream)).json, differing)).toEqual(comparable(own, differing));
  });

  it('has the identity and the timings of its stream', () => {
    const stream = fixture('chat-stream-usage.sse').toString();
    const { json } = assembled(stream);
    expect(json.id).toBe(/"id":"([^"]+)"/.exec(stream)?.[1]);
    expect(json.timings).toMatchObject({ cache_n: 21, predicted_n: 4 });
    expect(json.usage).toMatchObject({ completion_tokens: 4, prompt_tokens: 22, total_tokens: 26 });
  });

  it('has the keys that the engine itself sends, no more and no fewer', () => {
    const own = JSON.parse(transcript('chat.http').body.toString());
    expect(Object.keys(assembled(fixture('chat-stream-usage.sse')).json).sort()).toEqual(Object.keys(own).sort());
  });

  it('has the log probabilities of all tokens in order', () => {
    const { json } = assembled(fixture('chat-stream-logprobs.sse'));
    const [choice] = json.choices as { message: { content: string }; logprobs: { content: { token: string }[] } }[];
    expect(choice?.logprobs.content.map((entry) => entry.token)).toEqual([' captain', ' market']);
    expect(choice?.message.content).toBe(' captain market');
  });

  it('has JSON headers, the right length, and nothing of the stream', () => {
    const inner = assembled(word('é🙂', 'stop') + DONE);
    expect(inner.heads).toEqual([
      {
        status: 200,
        headers: {
          server: 'llama.cpp',
          'content-type': 'application/json; charset=utf-8',
          'content-length': String(Buffer.byteLength(inner.text)),
        },
      },
    ]);
  });

  it('is the same wherever the stream is cut into chunks, also inside a character', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    const stream = Buffer.from(`: ping\n\n${word('naïve 日本')}${word('🙂🙂')}${word('', 'stop')}${DONE}`);
    const whole = assembled(stream).text;
    for (let round = 0; round < 200; round++) {
      const { inner, outer } = assembler();
      for (let at = 0; at < stream.length; ) {
        const next = at + 1 + Math.floor(random() * 7);
        outer.chunk(stream.subarray(at, next));
        at = next;
      }
      outer.finish();
      expect(inner.text, `seed ${seed}`).toBe(whole);
    }
    expect(whole).toContain('naïve 日本🙂🙂');
  });

  it('is not begun before the stream is complete', () => {
    const { inner, outer } = assembler();
    expect(outer.chunk(Buffer.from(word('a', 'stop') + DONE))).toBe(true);
    expect(inner.heads).toEqual([]);
  });

  it('does without the null event that several prompts bring', () => {
    expect(assembled(`data: null\n\n${word('a', 'stop')}${DONE}`).json.choices).toHaveLength(1);
  });
});

describe('an answer that is no stream', () => {
  it('passes through byte for byte', () => {
    const answer = transcript('error-context-overflow-stream.http');
    const inner = new RecordingSink();
    const outer = new AnswerAssembler(inner);
    outer.head({ status: answer.status, headers: answer.headers }, flow);
    outer.chunk(answer.body.subarray(0, 10));
    outer.chunk(answer.body.subarray(10));
    outer.finish();
    expect(inner.heads).toEqual([{ status: 400, headers: answer.headers }]);
    expect(inner.flow).toBe(flow);
    expect(Buffer.concat(inner.chunks)).toEqual(answer.body);
  });

  it('passes through also with status 200, and the reader can slow it down', () => {
    const { inner, outer } = assembler(ASSEMBLER_LIMITS, { 'content-type': 'application/json' });
    inner.takesMore = false;
    expect(outer.chunk(Buffer.from('{}'))).toBe(false);
    expect(inner.text).toBe('{}');
  });
});

describe('an error inside the stream', () => {
  it('becomes that error, with its status', () => {
    const event = /data: (\{"error".*\})/.exec(fixture('shared-context-full.log').toString())?.[1] ?? '';
    const inner = assembled(`${word('a')}data: ${event}\n\n`);
    expect(inner.heads[0]?.status).toBe(500);
    expect(inner.heads[0]?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(event.length),
    });
    expect(inner.text).toBe(event);
  });

  it.each([
    [400, 400],
    [503, 503],
    [200, 500],
    [1234, 500],
    ['rate_limit', 500],
    [undefined, 500],
  ])('with code %j has status %d', (code, status) => {
    expect(assembled(`data: ${JSON.stringify({ error: { code, message: 'no' } })}\n\n`).heads[0]?.status).toBe(status);
  });
});

describe('a stream that goes wrong', () => {
  it.each([
    ['has no end at all', word('a')],
    ['ends without [DONE]', word('a', 'stop')],
    ['says [DONE] before the answer ended', word('a') + DONE],
    ['ends inside an event', word('a', 'stop') + DONE.slice(0, -2)],
    ['is empty', ''],
  ])('is an engine error when it %s', (_, stream) => {
    const { inner, outer } = assembler();
    outer.chunk(Buffer.from(stream));
    const thrown = thrownBy(() => outer.finish());
    expect(thrown).toBeInstanceOf(GollamaError);
    expect(thrown).toEqual(engineError(/before it was complete/));
    expect(inner.heads).toEqual([]);
  });

  it.each([
    ['no JSON', 'data: {"choices":\n\n', /not understood/],
    ['no object', 'data: 5\n\n', /not an object/],
  ])('is an engine error when an event is %s', (_, stream, message) => {
    const { inner, outer } = assembler();
    expect(thrownBy(() => outer.chunk(Buffer.from(stream + word('a', 'stop') + DONE)))).toEqual(engineError(message));
    expect(thrownBy(() => outer.finish())).toEqual(engineError(message));
    expect(inner.heads).toEqual([]);
  });

  it('is an engine error when the answer grows beyond its limit', () => {
    const { outer } = assembler({ ...ASSEMBLER_LIMITS, answerCharsMax: 1000 });
    const send = () => outer.chunk(Buffer.from(word('x'.repeat(400))));
    send();
    send();
    expect(thrownBy(send)).toEqual(engineError(/too large/));
    expect(thrownBy(send)).toEqual(engineError(/too large/));
    expect(thrownBy(() => outer.finish())).toEqual(engineError(/too large/));
  });

  it('is an engine error when one event never ends', () => {
    const { outer } = assembler({ ...ASSEMBLER_LIMITS, eventCharsMax: 1000 });
    const send = () => outer.chunk(Buffer.from(`data: ${'x'.repeat(600)}`));
    send();
    expect(thrownBy(send)).toEqual(engineError(/event that is too large/));
    expect(thrownBy(() => outer.finish())).toEqual(engineError(/event that is too large/));
  });

  it('is an engine error when it is packed', () => {
    const { outer } = assembler(ASSEMBLER_LIMITS, { ...STREAM_HEAD.headers, 'content-encoding': 'gzip' });
    expect(thrownBy(() => outer.chunk(Buffer.from([0x1f, 0x8b])))).toEqual(engineError(/packed/));
  });
});
