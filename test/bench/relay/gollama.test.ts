import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gollama } from '../../../bench/relay/gollama.js';
import { loadConfig } from '../../../src/config/load.js';

describe('gollama under measurement', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gollama-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is configured with keys, slots, models and a log file', async () => {
    const gateway = gollama({ name: 'gollama', entry: '/x/run.js', models: ['mock'], profileFolder: undefined });
    const { args } = await gateway.prepare(folder, { port: 8081, upstreamPort: 9000 });
    const path = args.at(-1);
    const { config } = await loadConfig({ path, env: {}, cwd: folder, home: folder });
    expect(config.server).toMatchObject({ addr: '127.0.0.1:8081', apiKeys: [{ name: 'bench' }] });
    expect(config.logger.file).toBe(join(folder, 'gollama.log'));
    expect(config.engines).toMatchObject([{ kind: 'openai', baseUrl: 'http://127.0.0.1:9000', models: ['mock'] }]);
    // No test may wait in the queue.
    expect(config.engines[0]?.slots).toBeGreaterThan(1_000);
  });
});
