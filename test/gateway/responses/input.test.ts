import { describe, expect, it } from 'vitest';
import { inputMessages } from '../../../src/gateway/responses/input.js';

describe('the input of a response', () => {
  it('is a message of the user where it is a text', () => {
    expect(inputMessages('hi')).toEqual([{ role: 'user', content: 'hi' }]);
  });

  it('may be messages with texts and images, of which the data is what Ollama takes', () => {
    const content = [
      { type: 'input_text', text: 'what is ' },
      { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0' },
      { type: 'input_text', text: 'this?' },
    ];
    expect(inputMessages([{ role: 'user', content }])).toEqual([
      { role: 'user', content: 'what is this?', images: ['iVBORw0'] },
    ]);
    const remote = [{ type: 'input_image', image_url: 'https://x.example/a.png' }];
    expect(inputMessages([{ role: 'user', content: remote }])[0]).toMatchObject({
      images: ['https://x.example/a.png'],
    });
  });

  it('tells developers as the system', () => {
    expect(inputMessages([{ type: 'message', role: 'developer', content: 'be brief' }])).toEqual([
      { role: 'system', content: 'be brief' },
    ]);
  });

  it('joins reasoning, text and calls of one turn in one message, and answers with the names of their calls', () => {
    const items = [
      { role: 'user', content: 'weather?' },
      { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] },
      { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
      { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'look', arguments: '{"at":"Oslo"}' },
      { type: 'function_call', id: 'fc_2', call_id: 'c2', name: 'look', arguments: 'no json' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
      { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'sun' }] },
    ];
    expect(inputMessages(items)).toEqual([
      { role: 'user', content: 'weather?' },
      {
        role: 'assistant',
        content: 'I look.',
        thinking: 'hm',
        tool_calls: [
          { id: 'c1', function: { name: 'look', arguments: { at: 'Oslo' } } },
          { id: 'c2', function: { name: 'look', arguments: 'no json' } },
        ],
      },
      { role: 'tool', content: 'rain', tool_call_id: 'c1', tool_name: 'look' },
      { role: 'tool', content: 'sun', tool_call_id: 'c2', tool_name: 'look' },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no input', undefined, 'input'],
    ['an item that is no object', ['hi'], 'input[0]'],
    ['an item of an unknown kind', [{ type: 'web_search_call' }], 'input[0].type'],
    ['a message without a role', [{ content: 'hi' }], 'input[0].role'],
    ['a part of an unknown kind', [{ role: 'user', content: [{ type: 'input_file' }] }], 'input[0].content[0]'],
    [
      'an image that was uploaded',
      [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }],
      'input[0].content[0]',
    ],
    ['a call without an id', [{ type: 'function_call', name: 'f' }], 'input[0].call_id'],
  ])('is refused where it has %s', (_what, input, param) => {
    expect(() => inputMessages(input)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});
