import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LoadOptions } from '../../src/config/load.js';
import { configuredServerUrl, reachableUrl } from '../../src/config/server-address.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gollama-address-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function url(options: Partial<LoadOptions> = {}): Promise<string | undefined> {
  return configuredServerUrl({ env: {}, cwd: join(folder, 'cwd'), home: join(folder, 'home'), ...options });
}

test.each([
  [':9', 'http://127.0.0.1:9'],
  ['0.0.0.0:9', 'http://127.0.0.1:9'],
  ['[::]:9', 'http://[::1]:9'],
  ['[fe80::1]:9', 'http://[fe80::1]:9'],
  ['box:9', 'http://box:9'],
  ['127.0.0.1:0', undefined],
  ['nonsense', undefined],
])('a server that listens on %s is reached at %s', (addr, expected) => {
  expect(reachableUrl(addr)).toBe(expected);
});

describe('the address of the server', () => {
  test.each([
    ['cwd/gollama.yaml', 'server: {addr: ":9"}\n'],
    ['home/.config/gollama/gollama.yaml', 'server:\n  addr: ":9"\n'],
    ['cwd/config.yml', 'listen_addr: 127.0.0.1:9\n'],
    ['cwd/config.json', '{"listen_addr": "127.0.0.1:9"}'],
    ['home/.ollama-queue/config.yaml', 'listen_addr: 127.0.0.1:9\n'],
  ])('stands in %s', async (name, text) => {
    write(name, text);
    expect(await url()).toBe('http://127.0.0.1:9');
  });

  test('is that of the variable before that of the file', async () => {
    write('cwd/gollama.yaml', 'server: {addr: ":9"}\n');
    expect(await url({ env: { GOLLAMA_SERVER_ADDR: ':7' } })).toBe('http://127.0.0.1:7');
  });

  test('is not known where there is no file, or none that says it', async () => {
    expect(await url()).toBeUndefined();
    write('cwd/gollama.yaml', 'queue: {max_waiting: 1}\n');
    expect(await url()).toBeUndefined();
  });

  test.each(['a: [', '- 1\n', 'server: 7\n'])('is not known where a file that only lies there is %j', async (text) => {
    write('cwd/config.yaml', text);
    expect(await url()).toBeUndefined();
  });

  test('has to be readable where the file was named', async () => {
    const path = write('broken.yaml', 'a: [');
    await expect(url({ path })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/:1:\d+/),
    });
    await expect(url({ env: { GOLLAMA_CONFIG: '/none' } })).rejects.toMatchObject({ code: 'configuration' });
  });
});
