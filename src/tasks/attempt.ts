/** One try of a task on an engine whose slot is held. It decides nothing about further tries. */
import type { Clock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import { type AnswerHead, type AnswerSink, type Flow, SlotStuckError } from '../engine/engine.js';
import { wasTooSilent } from '../engine/http-upstream.js';
import type { Lease } from '../pool/member.js';
import { retryAfterMs } from '../protocol/retry-after.js';
import type { LogRecord, Usage } from '../stream/record.js';
import { type Answer, type AnswerDecoder, AnswerFault, type AttemptTask, type Dialect } from './dialect/dialect.js';
import { errorTextOf } from './dialect/error-text.js';
import { ollamaDialect } from './dialect/ollama.js';
import { openAiDialect } from './dialect/openai.js';

export type { AttemptTask };

export interface AttemptParts {
  /** Not released here. */
  readonly lease: Pick<Lease, 'engine' | 'forward'>;
  /** The name by which the engine knows the model. */
  readonly engineModel: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /**
   * Gets text, reasoning and tool calls as they come, nothing else. False asks for a pause until `drained` resolves. What it
   * throws comes out of `runAttempt`.
   */
  readonly onRecord: (record: LogRecord) => boolean;
  readonly drained: (signal: AbortSignal) => Promise<void>;
  /** Most that is kept of an answer. */
  readonly answerBytesMax?: number;
}

interface AttemptFailure {
  readonly kind: 'failed';
  /** `chat execution failed: ollama: request failed with status 500: boom`. */
  readonly error: string;
  /** HTTP status of the answer, or the one that an error inside of it names. */
  readonly status: number | undefined;
  /** As the engine wishes it, from now. */
  readonly retryAfterMs: number | undefined;
  /** True where `onRecord` was called. */
  readonly producedOutput: boolean;
  /** True where the engine could not be reached, died, or cut its answer; not where it was silent for too long. */
  readonly transport: boolean;
}

export type AttemptOutcome =
  | { readonly kind: 'completed'; readonly result: object; readonly usage: Usage | undefined }
  | AttemptFailure
  | { readonly kind: 'cancelled' };

const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Of the body of an error; more is not read out of it. */
const ERROR_BYTES_MAX = 64 * 1024;

/**
 * Settles when the engine no longer works on it, also after an abort of `signal`. Rejects only for errors of ours, never for
 * those of the engine: what became of a slot that is stuck the lease knows by itself.
 */
export async function runAttempt(task: AttemptTask, parts: AttemptParts): Promise<AttemptOutcome> {
  const { lease, engineModel, signal } = parts;
  if (signal.aborted) return { kind: 'cancelled' };
  const dialect = lease.engine.kind === 'ollama' ? ollamaDialect : openAiDialect;
  const reading = new Reading(task, dialect, parts);
  const abort = () => reading.stop();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await lease.forward(dialect.call(task, engineModel), reading, reading.signal);
    return outcome(task, parts, reading, undefined);
  } catch (thrown) {
    return outcome(task, parts, reading, thrown);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Takes the answer in. An answer that is of no use any more is not read to its end: the call is aborted. */
class Reading implements AnswerSink {
  readonly #task: AttemptTask;
  readonly #dialect: Dialect;
  readonly #parts: AttemptParts;
  readonly #startedAtMs: number;
  readonly #ended = new AbortController();
  readonly #errorBody: Buffer[] = [];
  #errorBytes = 0;
  #head: AnswerHead | undefined;
  #decoder: AnswerDecoder | undefined;
  #thrown: unknown;
  #producedOutput = false;
  #flow: Flow | undefined;
  #mustWait = false;

  constructor(task: AttemptTask, dialect: Dialect, parts: AttemptParts) {
    this.#task = task;
    this.#dialect = dialect;
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get producedOutput(): boolean {
    return this.#producedOutput;
  }

  /** Head of an answer that is an error by its status. */
  get refusal(): AnswerHead | undefined {
    return this.#head && !this.#decoder && this.#thrown === undefined ? this.#head : undefined;
  }

  get refusalText(): string {
    return errorTextOf(Buffer.concat(this.#errorBody).toString('utf8'));
  }

  stop(): void {
    this.#ended.abort();
  }

  /**
   * The answer, where it came to its end. Throws what was thrown while it was read: an AnswerFault, or an error of ours. Of an
   * answer that was `cut`, a last piece that is not understood is no fault.
   */
  answer(cut: boolean): Answer | undefined {
    if (this.#thrown !== undefined) throw this.#thrown;
    try {
      return this.#decoder?.finish();
    } catch (thrown) {
      if (cut && thrown instanceof AnswerFault) return undefined;
      throw thrown;
    }
  }

  head(head: AnswerHead, flow: Flow): void {
    this.#head = head;
    this.#flow = flow;
    if (head.status >= 200 && head.status < 300) this.#try(() => this.#begin(head));
  }

  chunk(bytes: Buffer): boolean {
    if (this.#decoder) this.#try(() => this.#decoder?.take(bytes));
    else this.#keepError(bytes);
    if (!this.#mustWait) return true;
    this.#mustWait = false;
    void this.#parts.drained(this.signal).then(() => this.#flow?.resume());
    return false;
  }

  #begin(head: AnswerHead): void {
    const { clock, onRecord, answerBytesMax = ANSWER_BYTES_MAX } = this.#parts;
    this.#decoder = this.#dialect.decoder({
      task: this.#task,
      head,
      clock,
      startedAtMs: this.#startedAtMs,
      onRecord: (record) => {
        this.#producedOutput = true;
        if (!onRecord(record)) this.#mustWait = true;
      },
      answerBytesMax,
    });
  }

  #try(read: () => void): void {
    if (this.#thrown !== undefined || this.signal.aborted) return;
    try {
      read();
    } catch (thrown) {
      this.#thrown = thrown;
      this.stop();
    }
  }

  #keepError(bytes: Buffer): void {
    if (this.#errorBytes < ERROR_BYTES_MAX) this.#errorBody.push(bytes.subarray(0, ERROR_BYTES_MAX - this.#errorBytes));
    this.#errorBytes += bytes.length;
  }
}

/**
 * 1. a whole answer is complete, however the connection ended after it
 * 2. the caller's wish comes before what went wrong after it
 * 3. an error by status
 * 4. an error inside the answer
 * 5. an answer without its end: what the engine threw, or nothing
 */
function outcome(task: AttemptTask, parts: AttemptParts, reading: Reading, thrown: unknown): AttemptOutcome {
  const whole = wholeAnswer(reading, thrown !== undefined);
  if (whole && !(whole instanceof AnswerFault) && !(parts.signal.aborted && thrown)) {
    return { kind: 'completed', result: whole.result, usage: whole.usage };
  }
  if (parts.signal.aborted) return { kind: 'cancelled' };
  const fail = failure(task, parts, reading);
  const { refusal } = reading;
  if (refusal) {
    const after = retryAfterMs(refusal.headers['retry-after'], parts.clock.epoch());
    return { ...fail(withStatus(refusal.status, reading.refusalText), refusal.status), retryAfterMs: after };
  }
  if (whole instanceof AnswerFault) {
    const { status, message } = whole;
    return fail(status === undefined ? message : withStatus(status, message), status);
  }
  if (thrown === undefined) return { ...fail('the engine ended its answer before it was complete'), transport: true };
  const error = engineErrorOf(thrown);
  const isTransport = (error.code === 'engine_unavailable' || error.code === 'engine_error') && !wasTooSilent(error);
  return {
    ...fail(error.message, error.code === 'invalid_request' ? error.status : undefined),
    transport: isTransport,
  };
}

/** Throws errors of ours. */
function wholeAnswer(reading: Reading, cut: boolean): Answer | AnswerFault | undefined {
  try {
    return reading.answer(cut);
  } catch (thrown) {
    if (thrown instanceof AnswerFault) return thrown;
    throw thrown;
  }
}

/** What the engine's `forward` rejected with. Throws errors of ours. */
function engineErrorOf(thrown: unknown): GollamaError {
  if (thrown instanceof GollamaError) return thrown;
  if (!(thrown instanceof SlotStuckError)) throw thrown;
  return thrown.cause instanceof GollamaError ? thrown.cause : new GollamaError('engine_error', thrown.message);
}

function withStatus(status: number, message: string): string {
  return `request failed with status ${status}${message === '' ? '' : `: ${message}`}`;
}

/** Worded as Ollama Queue words it, who calls Ollama `ollama` whatever its name. */
function failure({ type }: AttemptTask, { lease: { engine } }: AttemptParts, { producedOutput }: Reading) {
  const name = engine.kind === 'ollama' ? 'ollama' : engine.name;
  return (message: string, status?: number): AttemptFailure => ({
    kind: 'failed',
    error: `${type} execution failed: ${name}: ${message}`,
    status,
    retryAfterMs: undefined,
    producedOutput,
    transport: false,
  });
}
