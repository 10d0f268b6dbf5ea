/**
 * The bytes of a generated answer, as llama-server b11669 writes them: chat and plain completions, streamed and whole.
 * One instance a request; everything that does not change from token to token is put together once.
 */
import type { GenerationRequest } from './request.js';
import type { Token } from './words.js';

/** How long the parts took so far, for the `timings` object. */
export interface Progress {
  readonly promptTokens: number;
  readonly promptMs: number;
  readonly tokens: number;
  readonly tokensMs: number;
}

export interface AnswerIdentity {
  readonly id: string;
  readonly model: string;
  /** Seconds since the Unix epoch. */
  readonly created: number;
}

export type FinishReason = 'stop' | 'length';

export const FINGERPRINT = 'b11669-simulated';
export const DONE = 'data: [DONE]\n\n';

export class AnswerFormat {
  readonly #request: GenerationRequest;
  readonly #chat: boolean;
  /** Everything behind `choices`, from the comma on, without the closing brace. */
  readonly #streamTail: string;
  readonly #identity: AnswerIdentity;

  constructor(request: GenerationRequest, identity: AnswerIdentity) {
    this.#request = request;
    this.#chat = request.kind === 'chat';
    this.#identity = identity;
    const id = JSON.stringify(identity.id);
    const model = JSON.stringify(identity.model);
    this.#streamTail = this.#chat
      ? `,"created":${identity.created},"id":${id},"model":${model},"system_fingerprint":"${FINGERPRINT}","object":"chat.completion.chunk"`
      : `,"created":${identity.created},"model":${model},"system_fingerprint":"${FINGERPRINT}","object":"text_completion","id":${id}`;
  }

  /** The event before the first token. */
  opening(): string {
    return this.#chat
      ? `data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]${this.#streamTail}}\n\n`
      : '';
  }

  /** `progress` only where timings are wanted on every token. */
  token(token: Token, progress: Progress | undefined): string {
    const logprobs = this.#request.logprobs === undefined ? undefined : JSON.stringify(this.#logprobs([token]));
    const timings = progress ? `,"timings":${JSON.stringify(timingsOf(progress))}` : '';
    return this.#chat
      ? `data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":${token.json}}${logprobs ? `,"logprobs":${logprobs}` : ''}}]${this.#streamTail}${timings}}\n\n`
      : `data: {"choices":[{"text":${token.json},"index":0,"logprobs":${logprobs ?? 'null'},"finish_reason":null}]${this.#streamTail}${timings}}\n\n`;
  }

  /** Finish reason, usage and timings; without `[DONE]`. */
  closing(reason: FinishReason, progress: Progress): string {
    const timings = `"timings":${JSON.stringify(timingsOf(progress))}`;
    const usage = `"usage":${JSON.stringify(usageOf(progress))},${timings}`;
    if (!this.#chat) {
      const choice = `{"text":"","index":0,"logprobs":null,"finish_reason":"${reason}"}`;
      return `data: {"choices":[${choice}]${this.#streamTail},${usage}}\n\n`;
    }
    const last = `data: {"choices":[{"finish_reason":"${reason}","index":0,"delta":{}}]${this.#streamTail}`;
    if (!this.#request.includeUsage) return `${last},${timings}}\n\n`;
    return `${last}}\n\ndata: {"choices":[]${this.#streamTail},${usage}}\n\n`;
  }

  /** The answer as one JSON body. */
  whole(text: string, tokens: readonly Token[], reason: FinishReason, progress: Progress): string {
    const logprobs = this.#request.logprobs === undefined ? null : this.#logprobs(tokens);
    const message = { role: 'assistant', content: text };
    const choice = this.#chat
      ? { finish_reason: reason, index: 0, message, ...(logprobs ? { logprobs } : {}) }
      : { text, index: 0, logprobs, finish_reason: reason };
    return JSON.stringify({
      choices: [choice],
      created: this.#identity.created,
      model: this.#identity.model,
      system_fingerprint: FINGERPRINT,
      object: this.#chat ? 'chat.completion' : 'text_completion',
      usage: usageOf(progress),
      id: this.#identity.id,
      timings: timingsOf(progress),
    });
  }

  /** Every token is certain, and its alternatives are itself: enough for a reader of the shape. */
  #logprobs(tokens: readonly Token[]): object {
    const content = tokens.map(({ id, text }) => {
      const certain = { id, token: text, bytes: [...Buffer.from(text)], logprob: 0 };
      return {
        ...certain,
        top_logprobs: Array.from({ length: Math.min(this.#request.logprobs ?? 0, 1) }, () => certain),
      };
    });
    return { content };
  }
}

function usageOf(progress: Progress): object {
  const { promptTokens, tokens } = progress;
  return {
    completion_tokens: tokens,
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + tokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

/** The first token belongs to the prompt's time, so the rest share the time after it. */
function timingsOf({ promptTokens, promptMs, tokens, tokensMs }: Progress): object {
  const perToken = tokens > 1 ? tokensMs / (tokens - 1) : 0;
  return {
    cache_n: 0,
    prompt_n: promptTokens,
    prompt_ms: promptMs,
    prompt_per_token_ms: promptTokens > 0 ? promptMs / promptTokens : 0,
    prompt_per_second: promptMs > 0 ? (promptTokens * 1000) / promptMs : 0,
    predicted_n: tokens,
    predicted_ms: tokensMs,
    predicted_per_token_ms: perToken,
    predicted_per_second: perToken > 0 ? 1000 / perToken : 0,
  };
}
