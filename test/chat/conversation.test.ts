import { describe, expect, it } from 'vitest';
import {
  answered,
  asked,
  type Conversation,
  cleared,
  compacted,
  completionTokens,
  continuationMessages,
  continued,
  EMPTY_CONVERSATION,
  lastAnswer,
  messagesOf,
  summaryMessages,
  undone,
  userMessage,
  withoutLastAnswer,
  withSystem,
} from '../../src/chat/conversation.js';
import { givenAnswer } from './given-answer.js';

const said = (...turns: readonly (readonly [string, string])[]): Conversation =>
  turns.reduce(
    (conversation, [question, answer]) => answered(asked(conversation, userMessage(question)), givenAnswer(answer)),
    EMPTY_CONVERSATION,
  );
const spoken = (conversation: Conversation) =>
  messagesOf(conversation).map(({ role, content }) => `${role}: ${content}`);

describe('a conversation', () => {
  it('is sent as its messages, oldest first, behind the system text', () => {
    const conversation = withSystem(asked(said(['a', 'b']), userMessage('c')), 'be brief');
    expect(spoken(conversation)).toEqual(['system: be brief', 'user: a', 'assistant: b', 'user: c']);
  });

  it('has no system message where there is no text for it', () => {
    expect(spoken(withSystem(said(['a', 'b']), ''))).toEqual(['user: a', 'assistant: b']);
  });

  it('never sends reasoning', () => {
    const conversation = answered(asked(EMPTY_CONVERSATION, userMessage('q')), givenAnswer('a', { reasoning: 'hmm' }));
    expect(JSON.stringify(messagesOf(conversation))).not.toContain('hmm');
  });

  it('puts files in front of the question, and images beside it', () => {
    const question = {
      text: 'what is it?',
      files: [{ name: 'a "b".txt', text: 'one' }],
      images: [{ name: 'p.png', mediaType: 'image/png', base64: 'iVBO' }],
    };
    expect(messagesOf(asked(EMPTY_CONVERSATION, question))).toEqual([
      { role: 'user', content: '<file name="a \\"b\\".txt">\none\n</file>\n\nwhat is it?', images: ['iVBO'] },
    ]);
  });

  it('is left as it was by every operation', () => {
    const conversation = said(['a', 'b']);
    const before = structuredClone(conversation);
    asked(conversation, userMessage('c'));
    undone(conversation);
    withoutLastAnswer(conversation);
    compacted(conversation, 's');
    continued(conversation, givenAnswer('more'));
    expect(conversation).toEqual(before);
  });

  it('forgets a question that was never answered when another is asked', () => {
    const conversation = asked(asked(said(['a', 'b']), userMessage('failed')), userMessage('c'));
    expect(spoken(conversation)).toEqual(['user: a', 'assistant: b', 'user: c']);
  });

  it.each([
    [0, ['user: a', 'assistant: b', 'user: c', 'assistant: d']],
    [1, ['user: a', 'assistant: b']],
    [2, []],
    [99, []],
    [-1, ['user: a', 'assistant: b', 'user: c', 'assistant: d']],
  ])('goes back by %i turns', (count, left) => {
    expect(spoken(undone(said(['a', 'b'], ['c', 'd']), count))).toEqual(left);
  });

  it('asks the last question again', () => {
    expect(spoken(withoutLastAnswer(said(['a', 'b'], ['c', 'd'])))).toEqual(['user: a', 'assistant: b', 'user: c']);
  });

  it('is cleared but for the system text', () => {
    expect(cleared(withSystem(compacted(said(['a', 'b']), 's'), 'be brief'))).toEqual({
      ...EMPTY_CONVERSATION,
      system: 'be brief',
    });
  });

  it('is replaced by its summary, but for the turns that are kept', () => {
    const conversation = withSystem(said(['a', 'b'], ['c', 'd'], ['e', 'f']), 'be brief');
    expect(spoken(compacted(conversation, 'A and C.', 1))).toEqual([
      'system: be brief\n\nSummary of the conversation so far:\nA and C.',
      'user: e',
      'assistant: f',
    ]);
    expect(compacted(conversation, 's').turns).toEqual([]);
  });

  it('asks for a summary behind all that it is to be of', () => {
    const messages = summaryMessages(said(['a', 'b'], ['c', 'd']), 1);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages.at(-1)?.content).toMatch(/^Summarise/);
  });

  it('never has two messages of the user in a row', () => {
    const stopped = answered(asked(said(['a', 'b']), { ...userMessage('c'), images: [image('1')] }), givenAnswer(''));
    const conversation = asked(stopped, { ...userMessage('d'), images: [image('2')] });
    expect(messagesOf(conversation).slice(2)).toEqual([{ role: 'user', content: 'c\n\nd', images: ['1', '2'] }]);
  });

  it('counts what was generated', () => {
    const conversation = [5, undefined, 7].reduce<Conversation>(
      (all, tokens) => answered(asked(all, userMessage('q')), givenAnswer('a', { completionTokens: tokens })),
      EMPTY_CONVERSATION,
    );
    expect(completionTokens(conversation)).toBe(12);
  });
});

describe('an answer that goes on', () => {
  it('is the last message, where an engine takes it up', () => {
    expect(continuationMessages(said(['a', 'b']), 'prefill').at(-1)).toEqual({ role: 'assistant', content: 'b' });
  });

  it('is asked for in words where none does', () => {
    const messages = continuationMessages(said(['a', 'b']), 'ask');
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages.at(-1)?.content).toMatch(/Go on exactly where it ended/);
  });

  it.each(['prefill', 'ask'] as const)('is asked for anew where there is no text of it (%s)', (way) => {
    const stopped = answered(asked(EMPTY_CONVERSATION, userMessage('a')), givenAnswer(' \n', { reasoning: 'hm' }));
    expect(continuationMessages(stopped, way)).toEqual([{ role: 'user', content: 'a' }]);
  });

  it('has the new text behind the old, and the tokens of both', () => {
    const before = said(['a', 'one ']);
    const first = answered(before, givenAnswer('one ', { completionTokens: 3, promptTokens: 10, reason: 'stopped' }));
    const both = lastAnswer(continued(first, givenAnswer('two', { completionTokens: 4, promptTokens: 13 })));
    expect(both).toMatchObject({
      text: 'one two',
      reason: 'stop',
      usage: { promptTokens: 13, completionTokens: 4 },
      stats: { completionTokens: 7 },
    });
  });
});

function image(base64: string) {
  return { name: `${base64}.png`, mediaType: 'image/png', base64 };
}
