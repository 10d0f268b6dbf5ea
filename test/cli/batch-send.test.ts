import { describe, expect, it } from 'vitest';
import { chunksOf } from '../../src/cli/batch-send.js';

describe('many tasks', () => {
  it('are sent 500 at a time, in order', () => {
    const tasks = Array.from({ length: 1_201 }, (_, index) => ({ index }));
    const chunks = [...chunksOf(tasks)];
    expect(chunks.map(({ length }) => length)).toEqual([500, 500, 201]);
    expect(chunks.flat()).toEqual(tasks);
  });

  it('that are large are sent in chunks of 4 MiB, a larger one alone', () => {
    const large = (mebibytes: number) => ({ text: 'x'.repeat(mebibytes * 1024 * 1024) });
    const chunks = [...chunksOf([large(1), large(2), large(2), large(9), large(1)])];
    expect(chunks.map(({ length }) => length)).toEqual([2, 1, 1, 1]);
  });

  it('that are none are no chunk', () => {
    expect([...chunksOf([])]).toEqual([]);
  });
});
