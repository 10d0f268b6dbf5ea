import { describe, expect, it, vi } from 'vitest';
import { isTextPath, outlineOf } from '../../src/protocol/openai.js';

const nothing = { isObject: false, model: undefined, stream: false, streamOptions: undefined };
const outline = (text: string) => outlineOf(Buffer.from(text));

describe('the outline of a request', () => {
  it('has the model, whether a stream is wanted, and whether usage is', () => {
    expect(outline('{"model":"m","stream":true,"stream_options":{"include_usage":true}}')).toMatchObject({
      model: 'm',
      stream: true,
      streamOptions: { include_usage: true },
    });
    expect(outline('{"x":1}')).toEqual({ ...nothing, isObject: true });
  });

  it.each(['', 'not JSON', '[1]', '"text"', '7', 'null', '{"model":"m"', '\ufeff{}'])(
    'is empty for %j, which is forwarded as it is',
    (text) => {
      expect(outline(text)).toEqual(nothing);
    },
  );

  it.each([
    ['{"stream":"true"}', false],
    ['{"stream":1}', false],
    ['{"stream":null}', false],
    ['{"stream":false,"stream":true}', true],
  ])('of %s has stream: %s', (text, stream) => {
    expect(outline(text).stream).toBe(stream);
  });

  it.each(['{"stream_options":null}', '{"stream_options":[true]}', '{"stream_options":"x"}'])(
    'of %s has no stream options',
    (text) => {
      expect(outline(text).streamOptions).toBeUndefined();
    },
  );

  it('does not tell a long model name back', () => {
    expect(() => outline(JSON.stringify({ model: 'm'.repeat(513) }))).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param: 'model', message: expect.not.stringContaining('mmm') }),
    );
  });

  it.each([
    ['nested deeply', `{"model":"m","x":${'['.repeat(4e6)}${']'.repeat(4e6)}}`],
    ['many lists', `{"model":"m","x":[${'[],'.repeat(2.6e6)}1]}`],
    ['what is not well-formed', `{"model":"m","x":[tru, {]],"y":"${'y'.repeat(2048)}"}`],
  ])('is read without what stands beside it: %s', (_, text) => {
    const parse = vi.spyOn(JSON, 'parse');
    try {
      expect(outline(text).model).toBe('m');
      expect(parse.mock.calls).toEqual([['"m"']]);
    } finally {
      parse.mockRestore();
    }
  });

  it.each([
    ['well-formed', '{"model":"m","stream":true,"stream_options":{"include_usage":true},"x":[1,"}"]}'],
    ['with a repeated key', '{"model":"a","model":"m","stream":true,"stream":false}'],
    ['with an escaped key', String.raw`{"mod\u0065l":"m"}`],
    ['with a key of objects', '{"model":"m","__proto__":{"stream":true},"constructor":1}'],
    ['not well-formed inside of a value', '{"model":"m","x":[tru, {]]}'],
    ['not well-formed around its members', '{"model":"m",}x'],
    ['not well-formed where it is read', '{"model":m}'],
    ['behind a byte order mark', '\ufeff{"model":"m"}'],
    ['no object', '["model"]'],
  ])('is the same for a small body as for a large one: %s', (_, text) => {
    expect(outline(text)).toEqual(outline(text + ' '.repeat(4096)));
  });

  it('takes null for no model', () => {
    expect(outline('{"model":null}').model).toBeUndefined();
  });

  it.each([
    ['7', 'a value of type number'],
    ['["m"]', 'a list'],
    ['{"id":"m"}', 'a value of type object'],
  ])('cannot have a model that is %s', (model, said) => {
    expect(() => outline(`{"model":${model}}`)).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param: 'model', message: expect.stringContaining(said) }),
    );
  });
});

describe('a path for text', () => {
  it.each(['/v1/chat/completions', '/v1/completions', '/v1/chat/completions?a=b'])('is %s', (path) => {
    expect(isTextPath(path)).toBe(true);
  });

  it.each(['/v1/responses', '/v1/chat/completions/1', '/v1/chat', '/x/v1/completions', '/v1/embeddings'])(
    'is not %s',
    (path) => {
      expect(isTextPath(path)).toBe(false);
    },
  );
});
