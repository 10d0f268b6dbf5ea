/** A request that a simulated engine answers with an error, worded as llama-server words it. */

interface ProblemDetails {
  /** The request field at fault. llama-server does not name it; OpenAI does, and clients show it. */
  readonly param?: string | undefined;
  /** Further fields of the error object, with `exceed_context_size_error`. */
  readonly more?: Readonly<Record<string, number>>;
  /** llama-server writes the errors that need no request body with `code` last. */
  readonly codeLast?: boolean;
}

export class Problem {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly details: ProblemDetails;

  constructor(status: number, type: string, message: string, details: ProblemDetails = {}) {
    this.status = status;
    this.type = type;
    this.message = message;
    this.details = details;
  }

  /** The error body; also what a stream carries as `data:` when it fails midway. */
  toJson(): string {
    const { status: code, message, type } = this;
    const { param, more, codeLast } = this.details;
    const words = codeLast ? { message, type, code } : { code, message, type };
    return JSON.stringify({ error: { ...words, ...(param === undefined ? {} : { param }), ...more } });
  }
}

export const NOT_FOUND = new Problem(404, 'not_found_error', 'File Not Found', { codeLast: true });
export const LOADING = new Problem(503, 'unavailable_error', 'Loading model', { codeLast: true });
export const UNAUTHORIZED = new Problem(401, 'authentication_error', 'Invalid API Key', { codeLast: true });
export const TOO_MANY = new Problem(429, 'rate_limit_error', 'Too many requests (simulated)');
export const BODY_TOO_LARGE = new Problem(413, 'invalid_request_error', 'Payload Too Large');
/** What a stream ends with when the slots together fill their shared context. */
export const CONTEXT_EXCEEDED = new Problem(500, 'server_error', 'Context size has been exceeded.');

export function invalidRequest(message: string, param?: string): Problem {
  return new Problem(400, 'invalid_request_error', message, { param });
}

/** The prompt does not fit. */
export function promptTooLong(promptTokens: number, contextTokens: number): Problem {
  const message = `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`;
  const more = { n_prompt_tokens: promptTokens, n_ctx: contextTokens };
  return new Problem(400, 'exceed_context_size_error', message, { more });
}
