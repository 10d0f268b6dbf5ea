/** The numbers that gollama tells Prometheus, in one list. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, from a millisecond to ten minutes. */
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Seconds; the gateway's own share of a request. */
const OVERHEAD_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25];

export class Metrics {
  readonly registry = new Registry();

  readonly requests = this.#counter('gollama_requests_total', 'Requests that ended', ['path', 'model', 'outcome']);
  readonly attempts = this.#counter('gollama_attempts_total', 'Calls sent to engines', ['engine']);
  readonly promptTokens = this.#counter('gollama_prompt_tokens_total', 'Prompt tokens of answers', ['model']);
  readonly completionTokens = this.#counter('gollama_completion_tokens_total', 'Generated tokens', ['model']);
  readonly uncounted = this.#counter('gollama_answers_uncounted_total', 'Answers that told no token counts', ['model']);

  readonly queueWait = this.#histogram('gollama_queue_wait_seconds', 'Time from body read to slot', ['model']);
  readonly firstByte = this.#histogram('gollama_first_byte_seconds', 'Time from slot to first byte', ['model']);
  readonly duration = this.#histogram('gollama_request_seconds', 'Time from body read to end of answer', ['model']);
  readonly overhead = this.#histogram(
    'gollama_overhead_seconds',
    "The gateway's own time before a call is sent, without the wait in the queue",
    [],
    OVERHEAD_BUCKETS,
  );

  /** A gauge whose values are read when somebody asks. `read` calls `set` once for each label set. */
  observe(
    name: string,
    help: string,
    labels: readonly string[],
    read: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      collect() {
        this.reset();
        read((values, value) => this.set(values, value));
      },
    });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, labelNames: string[], buckets = DURATION_BUCKETS): Histogram {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}
