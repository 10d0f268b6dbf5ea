import type { GivenAnswer } from '../../src/chat/conversation.js';

interface Given extends Partial<Pick<GivenAnswer, 'reasoning' | 'model' | 'reason'>> {
  readonly promptTokens?: number;
  readonly completionTokens?: number | undefined;
}

/** An answer, with what is of interest; usage where both counts are given. */
export function givenAnswer(text: string, given: Given = {}): GivenAnswer {
  const { reasoning = '', model = 'm', reason = 'stop', promptTokens, completionTokens } = given;
  const isCounted = promptTokens !== undefined && completionTokens !== undefined;
  return {
    text,
    reasoning,
    model,
    reason,
    usage: isCounted ? { promptTokens, completionTokens } : undefined,
    stats: { queueMs: undefined, ttftMs: undefined, tokensPerSecond: undefined, completionTokens, promptTokens },
  };
}
