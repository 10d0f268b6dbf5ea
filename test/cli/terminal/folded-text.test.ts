import { describe, expect, it } from 'vitest';
import { FoldedText } from '../../../src/cli/terminal/folded-text.js';

describe('a pasted text', () => {
  it('that is short stands there as it is', () => {
    const folded = new FoldedText();
    expect(folded.fold('a\nb')).toBe('a\nb');
    expect(folded.label('a')).toBeUndefined();
  });

  it('that is long is one character with a label, and comes back whole', () => {
    const folded = new FoldedText();
    const long = 'line\n'.repeat(3_000);
    const line = `see ${folded.fold(long)} and ${folded.fold('x'.repeat(2_001), true)}`;
    expect(line.length).toBeLessThan(20);
    expect(folded.label([...line][4]!)).toBe('[1: 15,000 characters, 3,001 lines]');
    expect(folded.label([...line].at(-1)!)).toBe('[2: 2,001 characters, cut off here]');
    expect(folded.unfold(line)).toBe(`see ${long} and ${'x'.repeat(2_001)}`);
  });

  it('that has such characters itself keeps them', () => {
    const folded = new FoldedText();
    const odd = 'a\u{10ff00}b\u{10fffd}';
    expect(folded.unfold(`1${folded.fold(odd)}2`)).toBe(`1${odd}2`);
  });

  it('stands there as it is where there are too many', () => {
    const folded = new FoldedText();
    const long = 'x'.repeat(2_001);
    for (let count = 0; count < 254; count++) folded.fold(long);
    expect(folded.fold(long)).toBe(long);
  });
});
