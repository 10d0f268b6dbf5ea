/** What went wrong, with the status and in the words that Ollama has for it. Pure. */
import type { GollamaError } from '../../base/errors.js';

export interface OllamaFailure {
  readonly status: number;
  readonly text: string;
  readonly retryAfterS?: number;
}

/** `model`: as the client wrote it. */
export function failureOf(error: GollamaError, model: string): OllamaFailure {
  const retryAfter = error.retryAfterS === undefined ? {} : { retryAfterS: error.retryAfterS };
  switch (error.code) {
    case 'model_not_found':
      return { status: 404, text: `model "${model}" not found, try pulling it first` };
    case 'queue_full':
      return { status: 503, text: 'server busy, please try again.  maximum pending requests exceeded', ...retryAfter };
    case 'queue_timeout':
      return { status: 503, text: `server busy, please try again.  ${error.message}`, ...retryAfter };
    default:
      return { status: error.status, text: error.message, ...retryAfter };
  }
}

/** How an attempt words an answer with a status (`tasks/attempt.ts`). */
const ENGINE_STATUS = /^\w+ execution failed: .*?: request failed with status (\d{3})(?:: ([\s\S]+))?$/;

/** Why a task failed: what its engine answered, as if the client had asked it itself. */
export function taskFailure(message: string): OllamaFailure {
  const [, status, text] = ENGINE_STATUS.exec(message) ?? [];
  if (status !== undefined) return { status: clientStatus(Number(status)), text: text ?? message };
  return { status: 502, text: message.replace(/^\w+ execution failed: /, '') };
}

/** Where the gateway's own credentials are refused, that is no fault of the client's. */
function clientStatus(status: number): number {
  return status === 401 || status === 403 ? 502 : status;
}
