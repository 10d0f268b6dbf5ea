/** An answer that is one JSON object. */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import { AnswerFault, tooLarge } from './dialect.js';
import { errorStatus, errorText } from './error-text.js';

export class WholeBody {
  readonly #bytesMax: number;
  readonly #parts: Buffer[] = [];
  #sizeBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Throws an AnswerFault where it becomes too much. */
  take(bytes: Buffer): void {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.#bytesMax) throw tooLarge(this.#bytesMax);
    this.#parts.push(bytes);
  }

  /** Undefined where nothing came. Throws an AnswerFault where it is not an object, or an error. */
  object(): JsonObject | undefined {
    if (this.#sizeBytes === 0) return undefined;
    return objectIn(Buffer.concat(this.#parts).toString('utf8'));
  }
}

/** Throws an AnswerFault where `json` is not one object, or one with an `error`. */
export function objectIn(json: string): JsonObject {
  const value = parsed(json);
  if (!isJsonObject(value)) throw new AnswerFault('the answer is not understood: not a JSON object');
  const { error } = value;
  if (error !== undefined && error !== null) throw new AnswerFault(errorText(value) ?? 'an error', errorStatus(error));
  return value;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new AnswerFault('the answer is not understood: not JSON', undefined, cause);
  }
}
