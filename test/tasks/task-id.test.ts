import { describe, expect, it } from 'vitest';
import { newTag, parseTaskId, taskId } from '../../src/tasks/task-id.js';

describe('a task id', () => {
  it.each([1, 35, 36, 1_000_000, Number.MAX_SAFE_INTEGER])('gives its number %i and its tag back', (number) => {
    const tag = newTag();
    expect(parseTaskId(taskId(number, tag))).toEqual({ number, tag });
  });

  it('is the number in base 36 and the tag', () => {
    expect(taskId(1295, '0123456789ab')).toBe('zz-0123456789ab');
  });

  it.each([
    '',
    'zz',
    'zz-',
    '-0123456789ab',
    'zz-0123456789a',
    'zz-0123456789abc',
    'ZZ-0123456789ab',
    'zz-0123456789aB',
    // Letters that are easily mistaken are in no tag.
    'zz-0123456789ai',
    'zz-0123456789al',
    'zz-0123456789ao',
    'zz-0123456789au',
    ' zz-0123456789ab',
    'zz-0123456789ab\n',
    'b7e23ec2-9af4-4d0f-8f7e-2c4c0b1a4f10',
    'zzzzzzzzzzz-0123456789ab',
    'zzzzzzzzzzzz-0123456789ab',
  ])('is not %j', (text) => {
    expect(parseTaskId(text)).toBeUndefined();
  });
});

describe('a tag', () => {
  it('has twelve letters out of 32, and no two are alike', () => {
    const tags = Array.from({ length: 2_000 }, newTag);
    for (const tag of tags) expect(tag).toMatch(/^[0-9a-hjkmnp-tv-z]{12}$/);
    expect(new Set(tags).size).toBe(2_000);
    expect(new Set(tags.join('')).size).toBe(32);
  });
});
