import { describe, expect, it } from 'vitest';
import { parseResponseRequest } from '../../../src/gateway/responses/request.js';

const parse = (members: object) => parseResponseRequest({ model: 'm', input: 'hi', ...members });

describe('a request for a response', () => {
  it('is stored, and neither streamed nor in the background, where it does not say', () => {
    expect(parse({})).toMatchObject({ model: 'm', streams: false, echo: { store: true, background: false } });
    expect(parse({}).options).toBeNull();
    expect(parse({}).members).toEqual({});
  });

  it('has its sampling as options', () => {
    const { options, echo } = parse({ temperature: 0, top_p: 0.5, max_output_tokens: 7, seed: 1, user: 'me' });
    expect(options).toEqual({ temperature: 0, top_p: 0.5, num_predict: 7, seed: 1 });
    expect(echo).toMatchObject({ temperature: 0, top_p: 0.5, max_output_tokens: 7 });
  });

  it('has its instructions as the system message, which the next response does not inherit', () => {
    expect(parse({ instructions: 'be brief' })).toMatchObject({
      members: { system: 'be brief' },
      messages: [{ role: 'user', content: 'hi' }],
    });
  });

  it('has its functions as chat tools', () => {
    const tools = [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: null }];
    const { members } = parse({ tools, tool_choice: { type: 'function', name: 'f' }, parallel_tool_calls: false });
    expect(members).toEqual({
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
    });
  });

  it.each<[unknown, unknown]>([
    [undefined, {}],
    [{ type: 'text' }, {}],
    [{ type: 'json_object' }, { format: 'json' }],
    [{ type: 'json_schema', name: 'x', schema: { type: 'object' } }, { format: { type: 'object' } }],
  ])('with the format %j asks engines for %j', (format, members) => {
    expect(parse({ text: format === undefined ? {} : { format } }).members).toEqual(members);
  });

  it.each<[unknown, unknown]>([
    [null, {}],
    ['none', { think: false }],
    ['minimal', { think: 'low' }],
    ['high', { think: 'high' }],
  ])('with the effort %j asks engines for %j', (effort, members) => {
    expect(parse({ reasoning: { effort } }).members).toEqual(members);
  });

  it.each<[object, string]>([
    [{ input: 5 }, 'input'],
    [{ model: 5 }, 'model'],
    [{ stream: 'yes' }, 'stream'],
    [{ background: true, store: false }, 'background'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'allowed_tools' } }, 'tool_choice'],
    [{ text: { format: { type: 'grammar' } } }, 'text.format'],
    [{ reasoning: { effort: 'huge' } }, 'reasoning.effort'],
    [{ temperature: 'hot' }, 'temperature'],
  ])('is refused with %j, naming %s', (members, param) => {
    expect(() => parse(members)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});
