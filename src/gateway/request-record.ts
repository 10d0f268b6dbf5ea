/** What is kept of one request: exactly one line in the log and one count in the metrics, when it ends. */
import type { Clock } from '../base/clock.js';
import type { GollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Metrics } from '../base/metrics.js';
import type { Grant } from '../queue/dispatcher.js';
import type { TokenUsage } from './token-usage.js';

/** How a request ended. `refused`: it never had a slot; `cancelled`: its client left. */
export type Outcome = 'completed' | 'failed' | 'refused' | 'cancelled';

export interface RequestSubject {
  readonly id: string;
  readonly caller: string;
  readonly method: string;
  /** Without the query: it may hold secrets. */
  readonly path: string;
  /** A model that is served here, or `other`: clients must not be able to make up label values. */
  readonly model: string;
  readonly stream: boolean;
  readonly priority: number;
}

export interface RequestEnd {
  readonly status: number | undefined;
  readonly error: GollamaError | undefined;
  readonly usage: TokenUsage | undefined;
  readonly firstByteAtMs: number | undefined;
}

/** Paths that have a label of their own. */
const LABELLED_PATHS = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/messages',
]);

export class RequestRecord {
  readonly #subject: RequestSubject;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #startedAtMs: number;
  #grant: Grant | undefined;
  #sentAtMs: number | undefined;

  constructor(subject: RequestSubject, parts: { clock: Clock; logger: Logger; metrics: Metrics }) {
    this.#subject = subject;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#metrics = parts.metrics;
    this.#startedAtMs = parts.clock.now();
  }

  /** The call goes to an engine now. */
  sent(grant: Grant): void {
    this.#grant = grant;
    this.#sentAtMs = this.#clock.now();
    this.#metrics.attempts.inc({ engine: grant.lease.engine.name });
  }

  end(end: RequestEnd, endedAtMs = this.#clock.now()): void {
    const durationMs = endedAtMs - this.#startedAtMs;
    const outcome = this.#outcome(end);
    this.#measure(outcome, end, durationMs);
    const { error, usage } = end;
    const fields = {
      request: this.#subject.id,
      caller: this.#subject.caller,
      method: this.#subject.method,
      path: this.#subject.path,
      model: this.#subject.model,
      stream: this.#subject.stream,
      priority: this.#subject.priority,
      outcome,
      status: end.status,
      engine: this.#grant?.lease.engine.name,
      attempt: this.#grant?.attempt,
      wait_ms: round(this.#grant?.waitedMs),
      first_byte_ms: round(this.#firstByteMs(end)),
      duration_ms: round(durationMs),
      prompt_tokens: usage?.promptTokens,
      completion_tokens: usage?.completionTokens,
      error: error && `${error.code}: ${error.message}`,
    };
    if (outcome === 'failed') this.#logger.warn(fields, 'request failed');
    else this.#logger.info(fields, `request ${outcome}`);
  }

  #outcome(end: RequestEnd): Outcome {
    if (!end.error) return 'completed';
    if (end.error.code === 'cancelled') return 'cancelled';
    return this.#grant ? 'failed' : 'refused';
  }

  #measure(outcome: Outcome, end: RequestEnd, durationMs: number): void {
    const { model, path } = this.#subject;
    const labels = { model };
    this.#metrics.requests.inc({ path: LABELLED_PATHS.has(path) ? path : 'other', model, outcome });
    this.#metrics.duration.observe(labels, durationMs / 1000);
    if (this.#grant && this.#sentAtMs !== undefined) {
      const { waitedMs } = this.#grant;
      this.#metrics.queueWait.observe(labels, waitedMs / 1000);
      if (this.#grant.attempt === 1) {
        this.#metrics.overhead.observe(Math.max(0, this.#sentAtMs - this.#startedAtMs - waitedMs) / 1000);
      }
    }
    const firstByteMs = this.#firstByteMs(end);
    if (firstByteMs !== undefined) this.#metrics.firstByte.observe(labels, firstByteMs / 1000);
    if (end.usage) {
      this.#metrics.promptTokens.inc(labels, end.usage.promptTokens);
      this.#metrics.completionTokens.inc(labels, end.usage.completionTokens);
    } else if (outcome === 'completed') {
      this.#metrics.uncounted.inc(labels);
    }
  }

  /** From the slot to the first byte. */
  #firstByteMs(end: RequestEnd): number | undefined {
    if (end.firstByteAtMs === undefined || this.#sentAtMs === undefined) return undefined;
    return end.firstByteAtMs - this.#sentAtMs;
  }
}

function round(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10;
}
