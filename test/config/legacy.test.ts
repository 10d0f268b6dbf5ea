import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadText, problemsOf } from './load-text.js';

const REFERENCE = readFileSync(new URL('../fixtures/reference-gollama.yaml', import.meta.url), 'utf8');

describe('a file of the reference gateway', () => {
  test('loads unchanged, with every key at work and without a warning', async () => {
    const { config, warnings, origins } = await loadText(REFERENCE);
    expect(warnings).toEqual([]);
    expect(config.server.addr).toBe(':8081');
    expect(config.queue).toMatchObject({ maxConcurrency: 2, waitTimeoutMs: 60_000 });
    expect(config.logger).toEqual({ level: 'debug', file: './server.log', maxSizeMb: 100, maxAgeDays: 7 });
    expect(config.engines).toMatchObject([
      {
        kind: 'llama-server',
        name: 'engine',
        bin: './bin/llama-server',
        args: [
          '-m',
          '/home/me/Models/qwen2.5-7b-instruct-q4_k_m.gguf',
          '-c',
          '4096',
          '--host',
          '127.0.0.1',
          '--port',
          '8080',
        ],
        baseUrl: 'http://127.0.0.1:8080',
        readyPattern: 'listening|ready|server is running',
        startTimeoutMs: 30_000,
        stopTimeoutMs: 10_000,
        restartBackoffMs: 2000,
      },
    ]);
    expect(origins.get('engines[0].start_timeout')).toBe('file');
  });

  test.each(['engine: {}', 'engine:'])('"%s" means the engine that the reference starts by default', async (text) => {
    const { config } = await loadText(text);
    expect(config.queue.maxConcurrency).toBe(1);
    expect(config.engines).toMatchObject([
      { kind: 'llama-server', name: 'engine', bin: './bin/llama-server', args: [], baseUrl: 'http://127.0.0.1:8080' },
    ]);
  });

  test('may spell logger keys with underscores, and ours win over both', async () => {
    expect((await loadText('logger: {log_path: a, log_level: warn, max_size: 1, max_age: 2}')).config.logger).toEqual({
      level: 'warn',
      file: 'a',
      maxSizeMb: 1,
      maxAgeDays: 2,
    });
    const both = await loadText('logger: {log-path: a, file: b}');
    expect(both.config.logger.file).toBe('b');
    expect(both.warnings).toMatchObject([{ key: 'logger.log-path', message: 'ignored, "file" is set as well' }]);
  });

  test('gives its default concurrency up to a variable and to engines from flags', async () => {
    const env = { GOLLAMA_QUEUE_MAX_CONCURRENCY: '3' };
    expect((await loadText('engine: {}', { env })).config.queue.maxConcurrency).toBe(3);
    const flags = { upstream: ['http://h:1'] };
    expect((await loadText('engine: {}', { flags })).config.queue.maxConcurrency).toBeUndefined();
    expect((await loadText('engine: {}\nqueue: {max_concurrency: 2}', { flags })).config.queue.maxConcurrency).toBe(2);
  });

  test('gives its default executable up to $GOLLAMA_LLAMA_SERVER, but not one that it names', async () => {
    const env = { GOLLAMA_LLAMA_SERVER: '/opt/llama-server' };
    const bins = ['engine: {}', 'engine: {bin: ./bin/llama-server}'].map(async (text) => {
      const [engine] = (await loadText(text, { env })).config.engines;
      return engine && 'bin' in engine ? engine.bin : undefined;
    });
    expect(await Promise.all(bins)).toEqual(['/opt/llama-server', './bin/llama-server']);
  });

  test('is refused in its own spelling', async () => {
    expect(await problemsOf('engine:\n  start_timeout: soon\nlogger:\n  max-size: x\n')).toEqual([
      'gollama.yaml:2:18 engine.start_timeout: got "soon", expected a duration of 0s or more, such as 30s, 1m30s or 500ms',
      'gollama.yaml:4:13 logger.max-size: got "x", expected a number above 0',
    ]);
  });
});

test('"engine" with a kind is our one-element form, with our defaults', async () => {
  const { config } = await loadText('engine: {kind: simulated, slots: 2}');
  expect(config.engines).toMatchObject([{ kind: 'simulated', name: 'simulated', slots: 2 }]);
  expect(config.queue.maxConcurrency).toBeUndefined();
});

test('"engine" and "engines" together are refused', async () => {
  expect(await problemsOf('engine: {}\nengines: []\n')).toEqual([
    'gollama.yaml:1:1 engine: expected either "engine" or "engines", not both',
  ]);
});

test('"engine" that is no block is refused', async () => {
  expect(await problemsOf('engine: llama-server\n')).toEqual(['gollama.yaml:1:1 engine: expected a block of keys']);
});
