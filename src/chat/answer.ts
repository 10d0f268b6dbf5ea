/** What answers questions: the contract that `task-answers.ts` and `completion-answers.ts` keep. */
import type { ChatMessage } from '../protocol/task.js';

export interface Question {
  readonly model: string;
  /** In Ollama's shape. Where the last one is of the `assistant`, its text is to go on, and only what is new is told. */
  readonly messages: readonly ChatMessage[];
  /** By Ollama's names: `temperature`, `num_predict` … (see `parameters.ts`). */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether to reason before answering, or how much (`low`, `medium`, `high`); undefined: as the model does. */
  readonly think?: boolean | string | undefined;
}

/** Tokens as the engine counted them. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Undefined where nobody knows. */
export interface AnswerStats {
  /** From the question's arrival in the queue to a free slot. */
  readonly queueMs: number | undefined;
  /** From the asking to the first piece of text or reasoning, waiting included. */
  readonly ttftMs: number | undefined;
  /** While it was generated; the engine's own figure where it tells one. */
  readonly tokensPerSecond: number | undefined;
  readonly completionTokens: number | undefined;
  readonly promptTokens: number | undefined;
}

/**
 * - `stop`: the model was done · `length`: a limit of tokens was reached
 * - `stopped`: our signal aborted · `cancelled`: somebody else ended it
 * - anything else: what the engine said
 */
export type EndReason = 'stop' | 'length' | 'stopped' | 'cancelled' | (string & {});

export type AnswerEvent =
  /** It is in the queue, and no engine has it. */
  | { readonly kind: 'waiting' }
  /** An engine works on it. */
  | { readonly kind: 'started' }
  | { readonly kind: 'text' | 'reasoning'; readonly text: string }
  /**
   * Text and reasoning that were told before do not count: another attempt begins (`restarted`), or what was taken for text
   * turned out to be reasoning and is told again as that (`reasoning-found`).
   */
  | { readonly kind: 'again'; readonly why: 'restarted' | 'reasoning-found' }
  /** The connection broke; it is being followed again, and nothing of it is lost. */
  | { readonly kind: 'reconnecting' }
  | {
      readonly kind: 'end';
      readonly reason: EndReason;
      readonly usage: TokenUsage | undefined;
      readonly stats: AnswerStats;
    };

export interface AnswerSource {
  /**
   * How an answer goes on that was stopped: `prefill`, the engine takes up a last message of the assistant as the beginning
   * of its answer; `ask`, it must be asked to go on in a message of the user.
   */
  continuation(model: string): 'prefill' | 'ask';
  /**
   * The events of one answer; `end` comes exactly once and last. Throws a GollamaError where it fails. When `signal` aborts,
   * the work is ended at the server, and `end` says `stopped`. A reader that leaves early ends the work too.
   */
  ask(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent, void>;
}
