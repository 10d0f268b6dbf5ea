import { describe, expect, it } from 'vitest';
import { ollamaDialect } from '../../../src/tasks/dialect/ollama.js';
import { task } from '../../support/attempt.js';

function sent(...asked: Parameters<typeof task>) {
  const call = ollamaDialect.call(task(...asked), 'engine-model');
  return { ...call, body: JSON.parse(call.body.toString('utf8')) as Record<string, unknown> };
}

describe('a task as a call of Ollama’s API', () => {
  it('of type chat is streamed from /api/chat', () => {
    expect(sent('chat', { stream: false })).toEqual({
      method: 'POST',
      path: '/api/chat',
      headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
      stream: true,
      body: { model: 'engine-model', messages: [{ role: 'user', content: 'Hello' }], stream: true },
    });
  });

  it('has the system prompt in front of the messages of a chat', () => {
    const { body } = sent('chat', { system: 'Be brief.' });
    expect(body.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
    expect(body).not.toHaveProperty('system');
  });

  it('without messages has none, which loads the model', () => {
    expect(sent('chat', { messages: [] }).body).toEqual({ model: 'engine-model', stream: true });
  });

  it('of type generate is streamed from /api/generate, with its system prompt', () => {
    expect(sent('generate', { system: 'Be brief.', template: '{{ .Prompt }}', raw: true })).toMatchObject({
      path: '/api/generate',
      stream: true,
      body: {
        model: 'engine-model',
        prompt: 'Hello',
        system: 'Be brief.',
        template: '{{ .Prompt }}',
        raw: true,
        stream: true,
      },
    });
  });

  it('of type embed comes whole from /api/embed', () => {
    const { path, stream, body } = sent('embed', { truncate: false, stream: true });
    expect([path, stream]).toEqual(['/api/embed', false]);
    expect(body).toEqual({ model: 'engine-model', input: ['one', 'two!'], truncate: false });
  });

  it('passes on everything that the payload says', () => {
    const members = {
      messages: [{ role: 'user', content: 'What is it?', images: ['iVBOR'], extra: 1 }],
      tools: [{ type: 'function' }],
      format: { type: 'object' },
      think: 'low',
      keep_alive: '10m',
      not_known_yet: { a: 1 },
    };
    expect(sent('chat', members).body).toMatchObject(members);
  });

  it('sends the options that the reference lost', () => {
    const options = { temperature: 0.1, num_ctx: 4096 };
    for (const type of ['chat', 'generate', 'embed'] as const)
      expect(sent(type, {}, { options }).body.options).toEqual(options);
    expect(sent('chat', { options: { seed: 1, num_ctx: 1 } }, { options }).body.options).toEqual({
      seed: 1,
      ...options,
    });
    expect(sent('chat').body).not.toHaveProperty('options');
  });
});
