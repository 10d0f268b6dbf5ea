/** The OpenAI error envelope: `{"error":{"message","type","param","code"}}`. */
import type { GollamaError } from '../base/errors.js';

export interface ErrorEnvelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

export function errorEnvelope(error: GollamaError): ErrorEnvelope {
  return { error: { message: error.message, type: error.type, param: error.param ?? null, code: error.code } };
}
