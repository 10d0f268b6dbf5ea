import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { leaves } from '../../src/config/keys.js';
import { loadText, problemsOf } from './load-text.js';

const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const NESTED = read('reference-task-queue.yaml');
const FLAT = read('reference-task-queue-flat.yaml');
const NO_EFFECT = 'has no effect: a task starts as soon as a slot is free';
const OLLAMA = { kind: 'ollama', name: 'ollama', baseUrl: 'http://localhost:11434', timeoutMs: 300_000, slots: 4 };

describe('a file of the reference task queue', () => {
  test.each([
    ['nested', NESTED, ['scheduler.batch_size', 'scheduler.scheduling_interval']],
    ['flat', FLAT, ['batch_size', 'scheduling_interval']],
    ['flat as JSON', JSON.stringify(parse(FLAT), undefined, '\t'), ['batch_size', 'scheduling_interval']],
  ])('loads unchanged, %s, with a remark on what has no effect', async (_, text, idle) => {
    const { config, warnings, origins } = await loadText(text);
    expect(warnings.map(({ key, message }) => [key, message])).toEqual(idle.map((key) => [key, NO_EFFECT]));
    expect(config.engines).toEqual([
      {
        kind: 'ollama',
        name: 'ollama',
        baseUrl: 'http://gpu-box:11434',
        models: [],
        aliases: [],
        slots: 4,
        weight: 1,
        timeoutMs: 120_000,
        apiKey: undefined,
      },
    ]);
    expect(config.queue).toMatchObject({
      maxWorkers: 8,
      storagePath: './data',
      cleanupIntervalMs: 1_800_000,
      maxCompletedTasks: 500,
    });
    expect(config.retry).toEqual({
      maxRetries: 5,
      initialDelayMs: 2000,
      maxDelayMs: 60_000,
      backoffFactor: 1.5,
      jitter: 0,
    });
    expect(config.logger).toMatchObject({ level: 'warn', file: 'queue.log' });
    expect(config.server.addr).toBe(text === NESTED ? ':8081' : 'localhost:7125');
    for (const key of ['engines[0].base_url', 'engines[0].timeout', 'queue.max_workers', 'retry_config.max_delay'])
      expect([key, origins.get(key)]).toEqual([key, 'file']);
  });

  test.each(['max_workers: 8', 'listen_addr: ":7125"', 'scheduler: {batch_size: 1}', 'ollama: {}', 'batch_size: 3'])(
    '"%s" means the Ollama server that the reference talks to by default',
    async (text) => {
      expect((await loadText(text)).config.engines).toMatchObject([OLLAMA]);
    },
  );

  test.each([
    'queue: {max_workers: 8}',
    'retry_config: {max_retries: 1}',
    'logging: {level: debug}',
    'ollama:',
    'max_workers: 8\nengines: []',
  ])('%j is not taken for one that means an Ollama server', async (text) => {
    expect((await loadText(text)).config.engines).toEqual([]);
  });

  test('adds its Ollama server to engines in our spelling only where it names one', async () => {
    const engines = 'engines: [{kind: simulated, name: ollama}]\n';
    const kinds = async (text: string) => (await loadText(engines + text)).config.engines.map(({ name }) => name);
    expect(await kinds('max_workers: 8')).toEqual(['ollama']);
    expect(await kinds('ollama_host: gpu-box')).toEqual(['ollama', 'ollama-2']);
    expect((await loadText('engine: {}\nmax_workers: 8')).config.engines).toMatchObject([{ name: 'engine' }]);
  });

  test('gives way to our spelling beside it, and says so', async () => {
    const { config, warnings } = await loadText(
      'queue: {max_workers: 2}\nmax_workers: 3\nlogger: {level: error}\nlogging: {level: debug, colour: red}\n',
    );
    expect([config.queue.maxWorkers, config.logger.level]).toEqual([2, 'error']);
    expect(warnings).toMatchObject([
      { where: 'gollama.yaml:2:1', key: 'max_workers', message: 'ignored, "queue.max_workers" is set as well' },
      { key: 'logging.level', message: 'ignored, "logger.level" is set as well' },
      { key: 'logging', message: 'unknown key, ignored' },
    ]);
  });

  test('holds the defaults where its values are empty', async () => {
    const { config } = await loadText('ollama_host: ""\nollama_timeout: ""\nstorage_path: ""\nlog_file:\n');
    expect(config.engines).toMatchObject([OLLAMA]);
    expect(config.queue.storagePath).toBe('/home/me/.local/state/gollama/tasks');
    expect(config.logger.file).toBeUndefined();
  });

  test('is refused in the words of the reference, at the place in its own spelling', async () => {
    const text = `max_workers: 0
cleanup_interval: 0s
ollama_host: "gpu box"
ollama_timeout: -1s
retry_config:
  max_retries: -1
  initial_delay: 0s
  max_delay: -3s
  backoff_factor: 1.0
`;
    expect(await problemsOf(text)).toEqual([
      'gollama.yaml:1:14 max_workers: got "0", must be greater than 0',
      'gollama.yaml:2:19 cleanup_interval: got "0s", must be positive',
      'gollama.yaml:3:14 ollama_host: got "gpu box", expected the address of an Ollama server such as http://localhost:11434 or gpu-box:11434',
      'gollama.yaml:4:17 ollama_timeout: got "-1s", expected a duration of 0s or more, such as 30s, 1m30s or 500ms',
      'gollama.yaml:6:16 retry_config.max_retries: got "-1", must be non-negative',
      'gollama.yaml:7:18 retry_config.initial_delay: got "0s", must be positive',
      'gollama.yaml:8:14 retry_config.max_delay: got "-3s", must be positive',
      'gollama.yaml:9:19 retry_config.backoff_factor: got "1.0", must be greater than 1.0',
    ]);
    expect(await problemsOf('queue: 5\nmax_workers: 3\n')).toEqual([
      'gollama.yaml:1:8 queue: expected a block of keys',
    ]);
  });
});

