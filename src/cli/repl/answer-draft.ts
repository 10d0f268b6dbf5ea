/** What has come of an answer so far. */
import type { AnswerEvent, AnswerStats, EndReason, TokenUsage } from '../../chat/answer.js';
import type { GivenAnswer } from '../../chat/conversation.js';

const UNKNOWN_STATS: AnswerStats = {
  queueMs: undefined,
  ttftMs: undefined,
  tokensPerSecond: undefined,
  completionTokens: undefined,
  promptTokens: undefined,
};

export class AnswerDraft {
  text = '';
  reasoning = '';
  /** Until the end is told. */
  reason: EndReason = 'stopped';
  usage: TokenUsage | undefined;
  stats = UNKNOWN_STATS;

  get isEmpty(): boolean {
    return this.text === '' && this.reasoning === '';
  }

  take(event: AnswerEvent): void {
    if (event.kind === 'text') this.text += event.text;
    if (event.kind === 'reasoning') this.reasoning += event.text;
    if (event.kind === 'again') {
      this.text = '';
      this.reasoning = '';
    }
    if (event.kind !== 'end') return;
    this.reason = event.reason;
    this.usage = event.usage;
    this.stats = event.stats;
  }

  answer(model: string): GivenAnswer {
    const { text, reasoning, reason, usage, stats } = this;
    return { text, reasoning, model, reason, usage, stats };
  }
}
