import { describe, expect, it } from 'vitest';
import { type StreamEnding, streamEnding } from '../../src/gateway/stream-ending.js';

const finished = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';

describe('the ending of a stream', () => {
  it.each<[StreamEnding, string, string]>([
    ['done', 'the [DONE] event', `${finished}data: [DONE]\n\n`],
    ['done', 'a [DONE] event without a blank', `${finished}data:[DONE]\n\n`],
    ['done', 'a [DONE] event with CRLF', `${finished}data: [DONE]\r\n\r\n`],
    ['done', 'a [DONE] event without its last blank line', `${finished}data: [DONE]`],
    ['error', 'an error event', 'data: {"error":{"message":"no"}}\n\n'],
    ['error', 'an error event with blanks', 'data: { "error" : "no"}\n\n'],
    ['error', 'an error field, as an older llama-server names it', 'error: {"code":500}\n\n'],
    ['finished', 'a finish reason', finished],
    [
      'finished',
      'a finish reason and a usage chunk',
      `${finished}data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n`,
    ],
    ['cut', 'an empty answer', ''],
    ['cut', 'a word', 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":null}]}\n\n'],
    ['cut', 'a chunk that says that there is no error', 'data: {"error": null,"choices":[]}\n\n'],
    ['cut', '[DONE] inside a text', 'data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n'],
    [
      'cut',
      'a finish reason inside a text',
      'data: {"choices":[{"delta":{"content":"{\\"finish_reason\\":\\"stop\\"}"}}]}\n\n',
    ],
  ])('is "%s" after %s', (ending, _what, text) => {
    expect(streamEnding(Buffer.from(text))).toBe(ending);
  });
});
