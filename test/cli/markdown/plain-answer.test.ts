import { describe, expect, it } from 'vitest';
import { PlainAnswer } from '../../../src/cli/markdown/plain-answer.js';

function written(chunks: readonly string[], isTerminal: boolean): string {
  let text = '';
  const answer = new PlainAnswer((piece) => (text += piece), { isTerminal });
  for (const chunk of chunks) answer.write(chunk);
  answer.resize();
  answer.end();
  return text;
}

describe('a plain answer', () => {
  it('is the text, with the end of its last line', () => {
    expect(written(['**a', '**\n', 'b'], true)).toBe('**a**\nb\n');
    expect(written(['a\n'], true)).toBe('a\n');
    expect(written([''], true)).toBe('');
  });

  it('keeps every character for a file', () => {
    expect(written(['a\u001b[2J\r', '\nb\n'], false)).toBe('a\u001b[2J\r\nb\n');
  });

  it('does not steer a terminal, however it was cut', () => {
    expect(written(['a\u001b', '[2J\r', '\nb\r'], true)).toBe('a\ufffd[2J\nb\ufffd\n');
  });

  it('writes no half of a character', () => {
    const [high, low] = '👍'.split('');
    const pieces: string[] = [];
    const answer = new PlainAnswer((piece) => pieces.push(piece), { isTerminal: true });
    answer.write(`a${high}`);
    answer.write(`${low}b`);
    expect(pieces).toEqual(['a', '👍b']);
  });
});
