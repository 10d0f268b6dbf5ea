import { describe, expect, it } from 'vitest';
import { AnswerText } from '../../src/cli/answer-text.js';
import type { TaskStreamEvent } from '../../src/client/task-stream.js';

/** `|` between tokens; a token `!` is a restart, `.` the end. What is printed, `#` where it begins anew. */
function printed(answer: string): string {
  const reader = new AnswerText();
  const events = answer.split('|').map((word): TaskStreamEvent => {
    if (word === '!') return { type: 'restart', attempt: 1, id: '' };
    if (word === '.') return { type: 'done', status: 'completed', usage: undefined, id: '' };
    return { type: 'token', text: word, id: '' };
  });
  return events
    .map((event) => reader.read(event))
    .map(({ text, isAnew }) => (isAnew ? `#${text}` : text))
    .join('');
}

describe('an answer that is printed while it comes', () => {
  it.each([
    ['one| two|.', 'one two', 'is printed as it comes'],
    ['one| t|!|on|e| two| three|.', 'one two three', 'goes on where the new attempt repeats what was printed'],
    ['one|!|one|.', 'one', 'is not printed twice where the new attempt is the same'],
    ['one| two|!|one| three|.', 'one two#one three', 'is printed whole again where the new attempt goes another way'],
    ['one| two|!|one|.', 'one two#one', 'is printed whole again where the new attempt ends sooner'],
    ['one|!|uno|!|uno| dos|.', 'one#uno dos', 'is compared with what was printed last'],
    ['!|one|.', 'one', 'is printed where nothing was printed before the restart'],
  ])('%s -> %s: %s', (answer, expected) => {
    expect(printed(answer)).toBe(expected);
  });

  it('leaves out what is no answer', () => {
    const reader = new AnswerText();
    expect(reader.read({ type: 'reasoning', text: 'hm', id: '' }).text).toBe('');
    expect(reader.read({ type: 'state', status: 'running', id: '' }).text).toBe('');
  });
});
