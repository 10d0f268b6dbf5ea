import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/base/errors.js';
import { unknownSubject } from '../../src/cli/help.js';
import { keyGroups } from '../../src/cli/help-config.js';
import { variableGroups } from '../../src/cli/help-environment.js';
import { exitCodes } from '../../src/cli/help-exit-codes.js';
import { HELP_TOPICS } from '../../src/cli/help-topics.js';
import { leaves } from '../../src/config/keys.js';
import { filesIn } from '../support/source-file.js';

const COMMANDS = [
  {
    id: 'status',
    flags: { server: { env: 'GOLLAMA_URL', description: 'the server', helpGroup: 'GLOBAL' }, watch: {} },
  },
  { id: 'submit:chat', flags: { server: { env: 'GOLLAMA_URL' }, model: { env: 'MY_MODEL', description: 'which' } } },
];
const SOURCE = { commands: COMMANDS, width: 80, places: ['/w/gollama.yaml'] };
const names = () => variableGroups(COMMANDS).flatMap(({ variables }) => variables.map(({ name }) => name));

describe('the exit codes', () => {
  test('have a line for every one that an error has', () => {
    const known = new Set(exitCodes().map(({ exitCode }) => exitCode));
    for (const { exitCode } of Object.values(ERROR_CODES)) expect(known).toContain(exitCode);
    expect(
      exitCodes()
        .flatMap(({ errors }) => errors)
        .sort(),
    ).toEqual(Object.keys(ERROR_CODES).sort());
  });

  test('are the same in the README', () => {
    const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| (\d+) +\| (.+?) +\|$/gm)].map(([, code, meaning]) => [
      Number(code),
      meaning?.replaceAll('`', ''),
    ]);
    expect(rows).toEqual(exitCodes().map(({ exitCode, meaning }) => [exitCode, meaning]));
  });
});

describe('the variables', () => {
  test('are those of the flags, told once and with their command, of every key, and some more', () => {
    const [flags] = variableGroups(COMMANDS);
    expect(flags?.variables).toEqual([
      { name: 'GOLLAMA_URL', meaning: '--server: the server' },
      { name: 'MY_MODEL', meaning: '--model of submit chat: which' },
    ]);
    for (const { env } of leaves()) if (env) expect(names()).toContain(env);
    expect(names()).toEqual(
      expect.arrayContaining(['QUEUE_MAX_WORKERS', 'GOLLAMA_API_KEY', 'OLLAMA_HOST', 'NO_COLOR']),
    );
    expect(new Set(names()).size).toBe(names().length);
  });

  test('are all that the program reads by name', () => {
    // Those by which other programs tell where they run; LLAMA_API_KEY is the engine's own.
    const elsewhere = [
      'GOLLAMA_CONFIG',
      'LLAMA_API_KEY',
      'SSH_CONNECTION',
      'SSH_TTY',
      'WAYLAND_DISPLAY',
      'DISPLAY',
      'WSL_DISTRO_NAME',
      'TMUX',
      'STY',
      'COLUMNS',
      'LINES',
      'SHELL',
      'HOME',
    ];
    const read = filesIn(['src', 'commands'], ['.ts']).flatMap(({ text }) =>
      [...text.matchAll(/\benv\.([A-Z][A-Z0-9_]+)\b/g)].map(([, name]) => name),
    );
    expect(read.length).toBeGreaterThan(5);
    expect(
      [...new Set(read)].filter((name) => !names().includes(name ?? '') && !elsewhere.includes(name ?? '')),
    ).toEqual([]);
  });
});

test('the keys are all of the schema, also those of every kind of engine', () => {
  const keys = keyGroups().flatMap((group) => group.keys);
  for (const { path } of leaves()) expect(keys.map(({ key }) => key)).toContain(path.join('.'));
  expect(keys).toContainEqual({ key: 'queue.max_waiting', default: '1024', help: expect.any(String), kind: null });
  expect(keys).toContainEqual({ key: 'engines[].ttft', default: '700ms', help: expect.any(String), kind: 'simulated' });
  expect(keys).toContainEqual({
    key: 'server.api_keys[].key_env',
    default: null,
    help: expect.any(String),
    kind: null,
  });
});

describe('a page', () => {
  test.each(Object.keys(HELP_TOPICS))('on %s fits the terminal, and is there as data too', async (name) => {
    const lines = await HELP_TOPICS[name]?.lines(SOURCE);
    expect(lines?.length).toBeGreaterThan(10);
    for (const line of lines ?? []) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(JSON.parse(JSON.stringify(await HELP_TOPICS[name]?.data(SOURCE)))).toBeTypeOf('object');
  });
});

describe('words that there is no help on', () => {
  const known = ['config', 'config set', 'status'];

  test.each([[[]], [['status']], [['config', 'set']], [['config', 'whatever']]])('are not %j', (words) => {
    expect(unknownSubject(words, known)).toBeUndefined();
  });

  test.each([
    ['statsu', 'did you mean "gollama help status"?'],
    ['exit-code', 'did you mean "gollama help exit-codes"?'],
    ['frobnicate', 'see: gollama help'],
  ])('bring the likely ones to mind: %s', (word, hint) => {
    expect(unknownSubject([word], known)).toMatchObject({ code: 'usage', hint, exitCode: 2 });
  });
});
