import { describe, expect, it } from 'vitest';
import { answered, asked, userMessage, withSystem } from '../../src/chat/conversation.js';
import { newSession, parseSession, type Session, sessionText, shortened, titleOf } from '../../src/chat/session.js';
import { givenAnswer } from './given-answer.js';

function whole(): Session {
  const session = newSession('s-7k2', 'qwen', 1_700_000_000_000);
  const question = {
    text: 'what is it?',
    files: [{ name: 'a.txt', text: 'one' }],
    images: [{ name: 'p.png', mediaType: 'image/png', base64: 'iVBO' }],
  };
  const answer = givenAnswer('你好', { reasoning: 'hm', promptTokens: 7, completionTokens: 3, reason: 'stopped' });
  const conversation = asked(
    answered(asked(withSystem(session.conversation, 'be brief'), question), answer),
    userMessage('more'),
  );
  return {
    ...session,
    title: 'a thing',
    revision: 3,
    options: { temperature: 0.2, stop: ['x'] },
    think: 'low',
    conversation,
  };
}

describe('a session', () => {
  it('is read as it was written', () => {
    expect(parseSession(sessionText(whole()))).toEqual(whole());
  });

  it('keeps only options that can be set', () => {
    const text = JSON.stringify({ version: 1, ...whole(), options: { temperature: 'x', stop: ['y'], nonsense: 1 } });
    expect(parseSession(text).options).toEqual({ stop: ['y'] });
  });

  it.each([
    ['', 'it is empty'],
    ['{"version":1', 'it is not JSON'],
    ['[]', 'it is no object'],
    ['{"version":2,"id":"s-7k2"}', 'it is of version 2, not 1'],
    ['{"version":1,"id":"../x"}', 'it has no id'],
    ['{"version":1,"id":"s-7k2"}', 'its conversation is no object'],
    ['{"version":1,"id":"s-7k2","conversation":{}}', 'it has no turns'],
    ['{"version":1,"id":"s-7k2","conversation":{"turns":[7]}}', 'turn 1 is no object'],
    ['{"version":1,"id":"s-7k2","conversation":{"turns":[{}]}}', 'the question of turn 1 is no object'],
  ])('is not read from %s', (text, problem) => {
    expect(() => parseSession(text)).toThrow(problem);
  });

  it('is called after its first question', () => {
    const { conversation } = newSession('s-7k2', 'm', 0);
    const ask = (text: string) => titleOf({ title: '', conversation: asked(conversation, userMessage(text)) });
    expect(ask('\n  explain\tfsync \nin one paragraph')).toBe('explain fsync');
    expect(titleOf({ title: '', conversation })).toBe('');
    expect(titleOf({ title: 'mine', conversation })).toBe('mine');
    expect(ask('é'.repeat(70))).toBe(`${'é'.repeat(59)}…`);
  });

  it('has a title that is cut between characters', () => {
    expect(shortened('😀'.repeat(61))).toBe(`${'😀'.repeat(59)}…`);
  });
});
