/** The tokens of successful requests, and how far their counts can be trusted. */
import type { RequestRecord, TokenSource } from '../record.js';
import type { BenchResult } from '../result.js';

export interface TokenTallyOptions {
  /** The tokens that request `index` asked for; undefined: nobody knows. */
  readonly maxTokensOf: (index: number) => number | undefined;
  /** The model was told to go on until it has them all. */
  readonly ignoreEos: boolean;
}

/** An answer may be shorter than asked for by so much before it counts as too short. */
const SHORTER_SHARE = 0.05;
const SHORTER_TOKENS_MAX = 50;
/** The server's two accounts of an answer, or its chunks, may differ by so much. */
const DISCREPANCY_SHARE = 0.1;

export class TokenTally {
  readonly #options: TokenTallyOptions;
  readonly #prompt = new Sum();
  readonly #completion = new Sum();
  readonly #reasoning = new Sum();
  readonly #cached = new Sum();
  readonly #source: Record<TokenSource, number> = { usage: 0, timings: 0, logprobs: 0, chunks: 0 };
  #requests = 0;
  #chunks = 0;
  /** Chunks and completion tokens of answers where both are known, and apart from each other. */
  #countedChunks = 0;
  #countedTokens = 0;
  #tooShort = 0;
  #discrepant = 0;

  constructor(options: TokenTallyOptions) {
    this.#options = options;
  }

  /** 0 where none is known. */
  get promptSum(): number {
    return this.#prompt.value ?? 0;
  }

  get completionSum(): number {
    return this.#completion.value ?? 0;
  }

  /** Answers whose tokens the server counts in two ways that do not agree. */
  get discrepant(): number {
    return this.#discrepant;
  }

  /** Answers of which nobody told how many tokens they have. */
  get uncounted(): number {
    return this.#requests - Object.values(this.#source).reduce((sum, times) => sum + times, 0);
  }

  /** A success. */
  add(record: RequestRecord): void {
    const { tokens, chunks } = record;
    this.#requests += 1;
    this.#chunks += chunks;
    this.#prompt.add(tokens.prompt);
    this.#completion.add(tokens.completion);
    this.#reasoning.add(tokens.reasoning);
    this.#cached.add(tokens.cached);
    if (tokens.source !== null) this.#source[tokens.source] += 1;
    if (tokens.completion !== null && tokens.source !== 'chunks') {
      this.#countedChunks += chunks;
      this.#countedTokens += tokens.completion;
    }
    if (this.#isTooShort(record)) this.#tooShort += 1;
    if (isDiscrepant(record)) this.#discrepant += 1;
  }

  result(): BenchResult['tokens'] {
    const prompt = this.#prompt.value;
    const completion = this.#completion.value;
    const total = prompt === null || completion === null ? null : prompt + completion;
    return {
      prompt,
      completion,
      reasoning: this.#reasoning.value,
      cached_prompt: this.#cached.value,
      total,
      per_request_mean: total === null ? null : total / this.#requests,
      completion_per_request_mean: completion === null ? null : completion / this.#requests,
      source: { ...this.#source },
      estimated: this.#source.chunks > 0,
      chunks: this.#chunks,
      tokens_per_chunk_mean: this.#countedChunks === 0 ? null : this.#countedTokens / this.#countedChunks,
      length_mismatch: this.#tooShort,
    };
  }

  /** The server ended it for its length, or was to go on for ever, and yet it is shorter than was asked for. */
  #isTooShort({ index, finishReason, tokens }: RequestRecord): boolean {
    const asked = this.#options.maxTokensOf(index);
    if (asked === undefined || tokens.completion === null || tokens.source === 'chunks') return false;
    if (finishReason !== 'length' && !this.#options.ignoreEos) return false;
    return asked - tokens.completion > Math.min(asked * SHORTER_SHARE, SHORTER_TOKENS_MAX);
  }
}

/** A sum of what is known; null where nothing is. */
class Sum {
  value: number | null = null;

  add(amount: number | null): void {
    if (amount !== null) this.value = (this.value ?? 0) + amount;
  }
}

/** More chunks than tokens, or a usage that differs from the timings of the same answer. */
function isDiscrepant({ tokens, chunks, serverTimings }: RequestRecord): boolean {
  if (tokens.completion === null || tokens.source === 'chunks' || tokens.completion === 0) return false;
  if (chunks > tokens.completion * (1 + DISCREPANCY_SHARE) + 1) return true;
  if (serverTimings === null) return false;
  return Math.abs(serverTimings.predictedTokens - tokens.completion) > tokens.completion * DISCREPANCY_SHARE + 1;
}