describe('a variable of the reference task queue', () => {
  const CASES = [
    ['QUEUE_MAX_WORKERS', '7', 'queue.max_workers'],
    ['QUEUE_STORAGE_PATH', '/env', 'queue.storage_path'],
    ['QUEUE_CLEANUP_INTERVAL', '7m', 'queue.cleanup_interval'],
    ['QUEUE_MAX_COMPLETED_TASKS', '7', 'queue.max_completed_tasks'],
    ['RETRY_MAX_RETRIES', '7', 'retry_config.max_retries'],
    ['RETRY_INITIAL_DELAY', '7ms', 'retry_config.initial_delay'],
    ['RETRY_MAX_DELAY', '7h', 'retry_config.max_delay'],
    ['RETRY_BACKOFF_FACTOR', '7.5', 'retry_config.backoff_factor'],
    ['LOG_LEVEL', 'error', 'logger.level'],
    ['LOG_FILE', '/env.log', 'logger.file'],
    ['OLLAMA_HOST', 'http://env:1', 'ollama.host'],
    ['OLLAMA_TIMEOUT', '7s', 'ollama.timeout'],
  ] as const;

  test.each(CASES)('%s=%s beats the file, and our variable beats it', async (name, value, key) => {
    const ours = leaves().find(({ path }) => path.join('.') === key)?.env ?? '';
    const fromFile = await loadText(NESTED);
    const fromTheirs = await loadText(NESTED, { env: { [name]: value } });
    const fromOurs = await loadText(NESTED, { env: { [name]: 'not even valid!', [ours]: value } });
    expect(fromFile.origins.get(key)).toBe('file');
    expect(fromTheirs.origins.get(key)).toBe(`env ${name}`);
    expect(fromOurs.origins.get(key)).toBe(`env ${ours}`);
    expect(fromTheirs.config).not.toEqual(fromFile.config);
    expect(fromOurs.config).toEqual(fromTheirs.config);
  });

  test.each(CASES.filter(([name]) => name !== 'QUEUE_STORAGE_PATH' && name !== 'LOG_FILE'))(
    '%s with a value that means nothing is refused by its name',
    async (name, _, key) => {
      const lines = await problemsOf('ollama: {}', { env: { [name]: 'a lot' } });
      expect(lines).toEqual([expect.stringMatching(/got "a lot", expected /)]);
      expect(lines[0]).toContain(`$${name} ${key}: `);
    },
  );

  test('is refused in the words of the reference where its number is out of range', async () => {
    expect(await problemsOf('', { env: { QUEUE_MAX_WORKERS: '0', RETRY_BACKOFF_FACTOR: '1' } })).toEqual([
      '$QUEUE_MAX_WORKERS queue.max_workers: got "0", must be greater than 0',
      '$RETRY_BACKOFF_FACTOR retry_config.backoff_factor: got "1", must be greater than 1.0',
    ]);
  });

  test('that has no effect is named in a warning, whatever its value', async () => {
    const { warnings } = await loadText('', { env: { SCHEDULER_BATCH_SIZE: 'x', SCHEDULER_INTERVAL: '1s' } });
    expect(warnings).toEqual([
      { where: '$SCHEDULER_BATCH_SIZE', key: '', message: NO_EFFECT },
      { where: '$SCHEDULER_INTERVAL', key: '', message: NO_EFFECT },
    ]);
  });
});
