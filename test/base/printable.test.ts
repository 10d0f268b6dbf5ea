import { describe, expect, it } from 'vitest';
import { printable, printableLines } from '../../src/base/printable.js';

describe('text of other people', () => {
  it('is one line that steers nothing', () => {
    expect(printable('a\u001b[31mb\n::error::c\u202ed')).toBe('a\ufffd[31mb\ufffd::error::c\ufffdd');
    expect(printable('你好 ü 🙂')).toBe('你好 ü 🙂');
  });

  it('keeps its lines and tabs where it may have some', () => {
    expect(printableLines('a\r\n\tb\u2028c\u0007\rd')).toBe('a\n\tb\ufffdc\ufffd\ufffdd');
  });
});
