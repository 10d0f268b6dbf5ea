import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import {
  contextUse,
  estimatedTokens,
  isContextOverflow,
  turnsToDrop,
  turnsToSumUp,
} from '../../src/chat/context-meter.js';
import {
  answered,
  asked,
  type Conversation,
  compacted,
  EMPTY_CONVERSATION,
  userMessage,
  withoutOldest,
} from '../../src/chat/conversation.js';
import { givenAnswer } from './given-answer.js';

const turn = (
  before: Conversation,
  question: string,
  answer: string,
  promptTokens?: number,
  completionTokens?: number,
) =>
  answered(
    asked(before, userMessage(question)),
    givenAnswer(answer, promptTokens === undefined ? {} : { promptTokens, completionTokens }),
  );

describe('the context meter', () => {
  it('goes by what the engine counted with its last answer', () => {
    const conversation = turn(turn(EMPTY_CONVERSATION, 'a', 'b', 10, 5), 'c', 'd', 30, 20);
    expect(contextUse(conversation, 100)).toEqual({
      usedTokens: 50,
      isEstimate: false,
      limitTokens: 100,
      share: 0.5,
      level: 'fine',
    });
  });

  it('estimates what came after it', () => {
    const counted = turn(EMPTY_CONVERSATION, 'a', 'b', 30, 20);
    const stopped = turn(counted, 'x'.repeat(40), 'y'.repeat(80));
    expect(contextUse(stopped, 1000)).toMatchObject({ usedTokens: 50 + 4 + 10 + 4 + 20, isEstimate: true });
    expect(contextUse(counted, 1000, userMessage('x'.repeat(400)))).toMatchObject({ usedTokens: 50 + 4 + 100 });
  });

  it.each([
    [79, 'fine'],
    [80, 'tight'],
    [100, 'tight'],
    [101, 'over'],
  ])('takes %i %% for %s', (tokens, level) => {
    expect(contextUse(turn(EMPTY_CONVERSATION, 'a', 'b', tokens - 1, 1), 100).level).toBe(level);
  });

  it('says nothing of a limit that nobody tells', () => {
    expect(contextUse(turn(EMPTY_CONVERSATION, 'a', 'b', 5, 5), undefined)).toMatchObject({
      share: undefined,
      level: 'unknown',
    });
  });

  it('counts the system text, a summary, files and images', () => {
    const message = {
      text: 'q',
      files: [{ name: 'f', text: 'x'.repeat(4000) }],
      images: [{ name: 'i', mediaType: 'image/png', base64: 'AAAA' }],
    };
    const conversation = { system: 's'.repeat(400), summary: 't'.repeat(400), turns: [] };
    const { usedTokens } = contextUse(conversation, 8192, message);
    expect(usedTokens).toBeGreaterThan(100 + 100 + 1000 + 256);
    expect(usedTokens).toBeLessThan(2500);
  });

  it('takes a Chinese character for most of a token', () => {
    expect(estimatedTokens('你好世界')).toBe(3);
    expect(estimatedTokens('abcd')).toBe(1);
    expect(estimatedTokens('')).toBe(0);
  });

  it('tells how many of the oldest turns must go', () => {
    const long = 'x'.repeat(400);
    const three = [1, 2, 3].reduce((all) => turn(all, long, long), EMPTY_CONVERSATION);
    expect(turnsToDrop(three, 10_000)).toBe(0);
    expect(turnsToDrop(three, 550)).toBe(1);
    expect(turnsToDrop(three, 300)).toBe(2);
    expect(turnsToDrop(three, 100)).toBeUndefined();
    expect(turnsToDrop(three, undefined)).toBeUndefined();
  });

  it('tells how many of the oldest turns fit beside a summary of them', () => {
    const three = [1000, 2000, 3000].reduce((all, tokens) => turn(all, 'q', 'a', tokens - 10, 10), EMPTY_CONVERSATION);
    expect([100_000, 4200, 3000, 1500, 1000, undefined].map((limit) => turnsToSumUp(three, limit))).toEqual([
      3, 3, 2, 1, 0, 3,
    ]);
    // However large the context is, a summary takes no more.
    const full = turn(EMPTY_CONVERSATION, 'q', 'a', 123_000, 10);
    expect(turnsToSumUp(full, 128_000)).toBe(1);
    expect(turnsToSumUp(full, 127_000)).toBe(0);
    expect(turnsToSumUp(EMPTY_CONVERSATION, 1000)).toBe(0);
  });

  it('estimates what is left where the oldest turns were dropped or summed up', () => {
    const conversation = turn(turn(EMPTY_CONVERSATION, 'a', 'b', 10, 5), 'cccc', 'dddd', 3000, 20);
    for (const rest of [withoutOldest(conversation, 1), compacted(conversation, 'abcd', 1)]) {
      expect(contextUse(rest, 4096).usedTokens).toBeLessThan(20);
      expect(rest.turns[0]?.answer?.text).toBe('dddd');
    }
    expect(contextUse(withoutOldest(conversation, 0), 4096).usedTokens).toBe(3020);
  });

  it.each([
    'box: request failed with status 400: the request exceeds the available context size, try increasing it',
    "This model's maximum context length is 8192 tokens. However, you requested 9000",
    'request (9120 tokens) exceeds the available context size (8192 tokens)',
    'the input length exceeds the context length',
  ])('recognises what servers say of a prompt that is too long: %s', (message) => {
    expect(isContextOverflow(new GollamaError('engine_error', message))).toBe(true);
  });

  it('takes a request that is too large for the server as one', () => {
    expect(isContextOverflow(new GollamaError('body_too_large', 'the request body is too large'))).toBe(true);
  });

  it('does not take another failure for it', () => {
    expect(isContextOverflow(new GollamaError('engine_error', 'the engine ended during the answer'))).toBe(false);
  });
});
