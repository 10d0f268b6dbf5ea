import { describe, expect, it } from 'vitest';
import { readJson } from '../../src/gateway/json-body.js';

const read = (text: string) => readJson(Buffer.from(text));

describe('a body', () => {
  it('is read as JSON.parse reads it', () => {
    for (const text of ['1', '"\\\\"', '{"a\\"[":[{"b":"]}"}]}', ' [] ', '"\\\\\\""', 'null']) {
      expect(read(text)).toEqual(JSON.parse(text));
    }
  });

  it('may be nested a hundred levels deep, in all its parts', () => {
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`;
    expect(() => read(deep)).not.toThrow();
    expect(() => read(`[${deep}]`)).toThrow('nested more than 100 levels');
    expect(() => read(`[${Array(1_000).fill('[{}]').join()}]`)).not.toThrow();
    expect(() => read(`"${'['.repeat(200)}"`)).not.toThrow();
  });

  it.each(['{bad', '"', '"\\"', '[', 'tru'])('that is no JSON is refused: %s', (text) => {
    expect(() => read(text)).toThrow(/^the body is not valid JSON: /);
  });

  it('that is empty has reached its end', () => {
    expect(() => read('')).toThrow(/^EOF$/);
    expect(() => readJson(undefined)).toThrow(/^EOF$/);
  });
});
