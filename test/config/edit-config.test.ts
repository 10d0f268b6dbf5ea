import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { editConfig } from '../../src/config/edit-config.js';
import { exampleFile } from '../../src/config/example.js';
import { leaves } from '../../src/config/keys.js';
import { loadText } from './load-text.js';

interface Around {
  readonly env?: Record<string, string>;
  readonly name?: string;
}

function edited(
  text: string,
  key: string,
  value: string | undefined,
  { env = {}, name = 'gollama.yaml' }: Around = {},
) {
  const readText = () => Promise.reject(new Error('ENOENT'));
  return editConfig({ env, cwd: '/w', home: '/home/me', name, text, key, value, readText });
}

async function set(text: string, key: string, value: string | undefined, around?: Around): Promise<string> {
  return (await edited(text, key, value, around)).text;
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

describe('a key that stands in the file', () => {
  test.each<[what: string, before: string, key: string, value: string, after: string]>([
    [
      'keeps every blank and comment around it',
      '# top\nqueue:   # mine\n    max_waiting:   7    # few\n\n\n    wait_timeout: 1m\n',
      'queue.max_waiting',
      '9',
      '# top\nqueue:   # mine\n    max_waiting:   9    # few\n\n\n    wait_timeout: 1m\n',
    ],
    ['keeps double quotes', 'logger: {level: "info"} # x\n', 'logger.level', 'warn', 'logger: {level: "warn"} # x\n'],
    ['keeps single quotes', "data_dir: '/a'\n", 'data_dir', "it's", "data_dir: 'it''s'\n"],
    [
      'gets quotes where YAML needs them',
      'server:\n  addr: 127.0.0.1:1\n',
      'server.addr',
      ':8',
      'server:\n  addr: ":8"\n',
    ],
    [
      'is filled where it stood without a value',
      'data_dir: # here\nfallback: none\n',
      'data_dir',
      '/x',
      'data_dir: /x # here\nfallback: none\n',
    ],
    [
      'in an item of a list',
      'engines:\n- kind: simulated\n  slots: 1 # one\n',
      'engines[0].slots',
      '2',
      'engines:\n- kind: simulated\n  slots: 2 # one\n',
    ],
    [
      'may be an item of a list itself',
      'server: {cors_origins: [a, b]}\n',
      'server.cors_origins[1]',
      'c',
      'server: {cors_origins: [a, c]}\n',
    ],
    [
      'may be a list',
      'server:\n  cors_origins: [a] # who\n',
      'server.cors_origins',
      'b, c',
      'server:\n  cors_origins: [b, c] # who\n',
    ],
    ['keeps the line ends of the file', 'a_b: 1\r\ndata_dir: /a\r\n', 'data_dir', '/b', 'a_b: 1\r\ndata_dir: /b\r\n'],
    [
      'may be written with dots alone',
      'engines: [{kind: simulated, slots: 1}]\n',
      'engines.0.slots',
      '2',
      'engines: [{kind: simulated, slots: 2}]\n',
    ],
  ])('%s', async (_what, before, key, value, after) => {
    expect(await set(before, key, value)).toBe(after);
  });
});

describe('a key that is new', () => {
  test.each<[what: string, before: string, key: string, value: string, after: string]>([
    ['makes a file', '', 'queue.max_waiting', '9', 'queue:\n  max_waiting: 9\n'],
    [
      'joins its section, as deep as that',
      'queue:\n    max_waiting: 7 # few\n\n# next\nfallback: none\n',
      'queue.wait_timeout',
      '1m',
      'queue:\n    max_waiting: 7 # few\n    wait_timeout: 1m\n\n# next\nfallback: none\n',
    ],
    [
      'opens its section at the end',
      'fallback: none # x',
      'queue.wait_timeout',
      '1m',
      'fallback: none # x\nqueue:\n  wait_timeout: 1m\n',
    ],
    [
      'fills an empty section',
      'queue: # mine\n  # max_waiting: 1\nfallback: none\n',
      'queue.max_workers',
      '2',
      'queue: # mine\n  max_workers: 2\n  # max_waiting: 1\nfallback: none\n',
    ],
    [
      'joins an item of a list',
      'engines:\n  - kind: simulated\n    name: a\n  - kind: simulated\n',
      'engines[0].slots',
      '2',
      'engines:\n  - kind: simulated\n    name: a\n    slots: 2\n  - kind: simulated\n',
    ],
    [
      'begins the next item of a list',
      'engines:\n- kind: simulated # one\nfallback: none\n',
      'engines[1].kind',
      'simulated',
      'engines:\n- kind: simulated # one\n- kind: simulated\nfallback: none\n',
    ],
    [
      'begins the first item of a list',
      'fallback: none\n',
      'engines[0].kind',
      'simulated',
      'fallback: none\nengines:\n  - kind: simulated\n',
    ],
    [
      'joins a block on one line',
      'engines: [{kind: simulated}] # one\n',
      'engines[0].slots',
      '2',
      'engines: [{kind: simulated, slots: 2}] # one\n',
    ],
    [
      'joins a block on one line, and the rest of the file stays as it is',
      'server: # s\n    addr: ":1"\nqueue: {max_waiting: 1,} # q\n',
      'queue.wait_timeout',
      '5s',
      'server: # s\n    addr: ":1"\nqueue: {max_waiting: 1, wait_timeout: 5s,} # q\n',
    ],
    [
      'fills empty brackets',
      'server: # s\n  insecure: false\nqueue: {} # q\n',
      'queue.max_waiting',
      '2',
      'server: # s\n  insecure: false\nqueue: {max_waiting: 2} # q\n',
    ],
    [
      'joins a list on one line',
      'a: # s\n  b: 1\nserver: {cors_origins: [x]}\n',
      'server.cors_origins[1]',
      'y',
      'a: # s\n  b: 1\nserver: {cors_origins: [x, y]}\n',
    ],
    ['uses line ends of the file', 'fallback: none\r\n', 'data_dir', '/b', 'fallback: none\r\ndata_dir: /b\r\n'],
  ])('%s', async (_what, before, key, value, after) => {
    expect(await set(before, key, value)).toBe(after);
  });

  test('replaces a list of blocks by another', async () => {
    const text = '# a\nengines:\n  - kind: simulated # gone\n\n# b\nfallback: none # c\n';
    const after = await set(text, 'engines', '[{kind: openai, base_url: "http://x"}]');
    expect((await loadText(after)).config.engines).toMatchObject([{ kind: 'openai', baseUrl: 'http://x' }]);
    for (const comment of ['# a', '# b', '# c']) expect(after).toContain(comment);
  });
});

describe('a key that is taken away', () => {
  test.each<[what: string, before: string, key: string, after: string]>([
    [
      'leaves the lines around it',
      '# a\nqueue:\n  max_waiting: 7 # few\n  # b\n  max_workers: 2\n',
      'queue.max_waiting',
      '# a\nqueue:\n  # b\n  max_workers: 2\n',
    ],
    ['takes its block with it', 'queue:\n  max_waiting: 7\n\nfallback: none\n', 'queue', '\nfallback: none\n'],
    ['may be the only one of its section', '# a\nqueue:\n  max_waiting: 7\n', 'queue.max_waiting', '# a\nqueue: {}\n'],
    [
      'may be an item',
      'engines:\n  - kind: simulated\n  - kind: simulated # two\n',
      'engines[0]',
      'engines:\n  - kind: simulated # two\n',
    ],
  ])('%s', async (_what, before, key, after) => {
    expect(await set(before, key, undefined)).toBe(after);
  });

  test('must be there', async () => {
    await expect(set('fallback: none\n', 'queue.max_waiting', undefined)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the spelling of the reference', () => {
  test.each<[key: string, file: string, value: string, line: RegExp]>([
    ['server.addr', 'reference-task-queue-flat.yaml', '127.0.0.1:9', /^listen_addr: "127\.0\.0\.1:9"$/m],
    ['listen_addr', 'reference-task-queue-flat.yaml', '127.0.0.1:9', /^listen_addr: "127\.0\.0\.1:9"$/m],
    ['queue.max_workers', 'reference-task-queue-flat.yaml', '2', /^max_workers: 2$/m],
    ['logger.level', 'reference-task-queue.yaml', 'info', /^logging:\n {2}level: "info"$/m],
    ['logger.level', 'reference-gollama.yaml', 'info', /^ {2}log-level: info$/m],
    ['engines[0].bin', 'reference-gollama.yaml', '/b', /^engine:\n {2}bin: "\/b"$/m],
    ['engine.slots', 'reference-gollama.yaml', '2', /^ {2}slots: 2$/m],
  ])('stays where %s stands in %s', async (key, file, value, line) => {
    const before = fixture(file);
    const after = await set(before, key, value);
    expect(after).toMatch(line);
    expect(Math.abs(after.split('\n').length - before.split('\n').length)).toBeLessThan(2);
    expect(after.split('\n').filter((one) => !before.split('\n').includes(one)).length).toBeLessThan(2);
  });

  test('of a key without effect is not taken', async () => {
    await expect(set('', 'batch_size', '3')).rejects.toMatchObject({ code: 'usage' });
  });

  test('becomes ours where the file has neither', async () => {
    expect(await set('', 'listen_addr', '127.0.0.1:9')).toBe('server:\n  addr: 127.0.0.1:9\n');
  });
});

describe('what cannot be', () => {
  test.each<[what: string, key: string, value: string, code: string, told: RegExp, hint: RegExp]>([
    [
      'a misspelt key',
      'queue.max_wating',
      '1',
      'usage',
      /^unknown key: queue\.max_wating$/,
      /did you mean "queue\.max_waiting"\?/,
    ],
    ['a misspelt section', 'quue.max_waiting', '1', 'usage', /unknown key/, /did you mean "queue\.max_waiting"\?/],
    ['a key without its section', 'max_waiting', '1', 'usage', /unknown key/, /did you mean "queue\.max_waiting"\?/],
    [
      'a misspelt key of an engine',
      'engines[0].slot',
      '1',
      'usage',
      /unknown key/,
      /did you mean "engines\[0\]\.slots"\?/,
    ],
    ['a key of nothing', 'frobnicate', '1', 'usage', /unknown key/, /gollama help config/],
    ['no key at all', 'a b', '1', 'usage', /is no key/, /engines\[0\]\.slots/],
    ['a block as a text', 'queue', '1', 'usage', /queue is a block of keys/, /\{key: value\}/],
    ['a list of blocks as a text', 'engines', 'simulated', 'usage', /engines is a list/, /\[\{kind/],
    [
      'a wrong value',
      'queue.max_waiting',
      'lots',
      'configuration',
      /gollama\.yaml:3:16 queue\.max_waiting: got "lots", expected/,
      /nothing was written/,
    ],
    ['an engine without a kind', 'engines[0].slots', '1', 'configuration', /expected kind:/, /nothing was written/],
    [
      'a second item without a first',
      'engines[3].kind',
      'simulated',
      'usage',
      /engines: the list has no items/,
      /engines\[0\]/,
    ],
  ])('is told: %s', async (_what, key, value, code, told, hint) => {
    await expect(edited('fallback: none\n', key, value)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(told),
      hint: expect.stringMatching(hint),
    });
  });

  test('is told: an item behind the next one', async () => {
    await expect(set('engines: [{kind: simulated}]\n', 'engines[2].kind', 'simulated')).rejects.toMatchObject({
      code: 'usage',
      hint: 'the next one is engines[1]',
    });
  });

  test('is told of the file as such, as config check tells it', async () => {
    await expect(set('a: [\n', 'data_dir', '/x')).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/^gollama\.yaml:\d+:\d+/),
      hint: expect.stringContaining('gollama config check gollama.yaml'),
    });
  });

  test('is told although a variable hides it', async () => {
    const env = { GOLLAMA_QUEUE_MAX_WAITING: '7' };
    await expect(set('', 'queue.max_waiting', 'lots', { env })).rejects.toThrow(/got "lots"/);
    expect((await edited('', 'queue.max_waiting', '8', { env })).override).toBe('GOLLAMA_QUEUE_MAX_WAITING');
  });

  test('does not keep one problem from being mended after the other', async () => {
    const text = 'queue: {max_waiting: lots}\nlogger: {level: loud}\n';
    const after = await edited(text, 'queue.max_waiting', '1');
    expect(after.text).toBe('queue: {max_waiting: 1}\nlogger: {level: loud}\n');
    expect(after.remaining).toEqual([expect.stringContaining('logger.level')]);
  });

  test('leads through a reference to another place', async () => {
    const text = 'x: &a {kind: simulated}\nengines: [*a]\n';
    await expect(set(text, 'engines[0].slots', '1')).rejects.toThrow(/reference to another place/);
  });
});

test('a secret is known for one', async () => {
  expect((await edited('', 'server.api_keys', 'sk-1')).isSecret).toBe(true);
  expect((await edited('', 'data_dir', '/x')).isSecret).toBe(false);
});

test('a JSON file stays one, in its order', async () => {
  const text = '{"server": {"addr": ":1"}, "queue": {}}';
  const after = await set(text, 'queue.max_waiting', '9', { name: 'config.json' });
  expect(JSON.parse(after)).toEqual({ server: { addr: ':1' }, queue: { max_waiting: 9 } });
  expect(Object.keys(JSON.parse(after))).toEqual(['server', 'queue']);
});

test('every key with a default takes its default, in the example file, and no other line changes', async () => {
  const example = exampleFile();
  for (const { path, field } of leaves()) {
    if (!field.kind || typeof field.default !== 'string') continue;
    expect(await set(example, path.join('.'), field.default)).toBe(example);
  }
});
