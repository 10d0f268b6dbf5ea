import { describe, expect, it } from 'vitest';
import { AnswerTail } from '../../src/gateway/answer-tail.js';

describe('the tail of an answer', () => {
  it('is all of a short answer', () => {
    const tail = new AnswerTail();
    expect(tail.bytes()).toHaveLength(0);
    for (const part of ['one ', 'two ', 'three']) tail.add(Buffer.from(part));
    expect(tail.bytes().toString()).toBe('one two three');
  });

  it('is at least the last 4 KiB of a long one, and not much more', () => {
    const tail = new AnswerTail();
    const parts = Array.from({ length: 1000 }, (_, at) => Buffer.from(`${at} `.padEnd(100, 'x')));
    for (const part of parts) tail.add(part);
    const whole = Buffer.concat(parts);
    const { length } = tail.bytes();
    expect(length).toBeGreaterThanOrEqual(4096);
    expect(length).toBeLessThan(4096 + 100);
    expect(tail.bytes().equals(whole.subarray(-length))).toBe(true);
  });

  it('keeps one large piece whole', () => {
    const tail = new AnswerTail();
    tail.add(Buffer.from('small'));
    tail.add(Buffer.alloc(100_000, 'x'));
    expect(tail.bytes()).toHaveLength(100_000);
  });
});
