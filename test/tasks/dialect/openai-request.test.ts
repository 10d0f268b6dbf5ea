import { describe, expect, it } from 'vitest';
import { openAiDialect } from '../../../src/tasks/dialect/openai.js';
import { task } from '../../support/attempt.js';

function sent(...asked: Parameters<typeof task>) {
  const call = openAiDialect.call(task(...asked), 'engine-model');
  return { ...call, body: JSON.parse(call.body.toString('utf8')) as Record<string, unknown> };
}

describe('a task as a call of the OpenAI API', () => {
  it('of type chat is a streamed chat completion with usage', () => {
    expect(sent('chat')).toEqual({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      stream: true,
      body: {
        model: 'engine-model',
        messages: [{ role: 'user', content: 'Hello' }],
        stream: true,
        stream_options: { include_usage: true },
      },
    });
  });

  it('has the system prompt in front, once', () => {
    const { body } = sent('chat', { system: 'Be brief.', stream: false, model: 'other' });
    expect(body.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
    expect(body).not.toHaveProperty('system');
    expect(body).toMatchObject({ stream: true, model: 'engine-model' });
  });

  it('of type generate is a chat completion too', () => {
    const { path, body } = sent('generate', { system: 'Be brief.', template: 'x', keep_alive: '5m', context: [1] });
    expect(path).toBe('/v1/chat/completions');
    expect(body).toEqual({
      model: 'engine-model',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it.each([{ raw: true }, { suffix: ' world' }])('of type generate goes to the model as it is: %o', (members) => {
    const { path, body } = sent('generate', { system: 'not with raw', ...members });
    expect(path).toBe('/v1/completions');
    expect(body).toMatchObject({ prompt: 'Hello', stream: true, model: 'engine-model' });
    expect(body.suffix).toBe('suffix' in members ? ' world' : undefined);
    expect(body).not.toHaveProperty('messages');
    expect(body).not.toHaveProperty('raw');
  });

  it('of type embed asks for embeddings, whole, and leaves out what is Ollama’s', () => {
    const options = { num_ctx: 100, temperature: 1 };
    expect(sent('embed', { truncate: true, dimensions: 5, keep_alive: 0 }, { options })).toMatchObject({
      path: '/v1/embeddings',
      stream: false,
      body: { model: 'engine-model', input: ['one', 'two!'], dimensions: 5 },
    });
    expect(Object.keys(sent('embed', { truncate: true }, { options }).body).sort()).toEqual(['input', 'model']);
  });

  it('takes over options under OpenAI’s names, and not those that load a model', () => {
    const options = {
      temperature: 0.1,
      top_p: 0.2,
      top_k: 3,
      min_p: 0.4,
      seed: 5,
      num_predict: 6,
      stop: ['x'],
      presence_penalty: 0.7,
      frequency_penalty: 0.8,
      repeat_penalty: 0.9,
      num_ctx: 10,
      num_gpu: 11,
      logit_bias: { 1: 2 },
    };
    const { num_ctx: _, num_gpu: __, num_predict: max_tokens, ...others } = options;
    const { model, messages, stream, stream_options, ...rest } = sent('chat', {}, { options }).body;
    expect(rest).toEqual({ ...others, logit_bias: { 1: 2 }, max_tokens });
  });

  it('takes options in the payload too, behind those of the task', () => {
    const { body } = sent('chat', { options: { seed: 1, top_k: 2 } }, { options: { seed: 3 } });
    expect(body).toMatchObject({ seed: 3, top_k: 2 });
    expect(body).not.toHaveProperty('options');
  });

  it.each([-1, -2])('sets no limit where num_predict is %i', (tokensMax) => {
    expect(sent('chat', {}, { options: { num_predict: tokensMax } }).body).not.toHaveProperty('max_tokens');
  });

  it('cannot be told another model, prompt or stream by its options', () => {
    const options = { model: 'x', messages: [], stream: false, stream_options: null, prompt: 'x' };
    expect(sent('chat', {}, { options }).body).toEqual(sent('chat').body);
  });

  it('asks for JSON', () => {
    expect(sent('chat', { format: 'json' }).body.response_format).toEqual({ type: 'json_object' });
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    expect(sent('generate', { format: schema }).body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema },
    });
    expect(sent('chat', { format: '' }).body).not.toHaveProperty('response_format');
  });

  it('says whether to think only where the task does', () => {
    expect(sent('chat', { think: false }).body.chat_template_kwargs).toEqual({ enable_thinking: false });
    expect(sent('chat', { think: true, chat_template_kwargs: { a: 1 } }).body.chat_template_kwargs).toEqual({
      a: 1,
      enable_thinking: true,
    });
    expect(sent('chat', { think: 'high' }).body).toMatchObject({ reasoning_effort: 'high' });
    expect(sent('chat', { chat_template_kwargs: { a: 1 } }).body.chat_template_kwargs).toEqual({ a: 1 });
    expect(sent('chat', { think: false }).body).not.toHaveProperty('think');
  });

  it('keeps tools and everything else that it does not know', () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    expect(sent('chat', { tools, tool_choice: 'auto', top_logprobs: 2 }).body).toMatchObject({
      tools,
      tool_choice: 'auto',
      top_logprobs: 2,
    });
  });

  it.each([
    ['iVBORw0KGgo', 'data:image/png;base64,iVBORw0KGgo'],
    ['/9j/4AAQ', 'data:image/jpeg;base64,/9j/4AAQ'],
    ['R0lGODlh', 'data:image/gif;base64,R0lGODlh'],
    ['UklGRiQ', 'data:image/webp;base64,UklGRiQ'],
    ['data:image/avif;base64,AAAA', 'data:image/avif;base64,AAAA'],
    ['https://example.org/a.png', 'https://example.org/a.png'],
  ])('shows the image %s', (image, url) => {
    const parts = [
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: { url } },
    ];
    const messages = [{ role: 'user', content: 'What is it?', images: [image] }];
    expect(sent('chat', { messages }).body.messages).toEqual([{ role: 'user', content: parts }]);
    const generated = sent('generate', { prompt: 'What is it?', images: [image] });
    expect(generated.body.messages).toEqual([{ role: 'user', content: parts }]);
    expect(generated.body).not.toHaveProperty('images');
  });

  it('joins tool calls and their answers by ids where Ollama has none', () => {
    const called = (name: string, id?: string) => ({ ...(id ? { id } : {}), function: { name, arguments: { a: 1 } } });
    const messages = [
      { role: 'assistant', content: '', thinking: 'hm', tool_calls: [called('f'), called('g'), called('f', 'mine')] },
      { role: 'tool', tool_name: 'g', content: 'of g' },
      { role: 'tool', content: 'of f' },
      { role: 'tool', tool_call_id: 'mine', content: 'of mine' },
    ];
    const written = (id: string, name: string) => ({ id, type: 'function', function: { name, arguments: '{"a":1}' } });
    expect(sent('chat', { messages }).body.messages).toEqual([
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'hm',
        tool_calls: [written('call_0', 'f'), written('call_1', 'g'), written('mine', 'f')],
      },
      { role: 'tool', content: 'of g', tool_call_id: 'call_1' },
      { role: 'tool', content: 'of f', tool_call_id: 'call_0' },
      { role: 'tool', content: 'of mine', tool_call_id: 'mine' },
    ]);
  });
});
