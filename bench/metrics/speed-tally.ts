/** Speeds of single requests, as sums: their means, and what llama.cpp says of its own. */
import type { RequestRecord } from '../record.js';
import type { BenchResult } from '../result.js';
import type { RequestFigures } from './request-figures.js';

type Throughput = BenchResult['throughput'];

export class SpeedTally {
  readonly #outputTps = new Mean();
  readonly #decodeTps = new Mean();
  readonly #prefillTps = new Mean();
  readonly #headersMs = new Mean();
  readonly #totalTokens = new Mean();
  readonly #prompt = new Rate();
  readonly #predicted = new Rate();
  readonly #streamed: boolean;

  constructor(streamed: boolean) {
    this.#streamed = streamed;
  }

  /** A success. */
  add({ tokens, sentMs, headersMs, serverTimings }: RequestRecord, { e2e, ttft, tpot }: RequestFigures): void {
    if (tokens.completion !== null && e2e !== null && e2e > 0) this.#outputTps.add((1000 * tokens.completion) / e2e);
    if (tpot !== null && tpot > 0) this.#decodeTps.add(1000 / tpot);
    if (tokens.prompt !== null && ttft !== null && ttft > 0) this.#prefillTps.add((1000 * tokens.prompt) / ttft);
    this.#totalTokens.add((tokens.prompt ?? 0) + (tokens.completion ?? 0));
    if (headersMs !== null && sentMs !== null) this.#headersMs.add(headersMs - sentMs);
    if (serverTimings === null) return;
    // What came from the cache took no time.
    this.#prompt.add(Math.max(0, serverTimings.promptTokens - (tokens.cached ?? 0)), serverTimings.promptMs);
    this.#predicted.add(serverTimings.predictedTokens, serverTimings.predictedMs);
  }

  means(): Pick<
    Throughput,
    'output_tps_per_request_mean' | 'decode_tps_per_user_mean' | 'prefill_tps_effective_mean' | 'reference_avg_tps'
  > {
    const headersMs = this.#headersMs.value;
    const totalTokens = this.#totalTokens.value;
    // The reference never streams. The headers of a stream come before its tokens: the formula would say nothing.
    const isComparable = !this.#streamed && headersMs !== null && headersMs > 0 && totalTokens !== null;
    return {
      output_tps_per_request_mean: this.#outputTps.value,
      decode_tps_per_user_mean: this.#decodeTps.value,
      prefill_tps_effective_mean: this.#prefillTps.value,
      reference_avg_tps: isComparable ? (1000 * totalTokens) / headersMs : null,
    };
  }

  /** All tokens over all of their time: a mean in which long requests weigh more. */
  server(): BenchResult['server'] {
    const prompt = this.#prompt.perSecond;
    const predicted = this.#predicted.perSecond;
    if (prompt === null || predicted === null) return { timings: null };
    return { timings: { prompt_tps_mean: prompt, predicted_tps_mean: predicted } };
  }
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }
}

class Rate {
  #tokens = 0;
  #timeMs = 0;

  add(tokens: number, timeMs: number): void {
    this.#tokens += tokens;
    this.#timeMs += timeMs;
  }

  get perSecond(): number | null {
    return this.#timeMs > 0 ? (1000 * this.#tokens) / this.#timeMs : null;
  }
}
