/**
 * One answer on its way: plays a script against the clock into a sink, with the script's fault where it has one.
 * It is driven by callbacks, not by promises, because hundreds of these may run in one process.
 */
import type { Clock, Timer } from '../../base/clock.js';
import type { AnswerSink } from '../engine.js';
import { AnswerFormat, type AnswerIdentity, DONE, type Progress } from './answer-format.js';
import type { Ending } from './ending.js';
import type { FaultName } from './faults.js';
import { CONTEXT_EXCEEDED } from './problem.js';
import { dueMs, type Script, textOf, tokensMade } from './script.js';
import type { Token } from './words.js';
import { writeEventHead, writeWhole } from './write.js';

/** Tokens written in one go where they take no time; then others get a turn. */
const BURST_TOKENS_MAX = 32;
/** A timer may fire a fraction of a millisecond early; to wait again would cost a whole one. */
const EARLY_MS = 0.5;
const LONG_TEXT = 'x'.repeat(1024 * 1024);
const LONG_TOKEN: Token = { id: 0, text: LONG_TEXT, json: `"${LONG_TEXT}"` };

export class Generation {
  readonly #script: Script;
  readonly #format: AnswerFormat;
  readonly #sink: AnswerSink;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #fault: FaultName | undefined;
  /** Written tokens at which the fault strikes. */
  readonly #strikesAt: number;
  #struck = false;
  #written = 0;
  #paused = false;
  #ended = false;
  #timer: Timer | undefined;
  #settle: (ending: Ending) => void = () => {};

  constructor(script: Script, identity: AnswerIdentity, sink: AnswerSink, clock: Clock) {
    this.#script = script;
    this.#format = new AnswerFormat(script.request, identity);
    this.#sink = sink;
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#fault = script.fault?.name;
    this.#strikesAt = Math.max(1, Math.min(script.fault?.atChunk ?? 1, script.tokens.length));
  }

  get script(): Script {
    return this.#script;
  }

  /** Tokens made so far, also those that no slow reader has taken yet. */
  get tokensMade(): number {
    return tokensMade(this.#script, this.#clock.now() - this.#startMs);
  }

  /** Runs to its end; on abort it resolves at once with `cancelled`. Call it once. */
  run(signal: AbortSignal): Promise<Ending> {
    if (signal.aborted) return Promise.resolve('cancelled');
    return new Promise((resolve) => {
      const onAbort = () => this.#end('cancelled');
      signal.addEventListener('abort', onAbort, { once: true });
      this.#settle = (ending) => {
        signal.removeEventListener('abort', onAbort);
        resolve(ending);
      };
      this.#wait();
    });
  }

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#settle(ending);
  }

  /** Sets the timer for what comes next, or does it now where it is due. */
  #wait(): void {
    const next = this.#script.request.stream ? this.#written : this.#lastIndex();
    const delayMs = this.#untilMs(next);
    if (delayMs > EARLY_MS) this.#timer = this.#clock.after(delayMs, () => this.#act());
    else this.#act();
  }

  /** How long until a token is due. */
  #untilMs(index: number): number {
    return this.#startMs + dueMs(this.#script, index) - this.#clock.now();
  }

  #act(): void {
    if (this.#script.request.stream) this.#streamDue();
    else {
      const ending = this.#writeWhole();
      if (ending) this.#end(ending);
    }
  }

  /** Writes every token that is due, so that late timers do not slow the stream down. */
  #streamDue(): void {
    const { tokens } = this.#script;
    for (let burst = 0; !this.#ended && !this.#paused; burst++) {
      if (this.#written === this.#strikesAt && !this.#struck && this.#interrupt()) return;
      if (this.#written === tokens.length) this.#finish();
      else if (this.#untilMs(this.#written) > EARLY_MS) {
        this.#wait();
        return;
      } else if (burst === BURST_TOKENS_MAX) {
        this.#timer = this.#clock.after(0, () => this.#act());
        return;
      } else this.#writeToken();
    }
  }

  #writeToken(): void {
    const token = this.#script.tokens[this.#written];
    if (!token) return;
    const first = this.#written === 0;
    this.#written++;
    const timings = this.#script.request.timingsPerToken ? this.#progress() : undefined;
    const event = this.#format.token(token, timings);
    if (first) writeEventHead(this.#sink, { resume: () => this.#resume() });
    if (!this.#ended) this.#write(first ? this.#format.opening() + event : event);
  }

  #finish(): void {
    const done = this.#fault === 'no-done' ? '' : DONE;
    this.#write(this.#format.closing(this.#script.reason, this.#progress()) + done);
    this.#end('complete');
  }

  /** Does what the fault does in the middle of a stream. True where the stream does not go on by itself. */
  #interrupt(): boolean {
    switch (this.#fault) {
      case 'crash':
        return this.#stop('crash');
      case 'kill':
        return this.#stop('kill');
      case 'cut':
        this.#write(this.#format.closing('stop', this.#progress()).slice(0, 40));
        return this.#stop('cut');
      case 'clean-eof':
        return this.#stop('complete');
      case 'stall':
        return true;
      case 'stream-error':
        this.#write(`data: ${CONTEXT_EXCEEDED.toJson()}\n\n`);
        return this.#stop('complete');
      case 'malformed':
        this.#write('data: {"choices":[{"finish_reason":null,"ind\n\n');
        break;
      case 'long-line':
        this.#write(this.#format.token(LONG_TOKEN, undefined));
        break;
      default:
    }
    this.#struck = true;
    return false;
  }

  #stop(ending: Ending): true {
    this.#end(ending);
    return true;
  }

  #write(text: string): void {
    if (!this.#sink.chunk(Buffer.from(text))) this.#paused = true;
  }

  #resume(): void {
    if (!this.#paused || this.#ended) return;
    this.#paused = false;
    this.#act();
  }

  /** The token at which an answer that is not streamed is written: the last one, or the one where it dies. */
  #lastIndex(): number {
    const name = this.#fault;
    const diesEarly = name === 'crash' || name === 'kill';
    return (diesEarly ? this.#strikesAt : this.#script.tokens.length) - 1;
  }

  /** Undefined where the answer stays open. */
  #writeWhole(): Ending | undefined {
    const { tokens, reason } = this.#script;
    this.#written = tokens.length;
    const text = this.#fault === 'long-line' ? LONG_TEXT : textOf(tokens);
    return writeWhole(this.#sink, this.#format.whole(text, tokens, reason, this.#progress()), this.#fault);
  }

  #progress(): Progress {
    const elapsedMs = this.#clock.now() - this.#startMs;
    const promptMs = Math.min(this.#script.firstTokenMs, elapsedMs);
    return {
      promptTokens: this.#script.request.promptTokens,
      promptMs,
      tokens: this.#written,
      tokensMs: Math.max(0, Math.min(elapsedMs - promptMs, (this.#written - 1) * this.#script.tokenMs)),
    };
  }
}
