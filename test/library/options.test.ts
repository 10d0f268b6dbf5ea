import { afterEach, describe, expect, it } from 'vitest';
import { assertOptions, configOf, type EmbeddingOptions } from '../../src/library/options.js';
import { endAll } from '../support/ending.js';
import { makePlace } from '../support/place.js';

afterEach(endAll);

const HOUR_MS = 3_600_000;

async function config(options: EmbeddingOptions, env: Record<string, string> = {}, defaults: object = {}) {
  const { cwd, home } = makePlace();
  return (await configOf(options, defaults, { env, cwd, home })).config;
}

describe('the options of a program', () => {
  it('become the configuration, numbers of milliseconds and durations as Go writes them alike', async () => {
    const { queue, retry, logger, engines } = await config({
      ollamaHost: 'gpu-box',
      ollamaTimeout: '90s',
      maxWorkers: 7,
      storagePath: '/tmp/tasks',
      cleanupInterval: 2 * HOUR_MS,
      maxCompletedTasks: 11,
      schedulingInterval: '1s',
      retryConfig: { maxRetries: 0, initialDelay: 1, maxDelay: '1m30s', backoffFactor: 1.5 },
      logLevel: 'debug',
      logFile: 'queue.log',
    });
    expect(queue).toMatchObject({
      maxWorkers: 7,
      storagePath: '/tmp/tasks',
      cleanupIntervalMs: 2 * HOUR_MS,
      maxCompletedTasks: 11,
    });
    expect(retry).toMatchObject({ maxRetries: 0, initialDelayMs: 1, maxDelayMs: 90_000, backoffFactor: 1.5 });
    expect(logger).toMatchObject({ level: 'debug', file: 'queue.log' });
    expect(engines).toMatchObject([{ kind: 'ollama', baseUrl: 'http://gpu-box:11434', timeoutMs: 90_000 }]);
  });

  it('go before the environment, which goes before the file', async () => {
    const file = { queue: { max_workers: 1, max_completed_tasks: 1, cleanup_interval: '1m' } };
    const env = { GOLLAMA_QUEUE_MAX_WORKERS: '2', GOLLAMA_QUEUE_MAX_COMPLETED_TASKS: '2' };
    const { queue } = await config({ config: file, maxWorkers: 3 }, env);
    expect(queue).toMatchObject({ maxWorkers: 3, maxCompletedTasks: 2, cleanupIntervalMs: 60_000 });
    const ollama = { ollama: {} };
    const [engine] = (await config({ ollamaHost: 'one' }, { OLLAMA_HOST: 'two' }, ollama)).engines;
    expect(engine).toMatchObject({ baseUrl: 'http://one:11434' });
    const [other] = (await config({}, { OLLAMA_HOST: 'two' }, ollama)).engines;
    expect(other).toMatchObject({ baseUrl: 'http://two:11434' });
    const [usual] = (await config({}, {}, ollama)).engines;
    expect(usual).toMatchObject({ baseUrl: 'http://localhost:11434' });
  });

  it('may name a file, relative to the folder of the process or to home', async () => {
    const place = makePlace();
    place.write('g.yaml', 'queue: {max_workers: 9}\n');
    place.write('../home/h.yaml', 'queue: {max_workers: 8}\n');
    const around = { env: {}, cwd: place.cwd, home: place.home };
    expect((await configOf({ config: 'g.yaml' }, {}, around)).config.queue.maxWorkers).toBe(9);
    expect((await configOf({ config: '~/h.yaml' }, {}, around)).config.queue.maxWorkers).toBe(8);
  });

  it('are named as they were written in what is said of them', async () => {
    const wrong = { ollamaTimeout: Number.NaN, retryConfig: { maxRetries: -1 }, logLevel: 'loud' };
    const failure = config(wrong);
    await expect(failure).rejects.toMatchObject({ code: 'configuration' });
    const { message } = (await failure.catch((thrown: Error) => thrown)) as Error;
    for (const name of ['ollamaTimeout', 'retryConfig.maxRetries', 'logLevel']) expect(message).toContain(name);
  });

  it('that are undefined are not there', async () => {
    expect((await config({ maxWorkers: undefined, retryConfig: undefined })).queue.maxWorkers).toBe(4);
  });

  it('are refused where they are none', () => {
    expect(() => assertOptions({ maxWorkers: 1, retryConfig: {}, config: 'x', schedulingInterval: 1 })).not.toThrow();
    expect(() => assertOptions({ port: 1 })).toThrow('unknown option port');
    expect(() => assertOptions({ port: 1 }, ['port'])).not.toThrow();
    expect(() => assertOptions({ retryConfig: { maxRetry: 1 } })).toThrow('unknown option retryConfig.maxRetry');
  });
});
