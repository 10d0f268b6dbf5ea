import { describe, expect, it } from 'vitest';
import { type OllamaCall, parseOllamaRequest } from '../../../src/gateway/ollama/request.js';

const MESSAGES = [{ role: 'user', content: 'hi' }];

describe('a request of Ollama', () => {
  it('streams unless it says otherwise, and passes on what it does not know', () => {
    const members = { messages: MESSAGES, format: 'json', think: 'low', tools: [{}], keep_alive: '5m', other: 1 };
    const body = { model: 'm', ...members, options: { seed: 1 } };
    expect(parseOllamaRequest('chat', body)).toEqual({
      call: 'chat',
      type: 'chat',
      model: 'm',
      payload: members,
      options: { seed: 1 },
      streams: true,
      residency: undefined,
    });
    expect(parseOllamaRequest('chat', { ...body, stream: false }).streams).toBe(false);
    expect(parseOllamaRequest('generate', { model: 'm', prompt: 'x', images: ['aGk='] }).payload).toEqual({
      prompt: 'x',
      images: ['aGk='],
    });
  });

  it('for embeddings never streams; the old one has a prompt', () => {
    expect(parseOllamaRequest('embed', { model: 'm', input: ['a', 'b'], stream: true })).toMatchObject({
      type: 'embed',
      payload: { input: ['a', 'b'] },
      streams: false,
    });
    expect(parseOllamaRequest('embeddings', { model: 'm', prompt: 'a' })).toMatchObject({
      call: 'embeddings',
      type: 'embed',
      payload: { input: 'a' },
    });
  });

  it.each<[OllamaCall, object, string | undefined]>([
    ['chat', {}, 'load'],
    ['chat', { messages: [] }, 'load'],
    ['chat', { messages: [], keep_alive: 0 }, 'unload'],
    ['chat', { messages: MESSAGES, keep_alive: 0 }, undefined],
    ['generate', {}, 'load'],
    ['generate', { prompt: '', keep_alive: '0s' }, 'unload'],
    ['generate', { prompt: '', keep_alive: '10m' }, 'load'],
    ['generate', { prompt: '', suffix: 'x' }, undefined],
    ['generate', { prompt: 'x' }, undefined],
  ])('%s with %j means %s', (call, members, residency) => {
    expect(parseOllamaRequest(call, { model: 'm', ...members }).residency).toBe(residency);
  });

  it.each<[OllamaCall, unknown, string]>([
    ['chat', [], 'the body must be an object, got a list'],
    ['chat', {}, 'model is required'],
    ['chat', { model: 5 }, 'model must be a string, got a number'],
    ['chat', { model: 'm', messages: 'x' }, 'messages must be a list of messages, got a string'],
    ['chat', { model: 'm', messages: [{ content: 'x' }] }, 'messages[0].role is required'],
    ['chat', { model: 'm', messages: MESSAGES, stream: 'yes' }, 'stream must be true or false, got a string'],
    ['generate', { model: 'm', prompt: 1 }, 'prompt must be a string, got a number'],
    ['generate', { model: 'm', prompt: 'x', options: [] }, 'options must be an object, got a list'],
    ['embed', { model: 'm' }, 'input is required'],
  ])('is refused: %s %j', (call, body, message) => {
    expect(() => parseOllamaRequest(call, body)).toThrow(expect.objectContaining({ code: 'invalid_request', message }));
  });
});
