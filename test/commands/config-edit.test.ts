import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { captureOutput } from '@oclif/test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import ConfigCheck from '../../commands/config/check.js';
import ConfigInit from '../../commands/config/init.js';
import ConfigPath from '../../commands/config/path.js';
import ConfigSet from '../../commands/config/set.js';
import { exampleFile } from '../../src/config/example.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gollama-config-'));
  for (const name of Object.keys(process.env)) if (name.startsWith('GOLLAMA_')) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'xdg'));
  mkdirSync(join(folder, 'cwd'));
  vi.spyOn(process, 'cwd').mockReturnValue(join(folder, 'cwd'));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

interface ConfigCommand {
  run(argv: string[], root: string): Promise<unknown>;
}

async function run(command: ConfigCommand, ...argv: string[]) {
  const { stdout, stderr, error } = await captureOutput(() => command.run(argv, ROOT));
  return { stdout, stderr, exitCode: error ? (error.oclif?.exit ?? 'thrown') : 0 };
}

const userFile = () => join(folder, 'xdg', 'gollama', 'gollama.yaml');
const localFile = () => join(folder, 'cwd', 'gollama.yaml');
const textOf = (path: string) => readFileSync(path, 'utf8');

describe('config init', () => {
  test('writes the example for the user alone, where every command finds it', async () => {
    const { stdout, stderr, exitCode } = await run(ConfigInit);
    expect([stdout, exitCode]).toEqual([`${userFile()}\n`, 0]);
    expect(stderr).toContain('gollama doctor');
    expect(textOf(userFile())).toBe(exampleFile());
    expect(statSync(userFile()).mode & 0o777).toBe(0o600);
    expect((await run(ConfigPath)).stdout).toBe(`${userFile()}\n`);
  });

  test('leaves a file that is there, but with --force', async () => {
    writeFileSync(localFile(), 'mine: 1\n', { mode: 0o644 });
    const refused = await run(ConfigInit, '--path', 'gollama.yaml');
    expect([refused.exitCode, textOf(localFile())]).toEqual([1, 'mine: 1\n']);
    expect(refused.stderr).toMatch(/^error: .*gollama\.yaml is there already\n {2}hint: .*config set.*--force\n$/);
    expect((await run(ConfigInit, '--path', 'gollama.yaml', '--force')).exitCode).toBe(0);
    expect(textOf(localFile())).toBe(exampleFile());
  });

  test('puts in what shall answer', async () => {
    const upstreams = ['--upstream', 'http://gpu-box:8000', '--upstream', 'localhost:11434'];
    const { stdout } = await run(ConfigInit, '--json', '--model', './m.gguf', ...upstreams);
    expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, path: userFile(), replaced: false });
    expect(textOf(userFile())).toContain(`
engines: # what answers; none: see fallback
  - kind: llama-server
    name: m
    model_path: ${join(folder, 'cwd', 'm.gguf')}
  - kind: openai
    name: gpu-box:8000
    base_url: http://gpu-box:8000
  - kind: ollama
    name: localhost:11434
    base_url: http://localhost:11434
`);
    expect((await run(ConfigCheck)).stdout).toContain('is valid: 3 engines');
  });

  test('warns of a model file that is not there', async () => {
    writeFileSync(join(folder, 'cwd', 'here.gguf'), 'GGUF');
    const { stderr, exitCode } = await run(ConfigInit, '--model', './here.gguf', '--model', '~/away.gguf');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(new RegExp(`^warning: there is no file ${join(folder, 'away.gguf')}\\nnext: `));
  });

  test('goes where --config says, and fails as a whole where it cannot', async () => {
    expect((await run(ConfigInit, '--config', '~/own.yaml')).stdout).toBe(`${join(folder, 'own.yaml')}\n`);
    expect((await run(ConfigInit, '--path', '/proc/nowhere/x.yaml')).exitCode).toBe(4);
  });
});

