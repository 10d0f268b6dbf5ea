import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toGollamaError } from '../../src/base/errors.js';
import { type LoadOptions, loadConfig, realSurroundings } from '../../src/config/load.js';
import { searchOrder } from '../../src/config/search-order.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gollama-load-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes `folder/name` with a queue length by which it is told apart. */
function write(name: string, maxWaiting: number): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `queue: {max_waiting: ${maxWaiting}}\n`);
  return path;
}

function load(options: Partial<LoadOptions> = {}) {
  return loadConfig({ env: {}, cwd: join(folder, 'cwd'), home: join(folder, 'home'), ...options });
}

async function failure(options: Partial<LoadOptions>) {
  return toGollamaError(await load(options).catch((thrown: unknown) => thrown));
}

describe('the file', () => {
  test('is the first that exists of flag, variable, ./gollama.yaml, ./config.yaml and the user folders', async () => {
    const found = async (options: Partial<LoadOptions> = {}) => (await load(options)).config.queue.maxWaiting;
    expect(await found()).toBe(1024);
    for (const [index, extension] of ['json', 'yml', 'yaml'].entries()) {
      write(`home/.ollama-queue/config.${extension}`, 10 + index);
      expect(await found()).toBe(10 + index);
    }
    write('home/.config/gollama/gollama.yaml', 1);
    expect(await found()).toBe(1);
    write('xdg/gollama/gollama.yaml', 2);
    expect(await found({ env: { XDG_CONFIG_HOME: join(folder, 'xdg') } })).toBe(2);
    write('cwd/config.yaml', 3);
    expect(await found()).toBe(3);
    write('cwd/gollama.yaml', 4);
    expect(await found()).toBe(4);
    const env = { GOLLAMA_CONFIG: write('env.yaml', 5) };
    expect(await found({ env })).toBe(5);
    write('cwd/flag.yaml', 6);
    expect(await found({ env, path: 'flag.yaml' })).toBe(6);
    write('home/own.yaml', 7);
    expect(await found({ path: '~/own.yaml' })).toBe(7);
  });

  test('is reported by its absolute path, and called by its short name in messages', async () => {
    const path = write('cwd/gollama.yaml', -1);
    expect((await failure({})).message).toMatch(/^gollama.yaml:1:22 queue.max_waiting: got "-1"/);
    write('cwd/gollama.yaml', 1);
    expect((await load()).path).toBe(path);
  });

  test.each([
    [{ path: 'none.yaml' }, 'configuration file none.yaml does not exist', '--config'],
    [{ env: { GOLLAMA_CONFIG: '/none/x.yaml' } }, 'configuration file /none/x.yaml does not exist', '$GOLLAMA_CONFIG'],
    [{ path: '/' }, 'cannot read the configuration file /: EISDIR', '--config'],
  ])('that was named by %j must be readable', async (options, message, hint) => {
    const error = await failure(options);
    expect(error.code).toBe('configuration');
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  test('of another program that is called config.json as well is not ours', async () => {
    mkdirSync(join(folder, 'cwd'));
    writeFileSync(join(folder, 'cwd/config.json'), '{"architectures": ["Qwen3ForCausalLM"], "hidden_size": 1024}');
    expect(await load()).toMatchObject({ path: undefined, warnings: [] });
    const path = write('cwd/config.json', 8);
    expect(await load()).toMatchObject({ path, config: { queue: { maxWaiting: 8 } } });
  });

  test('that only lies in the way but cannot be read is an error, not skipped', async () => {
    mkdirSync(join(folder, 'cwd/gollama.yaml'), { recursive: true });
    expect((await failure({})).message).toContain('cannot read the configuration file gollama.yaml');
  });
});

test('the real surroundings are those of this process', () => {
  expect(realSurroundings()).toMatchObject({ env: process.env, cwd: process.cwd() });
});

test('the last places where a file is looked for are those of the reference task queue', () => {
  expect(searchOrder({ env: {}, cwd: '/w', home: '/home/me' })).toEqual([
    '/w/gollama.yaml',
    '/w/config.yaml',
    '/home/me/.config/gollama/gollama.yaml',
    '/w/config.yml',
    '/w/config.json',
    '/home/me/.ollama-queue/config.yaml',
    '/home/me/.ollama-queue/config.yml',
    '/home/me/.ollama-queue/config.json',
    '/etc/ollama-queue/config.yaml',
    '/etc/ollama-queue/config.yml',
    '/etc/ollama-queue/config.json',
  ]);
});
