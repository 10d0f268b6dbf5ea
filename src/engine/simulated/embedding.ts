/** Simulated embeddings: a unit vector that depends on the text alone, so equal texts are equal and others are not. */
import { seededRandom } from '../../base/random.js';
import type { EmbeddingRequest } from './request.js';
import { hashText } from './words.js';

export const EMBEDDING_DIMENSIONS = 64;

/** The answer of /v1/embeddings; `base64` holds little-endian float32, as OpenAI's does. */
export function embeddingDocument(request: EmbeddingRequest, model: string): object {
  const tokens = request.inputs.reduce((sum, input) => sum + input.tokens, 0);
  return {
    model,
    object: 'list',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    data: request.inputs.map(({ text }, index) => {
      const vector = embed(text);
      return request.base64
        ? { embedding: littleEndian(vector), index, object: 'embedding', encoding_format: 'base64' }
        : { embedding: vector, index, object: 'embedding' };
    }),
  };
}

/** Numbers that float32 holds exactly, so that both encodings give the same ones. */
function embed(text: string): number[] {
  const random = seededRandom(hashText(text));
  const raw = Array.from({ length: EMBEDDING_DIMENSIONS }, () => random() * 2 - 1);
  const length = Math.hypot(...raw);
  return raw.map((value) => Math.fround(value / length));
}

function littleEndian(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
