import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/cli/chat-messages.js';

describe('a message of the command line', () => {
  it.each([
    ['user:Hello, how are you?', 'user', 'Hello, how are you?'],
    ['user:see http://x:1/', 'user', 'see http://x:1/'],
    ['System: be brief', 'system', ' be brief'],
    ['assistant:', 'assistant', ''],
    ['user:a\nb', 'user', 'a\nb'],
  ])('%j ends its role at the first colon', (text, role, content) => {
    expect(parseMessage(text)).toEqual({ role, content });
  });

  it.each([
    ['Hello', '--messages: "Hello" has no role'],
    ['usr:Hello', '--messages: "usr" is no role'],
    [':Hello', '--messages: "" is no role'],
  ])('%j is refused', (text, message) => {
    expect(() => parseMessage(text)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });
});
