import { describe, expect, it } from 'vitest';
import { findUsage } from '../../src/gateway/token-usage.js';
import { fixture, transcript } from '../support/transcript.js';

const usageIn = (text: string) => findUsage(Buffer.from(text));

describe('token usage', () => {
  it('is found at the end of a JSON answer and of a stream', () => {
    expect(findUsage(transcript('chat.http').body)).toMatchObject({ promptTokens: expect.any(Number) });
    expect(findUsage(fixture('chat-stream-usage.sse'))?.completionTokens).toBeGreaterThan(0);
  });

  it('is found in the timings that a llama-server sends unasked', () => {
    const counted = findUsage(fixture('chat-stream.sse'));
    expect(counted?.completionTokens).toBeGreaterThan(0);
    expect(usageIn('{"timings":{"cache_n":10,"prompt_n":5,"predicted_n":7}}')).toEqual({
      promptTokens: 15,
      completionTokens: 7,
    });
  });

  it('is read in the words of every API', () => {
    expect(usageIn('"usage":{"prompt_tokens":3,"completion_tokens":5,"details":{"cached":1}}')).toEqual({
      promptTokens: 3,
      completionTokens: 5,
    });
    expect(usageIn('"usage": {"input_tokens":3,"output_tokens":5}')).toEqual({ promptTokens: 3, completionTokens: 5 });
    expect(usageIn('"usage":{"prompt_tokens":3,"total_tokens":3}')).toEqual({ promptTokens: 3, completionTokens: 0 });
  });

  it('is the last one where there are several', () => {
    expect(usageIn('"usage":{"prompt_tokens":1} "usage":{"prompt_tokens":2} "usage":null')?.promptTokens).toBe(2);
  });

  it.each([
    ['there is none', '{"choices":[]}'],
    ['it is cut', '"usage":{"prompt_tokens":3,"compl'],
    ['it stands inside a text', '{"content":"\\"usage\\":{\\"prompt_tokens\\":3}"}'],
    ['its counts are no counts', '"usage":{"prompt_tokens":"many"}'],
    ['its counts are negative', '"usage":{"prompt_tokens":-1}'],
    ['its counts are endless', '"usage":{"prompt_tokens":1e999}'],
  ])('is undefined where %s', (_what, text) => {
    expect(usageIn(text)).toBeUndefined();
  });
});
