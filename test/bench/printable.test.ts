import { expect, it } from 'vitest';
import { printable } from '../../bench/printable.js';

it('text of a server is one line that steers nothing', () => {
  expect(printable('a\u001b[31mb\n::error::c\u202ed')).toBe('a\ufffd[31mb\ufffd::error::c\ufffdd');
  expect(printable('你好 ü 🙂')).toBe('你好 ü 🙂');
  expect(printable('x'.repeat(1_000)).length).toBe(400);
});
