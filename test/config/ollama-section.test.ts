import { describe, expect, test } from 'vitest';
import { parseOllamaHost } from '../../src/config/ollama-host.js';
import { loadText } from './load-text.js';

describe('the address of an Ollama server', () => {
  test.each([
    ['gpu-box', 'http://gpu-box:11434'],
    ['gpu-box:8000', 'http://gpu-box:8000'],
    ['http://gpu-box:11434', 'http://gpu-box:11434'],
    ['http://gpu-box', 'http://gpu-box'],
    ['https://gpu-box/ollama/', 'https://gpu-box/ollama'],
    ['HTTPS://gpu-box', 'https://gpu-box'],
    ['gpu-box/ollama', 'http://gpu-box:11434/ollama'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['http://0.0.0.0:8000', 'http://127.0.0.1:8000'],
    [':8000', 'http://127.0.0.1:8000'],
    ['10.0.0.7', 'http://10.0.0.7:11434'],
    ['::1', 'http://[::1]:11434'],
    ['[::1]:8000', 'http://[::1]:8000'],
    ['::', 'http://[::1]:11434'],
    ['[::]', 'http://[::1]:11434'],
    ['constructor', 'http://constructor:11434'],
    [' "gpu-box:8000" ', 'http://gpu-box:8000'],
  ])('%s is %s', (text, url) => {
    expect(parseOllamaHost(text)).toBe(url);
    expect(parseOllamaHost(url)).toBe(url);
  });

  test.each([
    '',
    '""',
    'gpu box',
    'ftp://gpu-box',
    'gpu-box:port',
    'gpu-box:99999',
    'unix:///ollama.sock',
    'http://[x]',
  ])('"%s" is refused', (text) => {
    expect(parseOllamaHost(text)).toBeUndefined();
  });
});

async function engines(text: string, rest: Parameters<typeof loadText>[1] = {}) {
  const { config } = await loadText(text, rest);
  return config.engines.map((engine) => ['baseUrl' in engine ? engine.baseUrl : engine.kind, engine.name]);
}

describe('$OLLAMA_HOST', () => {
  const env = { OLLAMA_HOST: '0.0.0.0:9', OLLAMA_TIMEOUT: 'nonsense' };

  test('alone makes no engine, and adds none to others', async () => {
    expect(await engines('', { env })).toEqual([]);
    expect(await engines('engines: [{kind: simulated}]', { env })).toEqual([['simulated', 'simulated']]);
    expect(await engines('engines: [{kind: ollama}]', { env })).toEqual([['http://localhost:11434', 'ollama']]);
    expect(await engines('ollama: {}', { env, flags: { upstream: ['http://h:1'] } })).toEqual([['http://h:1', 'h:1']]);
  });

  test('says where the server of the section "ollama" is, also where the file names another', async () => {
    const OLLAMA_HOST = '0.0.0.0:9';
    expect(await engines('ollama: {}', { env: { OLLAMA_HOST } })).toEqual([['http://127.0.0.1:9', 'ollama']]);
    expect(await engines('ollama_host: gpu-box', { env: { OLLAMA_HOST } })).toEqual([['http://127.0.0.1:9', 'ollama']]);
    expect(await engines('max_workers: 2', { env: { OLLAMA_HOST } })).toEqual([['http://127.0.0.1:9', 'ollama']]);
  });
});

test('$GOLLAMA_OLLAMA_HOST is the same as the key in a file', async () => {
  const env = { GOLLAMA_OLLAMA_HOST: 'gpu-box', OLLAMA_HOST: 'x' };
  expect(await engines('', { env })).toEqual([['http://gpu-box:11434', 'ollama']]);
  expect(await engines('engines: [{kind: simulated}]', { env })).toEqual([
    ['simulated', 'simulated'],
    ['http://gpu-box:11434', 'ollama'],
  ]);
});

describe('--ollama-host', () => {
  test('replaces the engines by one Ollama server, and beats variables and file', async () => {
    const flags = { ollamaHost: 'gpu-box', slots: 2 };
    const env = { OLLAMA_HOST: 'x', GOLLAMA_OLLAMA_HOST: 'y' };
    const { config, origins, warnings } = await loadText('engines: [{kind: simulated}]\nollama: {host: z}\n', {
      env,
      flags,
    });
    expect(config.engines).toMatchObject([
      { kind: 'ollama', name: 'ollama', baseUrl: 'http://gpu-box:11434', slots: 2 },
    ]);
    expect([origins.get('engines[0].base_url'), origins.get('engines[0].slots')]).toEqual([
      'flag --ollama-host',
      'flag --slots',
    ]);
    expect(warnings).toEqual([]);
  });

  test('keeps the timeout of the file or of $OLLAMA_TIMEOUT', async () => {
    const flags = { ollamaHost: 'gpu-box' };
    const { config } = await loadText('ollama: {timeout: 7s}', { flags });
    expect(config.engines).toMatchObject([{ timeoutMs: 7000 }]);
    const { config: other } = await loadText('', { flags, env: { OLLAMA_TIMEOUT: '8s' } });
    expect(other.engines).toMatchObject([{ timeoutMs: 8000 }]);
  });

  test('stands beside --upstream, which alone takes the section "ollama" away', async () => {
    const upstream = ['http://h:1'];
    expect(await engines('', { flags: { upstream, ollamaHost: 'gpu-box' } })).toEqual([
      ['http://h:1', 'h:1'],
      ['http://gpu-box:11434', 'ollama'],
    ]);
    expect(await engines('ollama: {host: z}', { flags: { upstream } })).toEqual([['http://h:1', 'h:1']]);
  });

  test('takes the concurrency of the reference gateway away with its engine', async () => {
    const { config } = await loadText('engine: {}', { flags: { ollamaHost: 'gpu-box' } });
    expect(config.queue.maxConcurrency).toBeUndefined();
  });
});
