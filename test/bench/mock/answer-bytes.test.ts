import { describe, expect, it } from 'vitest';
import { ChunkBytes, stampsIn } from '../../../bench/mock/answer-bytes.js';

/** The body that these HTTP chunks carry. */
function bodyOf(framed: string): string {
  let body = '';
  for (let at = 0; at < framed.length; ) {
    const lineEnd = framed.indexOf('\r\n', at);
    const size = Number.parseInt(framed.slice(at, lineEnd), 16);
    body += framed.slice(lineEnd + 2, lineEnd + 2 + size);
    expect(framed.slice(lineEnd + 2 + size, lineEnd + 4 + size)).toBe('\r\n');
    at = lineEnd + 4 + size;
  }
  return body;
}

function messageOf(framed: string): unknown {
  return JSON.parse(bodyOf(framed).replace(/^data: /, ''));
}

describe('the bytes of a chunk', () => {
  it.each([
    ['chat', { delta: { content: 'word word ' } }],
    ['completions', { text: 'word word ' }],
  ] as const)('are an event of %s with its tokens', (endpoint, content) => {
    const chunks = new ChunkBytes({ endpoint, tokensPerChunk: 2, chunkBytes: 0 });
    expect(messageOf(chunks.plain.toString())).toMatchObject({ choices: [{ ...content, finish_reason: null }] });
  });

  it.each([300, 1_000])('fill an event up to %d bytes', (chunkBytes) => {
    const chunks = new ChunkBytes({ endpoint: 'chat', tokensPerChunk: 1, chunkBytes });
    expect(bodyOf(chunks.plain.toString())).toHaveLength(chunkBytes);
    expect(bodyOf(chunks.stamped(5))).toHaveLength(chunkBytes);
  });

  it('carry the time of sending, that comes out as it went in', () => {
    const chunks = new ChunkBytes({ endpoint: 'chat', tokensPerChunk: 1, chunkBytes: 0 });
    const texts = [0, 1_234.4, 8_640_000_000_000].map((us) => {
      const message = messageOf(chunks.stamped(us)) as { choices: [{ delta: { content: string } }] };
      return message.choices[0].delta.content;
    });
    expect(stampsIn(texts.join(''))).toEqual([0, 1_234, 8_640_000_000_000]);
  });

  it('end with a finish reason, usage where it was asked for, [DONE] and the end of the body', () => {
    const chunks = new ChunkBytes({ endpoint: 'chat', tokensPerChunk: 1, chunkBytes: 0 });
    const facts = { tokens: 3, promptTokens: 2, finishReason: 'length' } as const;
    const with_ = chunks.ending({ ...facts, withUsage: true });
    const without = chunks.ending({ ...facts, withUsage: false });
    expect(with_.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n')).toBe(true);
    expect(with_).toContain('"finish_reason":"length"');
    expect(with_).toContain('"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}');
    expect(without).not.toContain('usage');
  });
});
