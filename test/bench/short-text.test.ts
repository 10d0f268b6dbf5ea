import { expect, it } from 'vitest';
import { shortText } from '../../bench/short-text.js';

it('text of a server is short, and steers nothing', () => {
  expect(shortText('x'.repeat(1_000))).toHaveLength(400);
  expect(shortText('a\u001b[31mb\n::error::c')).toBe('a\ufffd[31mb\ufffd::error::c');
});