describe('config path', () => {
  test('tells the places, and that there is none', async () => {
    const none = await run(ConfigPath);
    expect([none.stdout, none.exitCode]).toEqual(['', 0]);
    expect(none.stderr).toContain(`no configuration file; looked for:\n  ${localFile()}\n`);
    expect(none.stderr).toContain('gollama config init');
  });

  test('tells which of them is used', async () => {
    writeFileSync(localFile(), '');
    await run(ConfigInit);
    const text = await run(ConfigPath);
    expect(text.stdout).toBe(`${localFile()}\n`);
    expect(text.stderr).toContain(`  ${localFile()} (used)\n`);
    expect(text.stderr).toContain(`  ${userFile()} (not used)\n`);
    expect(JSON.parse((await run(ConfigPath, '--json')).stdout)).toMatchObject({
      schemaVersion: 1,
      path: localFile(),
      named: false,
      places: expect.arrayContaining([{ path: userFile(), exists: true }]),
    });
  });

  test('does not look where a file was named', async () => {
    writeFileSync(join(folder, 'own.yaml'), '');
    expect(await run(ConfigPath, '--config', join(folder, 'own.yaml'))).toEqual({
      stdout: `${join(folder, 'own.yaml')}\n`,
      stderr: '',
      exitCode: 0,
    });
  });
});

describe('config set', () => {
  test('changes a key of the file that is used, and keeps the rest', async () => {
    writeFileSync(localFile(), '# mine\nqueue:\n  max_waiting: 1 # few\n', { mode: 0o640 });
    expect(await run(ConfigSet, 'queue.max_waiting', '9')).toEqual({
      stdout: 'gollama.yaml: queue.max_waiting: 9\n',
      stderr: '',
      exitCode: 0,
    });
    expect(textOf(localFile())).toBe('# mine\nqueue:\n  max_waiting: 9 # few\n');
    expect(statSync(localFile()).mode & 0o777).toBe(0o640);
    await run(ConfigSet, '--unset', 'queue.max_waiting');
    expect(textOf(localFile())).toBe('# mine\nqueue: {}\n');
  });

  test('makes a file for the user where there is none', async () => {
    await run(ConfigSet, 'queue.max_waiting', '9');
    expect(textOf(userFile())).toBe('queue:\n  max_waiting: 9\n');
    expect(statSync(userFile()).mode & 0o777).toBe(0o600);
  });

  test('writes nothing where the value does not do', async () => {
    writeFileSync(localFile(), 'queue: {max_waiting: 1}\n');
    const { stdout, stderr, exitCode } = await run(ConfigSet, 'queue.max_waiting', 'lots');
    expect([stdout, exitCode]).toEqual(['', 4]);
    expect(stderr).toMatch(
      /^error: gollama\.yaml:1:22 queue\.max_waiting: got "lots", expected .*\n {2}hint: nothing was written/,
    );
    expect(textOf(localFile())).toBe('queue: {max_waiting: 1}\n');
    expect((await run(ConfigSet, 'frobnicate', '1')).exitCode).toBe(2);
    expect(existsSync(userFile())).toBe(false);
  });

  test.each([
    [['queue.max_waiting'], /a value is missing/],
    [['--unset', 'queue.max_waiting', '1'], /--unset takes no value/],
    [[], /missing argument: key/],
  ])('is told with %j what it needs', async (argv, told) => {
    const { stderr, exitCode } = await run(ConfigSet, ...argv);
    expect([exitCode, told.test(stderr)]).toEqual([2, true]);
  });

  test('does not show a secret again, and tells of a variable that stands before the key', async () => {
    expect((await run(ConfigSet, 'server.api_keys', 'sk-secret')).stdout).not.toContain('sk-secret');
    vi.stubEnv('GOLLAMA_QUEUE_MAX_WAITING', '7');
    const { stdout } = await run(ConfigSet, 'queue.max_waiting', '9', '--json');
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      path: userFile(),
      key: 'queue.max_waiting',
      written: 'queue.max_waiting',
      changed: true,
      overriddenBy: 'GOLLAMA_QUEUE_MAX_WAITING',
      remainingProblems: [],
    });
    expect((await run(ConfigSet, 'queue.max_waiting', '9')).stderr).toContain('$GOLLAMA_QUEUE_MAX_WAITING is set');
  });
});
