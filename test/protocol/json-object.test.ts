import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import { lastItem, memberSpans, parseJsonObject, readMembers, withMembers } from '../../src/protocol/json-object.js';

const set = (json: string, values: Record<string, string>) => withMembers(Buffer.from(json), values).toString();

describe('withMembers', () => {
  it.each([
    ['an absent key is added in front', '{"a":1}', '{"x":true,"a":1}'],
    ['an empty object gets no comma', ' { } ', ' {"x":true } '],
    ['a value is replaced where it stands', '{ "a": 1, "x" : false , "b":2}', '{ "a": 1, "x" : true , "b":2}'],
    ['every occurrence of a repeated key is set', '{"x":false,"a":1,"x":null}', '{"x":true,"a":1,"x":true}'],
    ['an escaped key is the same key', '{"\\u0078":false}', '{"\\u0078":true}'],
    ['an object value is replaced whole', '{"x":{"x":[1,{"y":"}"}]},"a":0}', '{"x":true,"a":0}'],
    ['the last member is replaced', '{"a":0,"x":[1,2]}', '{"a":0,"x":true}'],
    ['a nested key of that name stays', '{"a":{"x":false},"b":[{"x":1}]}', '{"x":true,"a":{"x":false},"b":[{"x":1}]}'],
    [
      'a text with that key in it stays',
      '{"a":"\\"x\\":false, \\\\","b":"}"}',
      '{"x":true,"a":"\\"x\\":false, \\\\","b":"}"}',
    ],
    [
      'numbers stay as written',
      '{"seed":12345678901234567890,"t":1.0e0}',
      '{"x":true,"seed":12345678901234567890,"t":1.0e0}',
    ],
    ['text beyond ASCII stays', '{"a":"日本🙂"}', '{"x":true,"a":"日本🙂"}'],
  ])('%s', (_, json, expected) => {
    expect(set(json, { x: 'true' })).toBe(expected);
  });

  it('sets several members at once', () => {
    expect(set('{"b":0,"c":1}', { a: '1', b: '2', d: '"3"' })).toBe('{"a":1,"d":"3","b":2,"c":1}');
  });

  it('keeps bytes that are not UTF-8', () => {
    const json = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect(withMembers(json, { x: '1' }).subarray(7)).toEqual(json.subarray(1));
  });

  it.each([
    '',
    '[]',
    '{',
    '{,}',
    '{,"a":1}',
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{"a" 1}',
    '{"a":1}}',
    '{"a":1} x',
    '\ufeff{}',
  ])('leaves %j alone, which is no object', (json) => {
    expect(set(json, { x: 'true' })).toBe(json);
  });

  it('leaves every other member alone, whatever the object looks like', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const value = (depth: number): unknown => {
      const kind = depth > 3 ? Math.floor(random() * 3) : Math.floor(random() * 5);
      if (kind === 0) return pick([0, -1.5, 1e21, true, false, null]);
      if (kind < 3) return Array.from({ length: 6 }, () => pick(['"', '\\', ',', '{', ']', 'é', ' ', '\n'])).join('');
      if (kind === 3) return Array.from({ length: 3 }, () => value(depth + 1));
      return object(depth + 1);
    };
    const object = (depth: number): Record<string, unknown> =>
      Object.fromEntries(
        Array.from({ length: Math.floor(random() * 5) }, () => [pick(['x', 'y"', 'z\\', '{']), value(depth)]),
      );
    for (let round = 0; round < 500; round++) {
      const before = object(0);
      const json = Buffer.from(JSON.stringify(before, null, pick(['', ' ', '\t'])));
      const after = JSON.parse(withMembers(json, { x: '"set"' }).toString());
      expect(after, `seed ${seed}`).toEqual({ ...before, x: 'set' });
      expect(memberSpans(json)?.map((span) => JSON.parse(json.toString('utf8', span.start, span.end)))).toEqual(
        Object.values(before),
      );
    }
  });
});

describe('parseJsonObject', () => {
  it.each(['', '[]', 'null', '"a"', '{"a":}', '{} x'])('finds no object in %j', (json) => {
    expect(parseJsonObject(Buffer.from(json))).toBeUndefined();
  });
});

describe('readMembers', () => {
  const read = (json: string, ...keys: string[]) => readMembers(Buffer.from(json), keys);

  it('has the values of these members, as JSON.parse has them', () => {
    expect(read('{"a":1,"b":{"a":2},"\\u0063":null,"a":[3]}', 'a', 'c', 'd')).toEqual({ a: [3], c: null });
  });

  it('has nothing where a value is not well-formed', () => {
    expect(read('{"a":tru}', 'a')).toBeUndefined();
    expect(read('{"a":tru}', 'b')).toEqual({});
  });

  it('refuses a value that is longer than any that is meant', () => {
    expect(() => read(`{"a":"${'x'.repeat(70_000)}"}`, 'a')).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param: 'a' }),
    );
  });
});

describe('lastItem', () => {
  it.each([
    ['[1,[2],{"a":[3,4]}]', '{"a":[3,4]}'],
    ['["a,]"]', '"a,]"'],
    ['[]', ''],
    ['{"a":[1]}', undefined],
  ])('of %s is %s', (list, item) => {
    const json = Buffer.from(`{"x":${list},"y":[9]}`);
    const span = memberSpans(json, ['x'])?.[0];
    expect(span && lastItem(json, span)?.toString()).toBe(item);
  });
});
