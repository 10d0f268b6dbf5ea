import { describe, expect, it } from 'vitest';
import type { EngineCall } from '../../src/engine/engine.js';
import { asksForBase64, PackedEmbeddings } from '../../src/engine/packed-embeddings.js';
import { RecordingSink } from '../support/recording-sink.js';

const FLOW = { resume() {} };

function call(path: string, body: unknown): EngineCall {
  return { method: 'POST', path, headers: {}, body: Buffer.from(JSON.stringify(body)), stream: false };
}

/** What reaches the client of an answer that comes in two pieces. */
function passedOn(status: number, text: string) {
  const sink = new RecordingSink();
  const embeddings = new PackedEmbeddings(sink);
  const bytes = Buffer.from(text);
  embeddings.head({ status, headers: { 'content-type': 'application/json', 'content-length': '1' } }, FLOW);
  embeddings.chunk(bytes.subarray(0, 5));
  embeddings.chunk(bytes.subarray(5));
  embeddings.finish();
  return sink;
}

describe('embeddings in base64', () => {
  it('are asked for by the field, on their own path only', () => {
    expect(asksForBase64(call('/v1/embeddings', { encoding_format: 'base64' }))).toBe(true);
    expect(asksForBase64(call('/v1/embeddings?x=1', { encoding_format: 'base64' }))).toBe(true);
    expect(asksForBase64(call('/v1/embeddings', { encoding_format: 'float' }))).toBe(false);
    expect(asksForBase64(call('/v1/embeddings', { input: 'x' }))).toBe(false);
    expect(asksForBase64(call('/v1/chat/completions', { encoding_format: 'base64' }))).toBe(false);
  });

  it('are packed from the numbers of a server that ignored the field, and nothing else is changed', () => {
    const numbers = [0.5, -1.25, 3];
    const answer = {
      object: 'list',
      model: 'm',
      data: [{ index: 0, embedding: numbers }],
      usage: { prompt_tokens: 2 },
    };
    const sink = passedOn(200, JSON.stringify(answer));
    const told = JSON.parse(sink.text) as typeof answer;
    const packed = Buffer.from(String(told.data[0]?.embedding), 'base64');
    expect([...new Float32Array(packed.buffer, packed.byteOffset, numbers.length)]).toEqual(numbers);
    expect({ ...told, data: [] }).toEqual({ ...answer, data: [] });
    expect(sink.heads[0]?.headers['content-length']).toBe(String(Buffer.byteLength(sink.text)));
  });

  it.each([
    ['packed already', '{"data":[{"index":0,"embedding":"AAAAAA=="}], "big":12345678901234567890}'],
    ['no JSON', 'hello'],
    ['without data', '{"object":"list"}'],
  ])('pass on an answer that is %s byte for byte', (_, text) => {
    expect(passedOn(200, text).text).toBe(text);
  });

  it('pass on an error as it comes', () => {
    const sink = passedOn(400, '{"error":{"message":"no"}}');
    expect([sink.heads[0]?.status, sink.text]).toEqual([400, '{"error":{"message":"no"}}']);
  });
});
