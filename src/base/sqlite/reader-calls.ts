/**
 * Questions to a thread that only reads. It begins with the first question, as it costs as much as a small process; and anew
 * with the next one after it has failed, as reading needs nothing of what was there before.
 */
import { GollamaError } from '../errors.js';
import type { ThreadProgram } from './thread.js';
import { ThreadCalls } from './thread-calls.js';

export class ReaderCalls<
  Question extends { readonly kind: string },
  AnswerTo extends Readonly<Record<Question['kind'], unknown>>,
> {
  readonly #program: ThreadProgram;
  readonly #setup: unknown;
  #calls: ThreadCalls<Question, AnswerTo> | undefined;
  #isClosed = false;

  constructor(program: ThreadProgram, setup: unknown) {
    this.#program = program;
    this.#setup = setup;
  }

  /** Rejects as `ThreadCalls`. */
  ask<Q extends Question>(question: Q): Promise<AnswerTo[Q['kind']]> {
    if (this.#isClosed) return Promise.reject(new GollamaError('shutting_down', 'the storage is closed'));
    this.#calls ??= this.#begin();
    return this.#calls.ask(question);
  }

  /** What was asked is answered before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#calls?.close();
  }

  #begin(): ThreadCalls<Question, AnswerTo> {
    const calls: ThreadCalls<Question, AnswerTo> = new ThreadCalls(this.#program, this.#setup, () => this.#lose(calls));
    calls.open().catch(() => this.#lose(calls));
    return calls;
  }

  /** Whoever asked it is told by the call itself. */
  #lose(calls: ThreadCalls<Question, AnswerTo>): void {
    if (this.#calls !== calls || this.#isClosed) return;
    this.#calls = undefined;
    void calls.close();
  }
}
