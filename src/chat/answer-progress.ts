/** What has come of an answer: turns what an engine says into events, and measures. No I/O. */
import type { Clock } from '../base/clock.js';
import type { AnswerEvent, AnswerStats, EndReason, TokenUsage } from './answer.js';
import { type TaggedPiece, ThinkTags } from './think-tags.js';

/** What the other side counted and measured, where it tells. */
export interface ToldFigures {
  readonly usage: TokenUsage | undefined;
  readonly queueMs?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
}

export class AnswerProgress {
  readonly #clock: Clock;
  readonly #askedAtMs: number;
  #tags = new ThinkTags();
  #text = '';
  #reasoning = '';
  #startedAtMs: number | undefined;
  /** Of the whole answer, also where it was begun again. */
  #firstAtMs: number | undefined;
  /** Of what counts. */
  #beganAtMs: number | undefined;
  #lastAtMs: number | undefined;

  /** Now it is asked. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#askedAtMs = clock.now();
  }

  /** True where anything was told. */
  get hasBegun(): boolean {
    return this.#text !== '' || this.#reasoning !== '';
  }

  get isStarted(): boolean {
    return this.#startedAtMs !== undefined;
  }

  /** An engine has it. */
  started(): AnswerEvent {
    this.#startedAtMs ??= this.#clock.now();
    return { kind: 'started' };
  }

  text(text: string): readonly AnswerEvent[] {
    if (text === '') return [];
    this.#heard();
    return this.#tags.push(text).flatMap((piece) => this.#tagged(piece));
  }

  reasoning(text: string): readonly AnswerEvent[] {
    if (text === '') return [];
    this.#heard();
    return [this.#told('reasoning', text)];
  }

  /** What was told before does not count. */
  restarted(): readonly AnswerEvent[] {
    this.#tags = new ThinkTags();
    this.#beganAtMs = undefined;
    this.#lastAtMs = undefined;
    return this.hasBegun ? [this.#again('restarted')] : [];
  }

  /** The last events. */
  end(reason: EndReason, told: ToldFigures): readonly AnswerEvent[] {
    const rest = this.#tags.end().flatMap((piece) => this.#tagged(piece));
    return [...rest, { kind: 'end', reason, usage: told.usage, stats: this.#stats(told) }];
  }

  #tagged({ kind, text, textWasReasoning }: TaggedPiece): readonly AnswerEvent[] {
    if (!textWasReasoning) return text === '' ? [] : [this.#told(kind, text)];
    const all = this.#reasoning + this.#text + text;
    if (this.#text === '') return text === '' ? [] : [this.#told('reasoning', text)];
    return [this.#again('reasoning-found'), this.#told('reasoning', all)];
  }

  #told(kind: 'text' | 'reasoning', text: string): AnswerEvent {
    if (kind === 'text') this.#text += text;
    else this.#reasoning += text;
    return { kind, text };
  }

  #again(why: 'restarted' | 'reasoning-found'): AnswerEvent {
    this.#text = '';
    this.#reasoning = '';
    return { kind: 'again', why };
  }

  #heard(): void {
    const nowMs = this.#clock.now();
    this.#startedAtMs ??= nowMs;
    this.#firstAtMs ??= nowMs;
    this.#beganAtMs ??= nowMs;
    this.#lastAtMs = nowMs;
  }

  #stats({ usage, queueMs, tokensPerSecond }: ToldFigures): AnswerStats {
    return {
      queueMs: queueMs ?? since(this.#askedAtMs, this.#startedAtMs),
      ttftMs: since(this.#askedAtMs, this.#firstAtMs),
      tokensPerSecond: tokensPerSecond ?? this.#measuredSpeed(usage?.completionTokens),
      completionTokens: usage?.completionTokens,
      promptTokens: usage?.promptTokens,
    };
  }

  /** The first token ends the reading of the prompt; the time of the others is known. */
  #measuredSpeed(tokens: number | undefined): number | undefined {
    const tookMs = since(this.#beganAtMs, this.#lastAtMs);
    return tokens === undefined || tokens < 2 || !tookMs ? undefined : ((tokens - 1) * 1000) / tookMs;
  }
}

function since(fromMs: number | undefined, toMs: number | undefined): number | undefined {
  return fromMs === undefined || toMs === undefined ? undefined : toMs - fromMs;
}
