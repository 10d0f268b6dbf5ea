import { describe, expect, it } from 'vitest';
import type { EngineCall } from '../../src/engine/engine.js';
import { asStreamedCall } from '../../src/engine/streamed-call.js';

const messages = [{ role: 'user', content: 'hi' }];

function call(body: unknown, change: Partial<EngineCall> = {}): EngineCall {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { method: 'POST', path: '/v1/chat/completions', headers: {}, body: bytes, stream: false, ...change };
}

describe('asStreamedCall', () => {
  it('asks for a stream with usage and leaves the rest of the body as it was', () => {
    const body =
      '{"seed": 18446744073709551615, "stream": false, "messages":[{"role":"user","content":"\\"stream\\":false"}]}';
    const streamed = asStreamedCall(call(body));
    expect(streamed?.stream).toBe(true);
    expect(streamed?.body.toString()).toBe(
      `{"stream_options":{"include_usage":true},${body.slice(1).replace('"stream": false', '"stream": true')}`,
    );
  });

  it('replaces stream options, which mean nothing without a stream', () => {
    const streamed = asStreamedCall(call('{"stream_options":{"include_usage":false},"stream":null}'));
    expect(streamed?.body.toString()).toBe('{"stream_options":{"include_usage":true},"stream":true}');
  });

  it.each(['/v1/chat/completions', '/chat/completions', '/v1/completions', '/v1/completions?x=1'])(
    'covers %s',
    (path) => {
      expect(asStreamedCall(call({ prompt: 'a' }, { path }))?.path).toBe(path);
    },
  );

  it.each(['/completion', '/completions', '/v1/embeddings', '/v1/responses', '/v1/messages', '/infill'])(
    'leaves %s alone',
    (path) => {
      expect(asStreamedCall(call({ prompt: 'a' }, { path }))).toBeUndefined();
    },
  );

  it.each([
    ['a stream', call({ messages, stream: true }, { stream: true })],
    ['a body that asks for a stream behind the back of the call', call({ messages, stream: true })],
    ['a GET', call({ messages }, { method: 'GET' })],
    ['a body that is no JSON', call('{"messages":')],
    ['a body that is no object', call('[]')],
    ['an empty body', call('')],
    ['verbose answers', call({ messages, verbose: true })],
    [
      'an answer that goes on from given words',
      call({ messages: [...messages, { role: 'assistant', content: 'It' }] }),
    ],
  ])('leaves %s alone', (_, given) => {
    expect(asStreamedCall(given)).toBeUndefined();
  });

  it('does not let the engine pack the stream', () => {
    const streamed = asStreamedCall(
      call({ messages }, { headers: { 'accept-encoding': 'gzip', 'x-request-id': '1' } }),
    );
    expect(streamed?.headers).toEqual({ 'x-request-id': '1' });
  });

  it('does not change the call it was given', () => {
    const given = call({ messages }, { headers: { 'accept-encoding': 'gzip' } });
    const before = { ...given, headers: { ...given.headers }, body: Buffer.from(given.body) };
    asStreamedCall(given);
    expect(given).toEqual(before);
  });
});
