import { expect, test } from 'vitest';
import { renderConfig, renderYaml } from '../../src/config/render.js';
import { loadText } from './load-text.js';

const TEXT = `server:
  api_keys: [sk-plain, {name: bob, key_env: BOB, max_priority: 7}]
queue: {wait_timeout: 90s, interactive_priority: 10}
engines:
  - {kind: llama-server, args: [--api-key, hunter2, --hf-token=hunter3, -c, 10], restart_backoff: 1500ms}
  - {kind: openai, base_url: "http://user:hunter4@h/v1", api_key_env: KEY}
  - {kind: ollama, base_url: "http://user:hunter6@h", api_key_env: KEY}
webhooks: {secret_env: HOOK}
retry_config: {jitter: 0.2}
`;
const ENV = {
  BOB: 'hunter5',
  HOOK: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  KEY: 'sk-0123456789-abcd',
  GOLLAMA_SERVER_CORS_ORIGINS: 'http://a',
};

test('a configuration is shown in the keys and units of a file', async () => {
  const { config } = await loadText(TEXT, { env: ENV });
  expect(renderConfig(config)).toMatchObject({
    server: { addr: ':8081', max_body: '32MiB', heartbeat: '15s', cors_origins: ['http://a'] },
    queue: { max_waiting: 1024, wait_timeout: '1m30s', interactive_priority: 'high' },
    engines: [
      { kind: 'llama-server', name: 'llama-server', restart_backoff: '1.5s', weight: 1 },
      { kind: 'openai', api_key: '****abcd', base_url: 'http://****@h/v1' },
      { kind: 'ollama', api_key: '****abcd', base_url: 'http://****@h', timeout: '5m', slots: 4 },
    ],
    retry_config: { max_retries: 3, initial_delay: '1s', max_delay: '30s', backoff_factor: 2, jitter: 0.2 },
    webhooks: { secret: '****LaSw', allow_hosts: [], timeout: '10s' },
    streams: { retention: '24h' },
    data_dir: '/home/me/.local/state/gollama',
  });
});

test('no secret is shown', async () => {
  const { config, origins } = await loadText(TEXT, { env: ENV });
  const shown = renderYaml(config, origins) + JSON.stringify(renderConfig(config));
  expect(shown).not.toMatch(/hunter|sk-plain|sk-0123|whsec/);
  for (const key of config.server.apiKeys) expect(shown).not.toContain(key.sha256);
});

test('what is shown reads back as the same configuration', async () => {
  const { config } = await loadText(
    'engines: [{kind: simulated, name: a, ttft: 1.5s}, {kind: llama-server, slots: 2}]\nollama: {host: gpu-box}\nqueue: {max_workers: 9}',
  );
  const { config: again, warnings } = await loadText(renderYaml(config));
  expect(again).toEqual(config);
  expect(warnings).toEqual([]);
});

test('with origins, every key tells where its value came from', async () => {
  const { config, origins } = await loadText(TEXT, { env: ENV, flags: { port: 9 } });
  const shown = renderYaml(config, origins);
  for (const line of [
    '  addr: :9 # flag --port',
    '  max_body: 32MiB # default',
    '  cors_origins: # env GOLLAMA_SERVER_CORS_ORIGINS\n    - http://a',
    '  wait_timeout: 1m30s # file',
    '    api_key: "****abcd" # file',
    '      name: bob # file',
    '    models: [] # default',
    '  jitter: 0.2 # file',
    '  max_delay: 30s # default',
    '  secret: "****LaSw" # file',
    '  storage_path: /home/me/.local/state/gollama/tasks # default',
  ]) {
    expect(shown).toContain(`${line}\n`);
  }
  expect(shown).toMatch(/key_sha256: [0-9a-f]{8}… # file/);
});
