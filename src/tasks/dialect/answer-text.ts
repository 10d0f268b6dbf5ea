/** The texts of an answer that come in pieces: tells each piece as a record, and keeps them for the result. */
import type { Clock } from '../../base/clock.js';
import type { OllamaCounts } from '../../protocol/ollama.js';
import { nanoseconds } from '../../protocol/ollama.js';
import { type DecoderParts, tooLarge } from './dialect.js';

export class AnswerText {
  readonly #parts: DecoderParts;
  readonly #clock: Clock;
  readonly #content: string[] = [];
  readonly #thinking: string[] = [];
  #keptBytes = 0;
  #firstAtMs: number | undefined;

  constructor(parts: DecoderParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
  }

  get content(): string {
    return this.#content.join('');
  }

  /** Empty where there was none. */
  get thinking(): string {
    return this.#thinking.join('');
  }

  /** Throws an AnswerFault where it becomes too much, as the next two do. */
  addContent(text: string): void {
    if (text === '') return;
    this.#keep(text);
    this.#content.push(text);
    this.#parts.onRecord({ kind: 'text', text });
  }

  addThinking(text: string): void {
    if (text === '') return;
    this.#keep(text);
    this.#thinking.push(text);
    this.#parts.onRecord({ kind: 'reasoning', text });
  }

  /** `call` as OpenAI streams it; whoever calls keeps it. */
  addToolCall(call: object): void {
    this.#keep(JSON.stringify(call));
    this.#parts.onRecord({ kind: 'tool_call', call });
  }

  /** As the clock saw it: until the first piece the prompt was read, after it the answer was made. */
  durations(): Pick<OllamaCounts, 'total_duration' | 'prompt_eval_duration' | 'eval_duration'> {
    const nowMs = this.#clock.now();
    const firstAtMs = this.#firstAtMs ?? nowMs;
    return {
      total_duration: nanoseconds(nowMs - this.#parts.startedAtMs),
      prompt_eval_duration: nanoseconds(firstAtMs - this.#parts.startedAtMs),
      eval_duration: nanoseconds(nowMs - firstAtMs),
    };
  }

  #keep(text: string): void {
    this.#firstAtMs ??= this.#clock.now();
    this.#keptBytes += Buffer.byteLength(text);
    if (this.#keptBytes > this.#parts.answerBytesMax) throw tooLarge(this.#parts.answerBytesMax);
  }
}
