/**
 * The one error class, and the one table that gives every error code its meaning in each reader's terms:
 * HTTP status and OpenAI error type for a client, exit code for a shell, and whether trying again can help.
 */

interface ErrorMeaning {
  /** HTTP status of an answer that carries this code. */
  readonly status: number;
  /** `error.type` of the OpenAI error envelope. */
  readonly type: string;
  /** Exit code of a command that ends with this code (see `gollama help exit-codes`). */
  readonly exitCode: number;
  /** True where the same request may succeed later, unchanged. */
  readonly retryable: boolean;
}

const meaning = (status: number, type: string, exitCode: number, retryable = false): ErrorMeaning => ({
  status,
  type,
  exitCode,
  retryable,
});

export const ERROR_CODES = {
  invalid_request: meaning(400, 'invalid_request_error', 2),
  unauthorized: meaning(401, 'authentication_error', 6),
  forbidden: meaning(403, 'permission_error', 6),
  not_found: meaning(404, 'not_found_error', 5),
  model_not_found: meaning(404, 'invalid_request_error', 5),
  method_not_allowed: meaning(405, 'invalid_request_error', 2),
  conflict: meaning(409, 'invalid_request_error', 1),
  gone: meaning(410, 'not_found_error', 5),
  upload_timeout: meaning(408, 'invalid_request_error', 1, true),
  body_too_large: meaning(413, 'invalid_request_error', 2),
  queue_full: meaning(429, 'rate_limit_error', 6, true),
  queue_timeout: meaning(429, 'rate_limit_error', 6, true),
  cancelled: meaning(499, 'cancelled_error', 1),
  internal: meaning(500, 'server_error', 1),
  engine_error: meaning(502, 'server_error', 1, true),
  engine_unavailable: meaning(503, 'unavailable_error', 3, true),
  shutting_down: meaning(503, 'unavailable_error', 3, true),
  storage_full: meaning(507, 'server_error', 1, true),
  storage_error: meaning(500, 'server_error', 1, true),
  wait_timeout: meaning(504, 'server_error', 10),
  unreachable: meaning(502, 'server_error', 3, true),
  configuration: meaning(500, 'server_error', 4),
  usage: meaning(400, 'invalid_request_error', 2),
} as const satisfies Record<string, ErrorMeaning>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What to do next, as one sentence or command. */
  readonly hint?: string;
  /** The request field at fault, in the field's own spelling. */
  readonly param?: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfterS?: number;
  readonly cause?: unknown;
}

export class GollamaError extends Error {
  override readonly name = 'GollamaError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly param: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.param = details.param;
    this.retryAfterS = details.retryAfterS;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get type(): string {
    return ERROR_CODES[this.code].type;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exitCode;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** Anything that was thrown, as a GollamaError; what is not ours becomes `internal` with its cause kept. */
export function toGollamaError(thrown: unknown): GollamaError {
  if (thrown instanceof GollamaError) return thrown;
  return new GollamaError('internal', messageOf(thrown), { cause: thrown });
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
