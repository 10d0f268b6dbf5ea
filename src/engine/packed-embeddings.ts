/**
 * Embeddings in base64, also from servers that ignore `encoding_format` and answer with numbers: the official OpenAI
 * clients ask for base64 unless told otherwise, and some of them then read an answer of numbers as an empty list, silently.
 */
import { GollamaError } from '../base/errors.js';
import { isJsonObject, type JsonObject, parseJsonObject, readMembers } from '../protocol/json-object.js';
import type { AnswerHead, AnswerSink, EngineCall, Flow } from './engine.js';

/** A batch of 2,048 texts with 4,096 numbers each, as text. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

/** True where the client wants base64. */
export function asksForBase64(call: EngineCall): boolean {
  if (!/^\/v1\/embeddings(?=\?|$)/.test(call.path)) return false;
  return readMembers(call.body, ['encoding_format'])?.encoding_format === 'base64';
}

/** Give it to an engine as the sink, then call `finish()` when the engine is done. */
export class PackedEmbeddings implements AnswerSink {
  readonly #inner: AnswerSink;
  readonly #parts: Buffer[] = [];
  #sizeBytes = 0;
  #head: AnswerHead | undefined;

  constructor(inner: AnswerSink) {
    this.#inner = inner;
  }

  head(head: AnswerHead, flow: Flow): void {
    // An error is passed on as it is.
    if (head.status === 200) this.#head = head;
    else this.#inner.head(head, flow);
  }

  /** Throws `engine_error` where the answer is too large to be held. */
  chunk(bytes: Buffer): boolean {
    if (!this.#head) return this.#inner.chunk(bytes);
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > ANSWER_BYTES_MAX) throw new GollamaError('engine_error', 'the embeddings are too large');
    this.#parts.push(bytes);
    return true;
  }

  finish(): void {
    if (!this.#head) return;
    const body = packed(Buffer.concat(this.#parts));
    const headers = { ...this.#head.headers, 'content-length': String(body.length) };
    this.#inner.head({ status: 200, headers }, { resume() {} });
    this.#inner.chunk(body);
  }
}

/** `body` with its lists of numbers packed; the very same bytes where there are none. */
function packed(body: Buffer): Buffer {
  const answer = parseJsonObject(body);
  if (!Array.isArray(answer?.data) || !answer.data.some(hasNumbers)) return body;
  const data = answer.data.map((item: unknown) =>
    hasNumbers(item) ? { ...item, embedding: pack(item.embedding) } : item,
  );
  return Buffer.from(JSON.stringify({ ...answer, data }));
}

function hasNumbers(item: unknown): item is JsonObject & { embedding: number[] } {
  return isJsonObject(item) && Array.isArray(item.embedding) && typeof item.embedding[0] === 'number';
}

/** Little-endian 32-bit floats, as OpenAI packs them. */
function pack(numbers: readonly number[]): string {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, at) => {
    bytes.writeFloatLE(number, at * 4);
  });
  return bytes.toString('base64');
}
