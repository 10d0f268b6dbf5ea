import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { parseBatch } from '../../src/cli/batch-file.js';

const CHAT = { type: 'chat', model: 'm', messages: [{ role: 'user', content: 'a, b: c' }], priority: 'high' };
const FULL = { type: 'embed', model: 'm', payload: { input: ['x'] }, priority: -2, max_retries: 0 };
const lines = (...items: unknown[]) => items.map((item) => JSON.stringify(item)).join('\n');
const parse = (text: string, defaults = {}, key = 'run') => parseBatch('tasks', text, defaults, key);

function problemsOf(text: string): string[] {
  try {
    parse(text);
  } catch (thrown) {
    if (thrown instanceof GollamaError && thrown.code === 'usage') return thrown.message.split('\n');
  }
  return [];
}

describe('a batch file', () => {
  it.each([
    ['a JSON list', JSON.stringify([CHAT, FULL], null, 2)],
    ['JSON Lines', lines(CHAT, FULL)],
    [
      'JSON Lines with blank lines, CR LF and a byte order mark',
      `\ufeff${JSON.stringify(CHAT)}\r\n\r\n${JSON.stringify(FULL)}\r\n`,
    ],
  ])('as %s gives its tasks as they are, each with a key', (_form, text) => {
    const tasks = parse(text);
    expect(tasks).toMatchObject([CHAT, FULL]);
    const keys = tasks.map(({ idempotency_key }) => idempotency_key);
    expect(keys[0]).toMatch(/^[0-9a-f]{16}-0-run$/);
    expect(new Set(keys).size).toBe(2);
  });

  it('has the same keys again for the same content and run, and other ones otherwise', () => {
    const key = (text: string, run: string) => parse(text, {}, run)[0]?.idempotency_key;
    expect(key(lines(CHAT), 'a')).toBe(key(lines(CHAT), 'a'));
    expect(key(lines(CHAT), 'a')).not.toBe(key(lines(CHAT), 'b'));
    expect(key(lines(CHAT), 'a')).not.toBe(key(lines(FULL), 'a'));
  });

  it('keeps the keys of its items, and takes an empty one for none', () => {
    const tasks = parse(lines({ ...CHAT, idempotency_key: 'own' }, { ...CHAT, idempotency_key: '' }));
    expect(tasks.map(({ idempotency_key }) => idempotency_key)).toEqual(['own', expect.stringMatching(/-1-run$/)]);
  });

  it('gives items that do not say the model and the priority of the command line', () => {
    const { model: _, priority: __, ...bare } = CHAT;
    const tasks = parse(lines(bare, CHAT), { model: 'other', priority: 1 });
    expect(tasks).toMatchObject([
      { model: 'other', priority: 1 },
      { model: 'm', priority: 'high' },
    ]);
  });

  it('that is a list names every item at fault by its place in it', () => {
    expect(problemsOf(JSON.stringify([CHAT, {}, 3, { ...FULL, priority: 'soon' }]))).toEqual([
      'tasks[1]: task type is required',
      expect.stringMatching(/^tasks\[2\]: .*object/),
      expect.stringMatching(/^tasks\[3\]: .*priority/),
    ]);
  });

  it('of lines names every line at fault', () => {
    expect(problemsOf(`${lines(CHAT)}\n\n{"type":\n${lines({ ...CHAT, model: '' })}`)).toEqual([
      expect.stringMatching(/^tasks:3: .*JSON/),
      'tasks:4: model is required',
    ]);
  });

  it('with many problems names the first ten and counts the rest', () => {
    const problems = problemsOf(lines(...Array.from({ length: 13 }, () => ({}))));
    expect([problems.length, problems.at(-1)]).toEqual([11, 'and 3 more']);
  });

  it.each([
    ['', 'tasks has no tasks'],
    [' \n', 'tasks has no tasks'],
    ['[]', 'tasks has no tasks'],
    ['[{]', expect.stringMatching(/^tasks: .*JSON/)],
  ])('%j is told as what it is', (text, message) => {
    expect(problemsOf(text)).toEqual([message]);
  });
});
