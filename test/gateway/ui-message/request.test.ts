import { describe, expect, it } from 'vitest';
import { parseUiMessageRequest } from '../../../src/gateway/ui-message/request.js';

const text = (value: string) => ({ type: 'text', text: value });
const user = (...parts: object[]) => ({ id: 'x', role: 'user', parts });
const base64 = (value: string) => Buffer.from(value).toString('base64');
const messagesOf = (...messages: object[]) => parseUiMessageRequest({ messages }).payload.messages;

describe('a request of the AI SDK', () => {
  it('is a chat under the id of the page, with what the page adds in words of Ollama', () => {
    const body = {
      id: 'c1',
      messages: [user(text('hi'))],
      trigger: 'submit-message',
      messageId: 'm',
      model: 'big',
      system: 'Be short.',
      think: true,
      options: { seed: 1 },
      unknown: 1,
    };
    expect(parseUiMessageRequest(body)).toEqual({
      chatId: 'c1',
      model: 'big',
      payload: { system: 'Be short.', think: true, messages: [{ role: 'user', content: 'hi' }] },
      options: { seed: 1 },
    });
    expect(parseUiMessageRequest({ messages: [user(text('hi'))] })).toMatchObject({
      chatId: undefined,
      model: undefined,
    });
  });

  it('joins texts, reads text files, and hands on images', () => {
    const image = { type: 'file', mediaType: 'image/png', url: `data:image/png;base64,${base64('png')}` };
    const file = { type: 'file', mediaType: 'text/plain', url: `data:text/plain;base64,${base64('Grüße')}` };
    expect(messagesOf(user(text('a'), file, image, { type: 'data-x', data: 1 }))).toEqual([
      { role: 'user', content: 'aGrüße', images: [base64('png')] },
    ]);
  });

  it('makes turns of the model and of tools of a message with steps', () => {
    const call = { type: 'tool-f', toolCallId: '1', state: 'output-available', input: { a: 1 }, output: { b: 2 } };
    const failed = { type: 'dynamic-tool', toolName: 'g', toolCallId: '2', state: 'output-error', errorText: 'no' };
    const open = { type: 'tool-h', toolCallId: '3', state: 'input-available', input: {} };
    const parts = [
      { type: 'step-start' },
      { type: 'reasoning', text: 'hm' },
      text('I look.'),
      call,
      failed,
      { type: 'step-start' },
      text('So.'),
      open,
    ];
    expect(messagesOf(user(text('hi')), { role: 'assistant', parts })).toEqual([
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          { id: '1', function: { name: 'f', arguments: { a: 1 } } },
          { id: '2', function: { name: 'g', arguments: {} } },
        ],
      },
      { role: 'tool', content: '{"b":2}', tool_name: 'f', tool_call_id: '1' },
      { role: 'tool', content: 'no', tool_name: 'g', tool_call_id: '2' },
      { role: 'assistant', content: 'So.', tool_calls: [{ id: '3', function: { name: 'h', arguments: {} } }] },
    ]);
  });

  it.each<[unknown, RegExp]>([
    [[], /the body must be an object/],
    [{}, /messages must be a list of messages, got null/],
    [{ messages: [] }, /messages must not be empty/],
    [{ messages: [1] }, /messages\[0\] must be an object/],
    [{ messages: [{ role: 'x', parts: [] }] }, /messages\[0\]\.role must be system, user, assistant/],
    [{ messages: [{ role: 'user', parts: 'x' }] }, /messages\[0\]\.parts must be a list/],
    [{ messages: [user({})] }, /messages\[0\]\.parts\[0\] must be an object with a type/],
    [{ messages: [user({ type: 'text' })] }, /parts\[0\]\.text must be a string/],
    [{ messages: [user({ type: 'file', mediaType: 'image/png', url: 'https://x' })] }, /nothing is fetched/],
    [{ messages: [user({ type: 'file', mediaType: 'a/b', url: 'data:a/b;base64,' })] }, /"a\/b" is not understood/],
    [{ messages: [user({ type: 'tool-f' })] }, /toolCallId must be a string/],
    [{ messages: [user(text('x'))], id: 5 }, /id must be a string/],
    [{ messages: [user(text('x'))], id: 'x'.repeat(201) }, /id must have 1 to 200/],
    [{ messages: [user(text('x'))], model: 5 }, /model must be a string/],
    [{ messages: [user(text('x'))], system: 5 }, /system must be a string/],
    [{ messages: [user(text('x'))], options: 'x' }, /options must be an object/],
  ])('is refused with the member at fault: %j', (body, message) => {
    expect(() => parseUiMessageRequest(body)).toThrow(message);
  });
});
