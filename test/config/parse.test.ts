import { describe, expect, test } from 'vitest';
import { toGollamaError } from '../../src/base/errors.js';
import { leaves } from '../../src/config/keys.js';
import { loadText, problemsOf } from './load-text.js';

describe('defaults', () => {
  test('hold without a file', async () => {
    const { config, warnings, origins } = await loadText(undefined);
    expect(config).toMatchObject({
      server: {
        addr: ':8081',
        apiKeys: [],
        insecure: false,
        maxBodyBytes: 32 * 2 ** 20,
        headerTimeoutMs: 10_000,
        uploadTimeoutMs: 60_000,
        drainTimeoutMs: 10_000,
        heartbeatMs: 15_000,
        corsOrigins: [],
      },
      queue: {
        maxWaiting: 1024,
        maxWaitingBytes: 256 * 2 ** 20,
        waitTimeoutMs: 60_000,
        startWaitTimeoutMs: 300_000,
        interactivePriority: 10,
        maxWorkers: 4,
        maxPending: 1_000_000,
        storagePath: '/home/me/.local/state/gollama/tasks',
        cleanupIntervalMs: 3_600_000,
        maxCompletedTasks: 1000,
      },
      retry: { maxRetries: 3, initialDelayMs: 1000, maxDelayMs: 30_000, backoffFactor: 2, jitter: 0 },
      webhooks: { allowHosts: [], timeoutMs: 10_000 },
      streams: { retentionMs: 86_400_000 },
      engines: [],
      fallback: 'simulated',
      logger: { level: 'info' },
      dataDir: '/home/me/.local/state/gollama',
    });
    expect(config.queue.maxConcurrency).toBeUndefined();
    expect(config.webhooks.secret).toBeUndefined();
    expect(warnings).toEqual([]);
    expect(new Set(origins.values())).toEqual(new Set(['default']));
  });

  test('hold for keys and sections that stand there without a value', async () => {
    const { config, warnings } = await loadText('server:\nqueue:\n  max_waiting:\nengines:\n');
    expect(config).toEqual((await loadText('')).config);
    expect(warnings).toEqual([]);
  });

  test('of the data folder follow $XDG_STATE_HOME when it is absolute', async () => {
    const dirs = ['/state', 'state'].map(
      async (dir) => (await loadText('', { env: { XDG_STATE_HOME: dir } })).config.dataDir,
    );
    expect(await Promise.all(dirs)).toEqual(['/state/gollama', '/home/me/.local/state/gollama']);
  });
});

test('flags beat variables, variables beat the file, and each value tells where it came from', async () => {
  const text = 'server: {addr: "10.0.0.1:1"}\nqueue: {max_waiting: 1, wait_timeout: 1s}\nlogger: {level: debug}\n';
  const { config, origins } = await loadText(text, {
    env: {
      GOLLAMA_QUEUE_MAX_WAITING: '2',
      GOLLAMA_LOGGER_LEVEL: 'warn',
      GOLLAMA_SERVER_CORS_ORIGINS: 'http://a, http://b',
    },
    flags: { logLevel: 'error', port: 99 },
  });
  expect(config.server.addr).toBe('10.0.0.1:99');
  expect(config.queue).toMatchObject({ maxWaiting: 2, waitTimeoutMs: 1000 });
  expect(config.server.corsOrigins).toEqual(['http://a', 'http://b']);
  expect(config.logger.level).toBe('error');
  expect(Object.fromEntries(origins)).toMatchObject({
    'server.addr': 'flag --port',
    'server.cors_origins': 'env GOLLAMA_SERVER_CORS_ORIGINS',
    'server.heartbeat': 'default',
    'queue.max_waiting': 'env GOLLAMA_QUEUE_MAX_WAITING',
    'queue.wait_timeout': 'file',
    'logger.level': 'flag --log-level',
  });
});

test('an empty variable counts as unset', async () => {
  expect((await loadText('', { env: { GOLLAMA_SERVER_ADDR: '', GOLLAMA_LLAMA_SERVER: '' } })).config.server.addr).toBe(
    ':8081',
  );
});

test('every key outside of lists of blocks has a variable', () => {
  const names = leaves().map((leaf) => leaf.env);
  expect(names).toContain('GOLLAMA_SERVER_ADDR');
  expect(names).toContain('GOLLAMA_QUEUE_MAX_CONCURRENCY');
  expect(names).toContain('GOLLAMA_DATA_DIR');
  expect(
    leaves()
      .filter((leaf) => leaf.env === undefined)
      .map((leaf) => leaf.path.join('.')),
  ).toEqual(['engines']);
});

test('the configuration is frozen all the way down', async () => {
  const { config } = await loadText('engines: [{kind: simulated}]');
  expect(() => Object.assign(config.engines[0] ?? {}, { slots: 9 })).toThrow(TypeError);
  expect(() => config.server.corsOrigins.push('x')).toThrow(TypeError);
});

test('max_concurrency below one becomes one', async () => {
  expect((await loadText('queue: {max_concurrency: -3}')).config.queue.maxConcurrency).toBe(1);
});

test('numbers and flags in a list of arguments stay the text that was written', async () => {
  const { config } = await loadText('engines: [{kind: llama-server, args: [-c, 4096, 0x10, 1.50, yes, true, "", ~]}]');
  expect(config.engines[0]).toMatchObject({ args: ['-c', '4096', '0x10', '1.50', 'yes', 'true', '', ''] });
});

describe('engines', () => {
  test('of every kind are read with their defaults', async () => {
    const { config } = await loadText(`engines:
  - {kind: llama-server, name: a, model_path: ~/m.gguf, bin: ~/bin/llama-server, slots: 2}
  - {kind: openai, name: b, base_url: "http://10.0.0.7:8000/v1/", models: [m], weight: 0.5}
  - {kind: simulated}
`);
    expect(config.engines).toMatchObject([
      {
        kind: 'llama-server',
        name: 'a',
        models: [],
        aliases: [],
        bin: '/home/me/bin/llama-server',
        args: [],
        modelPath: '/home/me/m.gguf',
        slots: 2,
        startTimeoutMs: 30_000,
        stopTimeoutMs: 10_000,
        restartBackoffMs: 2000,
        weight: 1,
      },
      { kind: 'openai', name: 'b', baseUrl: 'http://10.0.0.7:8000/v1', models: ['m'], weight: 0.5 },
      { kind: 'simulated', name: 'simulated', models: ['sim'], slots: 4, ttftMs: 700, tokenMs: 60, seed: 1 },
    ]);
  });

  test('without names get different ones', async () => {
    const { config } = await loadText(
      'engines: [{kind: simulated}, {kind: simulated, name: simulated-2}, {kind: simulated}]',
    );
    expect(config.engines.map((engine) => engine.name)).toEqual(['simulated', 'simulated-2', 'simulated-3']);
  });

  test('with the same name are refused', async () => {
    expect(await problemsOf('engines:\n  - {kind: simulated, name: a}\n  - {kind: simulated, name: a}\n')).toEqual([
      'gollama.yaml:3:29 engines[1].name: got "a", which is the name of engines[0] already',
    ]);
  });

  test('take their executable from $GOLLAMA_LLAMA_SERVER unless they name one', async () => {
    const { config, origins } = await loadText('engines: [{kind: llama-server}, {kind: llama-server, bin: /own}]', {
      env: { GOLLAMA_LLAMA_SERVER: '/opt/llama-server' },
    });
    expect(config.engines.map((engine) => 'bin' in engine && engine.bin)).toEqual(['/opt/llama-server', '/own']);
    expect(origins.get('engines[0].bin')).toBe('env GOLLAMA_LLAMA_SERVER');
  });

  test('get their key from a variable or a file, never from the text', async () => {
    const engine = 'kind: openai, base_url: "http://h"';
    const { config, warnings } = await loadText(
      `engines: [{${engine}, name: a, api_key_env: K}, {${engine}, name: b, api_key_file: ~/key}, {${engine}, name: c, api_key: sk-x}]`,
      { env: { K: 'sk-1' }, files: { '/home/me/key': 'sk-2\n' } },
    );
    expect(config.engines.map((each) => 'apiKey' in each && each.apiKey)).toEqual(['sk-1', 'sk-2', undefined]);
    expect(warnings.map((warning) => warning.key)).toEqual(['engines[2].api_key']);
  });

  test('whose key cannot be had are refused', async () => {
    const engine = 'kind: openai, base_url: "http://h"';
    const problems = await problemsOf(
      `engines:\n  - {${engine}, name: a, api_key_env: K}\n  - {${engine}, name: b, api_key_file: /none}\n`,
    );
    expect(problems).toEqual([
      'gollama.yaml:2:64 engines[0].api_key_env: environment variable K is not set',
      "gollama.yaml:3:65 engines[1].api_key_file: cannot read the key: ENOENT: no such file, open '/none'",
    ]);
  });
});

describe('the folder of the tasks', () => {
  test('lies in the data folder where it is not set', async () => {
    const folder = async (text: string, flags = {}) => (await loadText(text, { flags })).config.queue.storagePath;
    expect(await folder('data_dir: /a')).toBe('/a/tasks');
    expect(await folder('data_dir: /a', { dataDir: '~/b' })).toBe('/home/me/b/tasks');
    expect(await folder('data_dir: /a\nqueue: {storage_path: ~/c}')).toBe('/home/me/c');
  });
});

describe('the delays of retries', () => {
  test('may leave a share to chance, up to the whole', async () => {
    expect((await loadText('retry_config: {jitter: 0.2}')).config.retry.jitter).toBe(0.2);
    expect((await loadText('retry_config: {jitter: 1}')).config.retry.jitter).toBe(1);
    expect(await problemsOf('retry_config: {jitter: 1.1}')).toEqual([
      'gollama.yaml:1:24 retry_config.jitter: got "1.1", must be from 0 to 1',
    ]);
  });
});

describe('the secret of webhooks', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const OTHER = 'whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB';
  const SOURCES = { env: { HOOK: SECRET }, files: { '/home/me/hook': `${SECRET}\n` } };

  test.each([`secret: ${SECRET}`, 'secret_env: HOOK', 'secret_file: ~/hook'])('may stand as %s', async (text) => {
    const { config } = await loadText(`webhooks:\n  ${text}\n`, SOURCES);
    expect(config.webhooks).toEqual({ secret: SECRET, allowHosts: [], timeoutMs: 10_000 });
  });

  test('in our variable goes before the one in the file', async () => {
    const env = { GOLLAMA_WEBHOOKS_SECRET: OTHER };
    expect((await loadText('webhooks: {secret_file: /none}', { env })).config.webhooks.secret).toBe(OTHER);
    const named = { GOLLAMA_WEBHOOKS_SECRET_ENV: 'HOOK', HOOK: SECRET };
    expect((await loadText(`webhooks: {secret: ${OTHER}}`, { env: named })).config.webhooks.secret).toBe(SECRET);
  });

  test('that cannot be used is refused, and never repeated in the report', async () => {
    const short = 'whsec_c2hvcnQ=';
    const expected = 'expected whsec_ and the base64 of 24 to 64 bytes';
    expect(await problemsOf(`webhooks: {secret: ${short}}`)).toEqual([
      `gollama.yaml:1:20 webhooks.secret: ${expected}`,
    ]);
    expect(await problemsOf('webhooks: {secret_env: HOOK}', { env: { HOOK: short } })).toEqual([
      `gollama.yaml:1:24 webhooks.secret_env: what is read from there is no secret, ${expected}`,
    ]);
    expect(await problemsOf('webhooks: {secret_env: HOOK}')).toEqual([
      'gollama.yaml:1:24 webhooks.secret_env: environment variable HOOK is not set',
    ]);
    expect(await problemsOf('webhooks: {secret_env: HOOK, secret_file: ~/hook}', SOURCES)).toEqual([
      'gollama.yaml:1:11 webhooks: expected at most one of secret, secret_env and secret_file',
    ]);
  });
});

test('private hosts for webhooks are names, addresses and networks', async () => {
  const hosts = ['hooks.lan', '10.0.0.0/8', 'fd00::/8', '[::1]', '127.0.0.1', 'Build_Box-2'];
  const { config } = await loadText('', { env: { GOLLAMA_WEBHOOKS_ALLOW_HOSTS: hosts.join(',') } });
  expect(config.webhooks.allowHosts).toEqual([
    'hooks.lan',
    '10.0.0.0/8',
    'fd00::/8',
    '::1',
    '127.0.0.1',
    'build_box-2',
  ]);
  for (const wrong of [
    'http://hooks.lan',
    'hooks.lan:80',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.300',
    '*',
    'a b',
    'lan/8',
  ])
    expect(await problemsOf('', { env: { GOLLAMA_WEBHOOKS_ALLOW_HOSTS: wrong } }), wrong).toEqual([
      `$GOLLAMA_WEBHOOKS_ALLOW_HOSTS webhooks.allow_hosts[0]: got "${wrong}", expected a host name, an address or a network such as 10.0.0.0/8`,
    ]);
});

describe('API keys', () => {
  /** Of `sk-alice`. */
  const SHA256 = '099295a3784e1bd368dc348843a7398c1931b6b8ec2504c73e91ed2040bdc46c';

  test('are kept as hashes only, however they are given', async () => {
    const { config } = await loadText(
      `server:
  api_keys:
    - sk-alice2
    - {key: sk-bob, name: bob, admin: true, max_priority: normal, max_concurrency: 2}
    - {key_env: CAROL, name: carol, max_priority: 7}
    - {key_sha256: ${SHA256.toUpperCase()}}
`,
      { env: { CAROL: 'sk-carol' } },
    );
    expect(config.server.apiKeys).toMatchObject([
      { name: 'key-1', admin: false },
      { name: 'bob', admin: true, maxPriority: 5, maxConcurrency: 2 },
      { name: 'carol', maxPriority: 7 },
      { name: 'key-4', sha256: SHA256 },
    ]);
    const { config: plain } = await loadText('server: {api_keys: [sk-alice]}');
    expect(plain.server.apiKeys[0]?.sha256).toBe(SHA256);
    expect(JSON.stringify(config)).not.toMatch(/sk-/);
  });

  test('may come from a variable', async () => {
    const { config } = await loadText('', { env: { GOLLAMA_SERVER_API_KEYS: 'a, b' } });
    expect(config.server.apiKeys.map((key) => key.name)).toEqual(['key-1', 'key-2']);
  });

  test('that nobody could use are refused, and never repeated in the report', async () => {
    const problems = await problemsOf(`server:
  api_keys:
    - {key_env: NOBODY}
    - {name: x}
    - {key: sk-1, key_env: HOME}
    - {key_sha256: sk-secret}
`);
    expect(problems.join('\n')).toContain('gollama.yaml:6:20 server.api_keys[3].key_sha256: expected the SHA-256');
    expect(problems.join('\n')).not.toContain('sk-');
    const later = await problemsOf(
      'server:\n  api_keys:\n    - {key_env: NOBODY}\n    - {name: x}\n    - sk-1\n    - sk-1\n',
    );
    expect(later).toEqual([
      'gollama.yaml:3:17 server.api_keys[0].key_env: environment variable NOBODY is not set',
      'gollama.yaml:3:5 server.api_keys: "key-4" is the same key as "key-3"',
      'gollama.yaml:4:7 server.api_keys[1]: expected exactly one of key, key_env and key_sha256',
    ]);
  });
});

describe('a broken file', () => {
  test('is refused with every problem at its place, and what was expected there', async () => {
    const text = `server:
  addr: foo
  max_body: [1]
queue: 5
engines:
  - kind: openai
    slots: lots
  - kind: olama
  - text
  - kind: llama-server
    ready_pattern: "(?i)x"
    args: "-c 1"
logger:
  level: loud
`;
    expect(await problemsOf(text)).toEqual([
      'gollama.yaml:2:9 server.addr: got "foo", expected host:port, or :port (127.0.0.1; with keys, every interface)',
      'gollama.yaml:3:13 server.max_body: expected a size such as 32MiB, 64KB or a number of bytes',
      'gollama.yaml:4:8 queue: expected a block of keys',
      'gollama.yaml:6:5 engines[0].base_url: is missing, expected a URL such as http://127.0.0.1:8080',
      'gollama.yaml:7:12 engines[0].slots: got "lots", expected a whole number, 1 or more',
      'gollama.yaml:8:11 engines[1].kind: expected kind: llama-server, openai, ollama or simulated',
      'gollama.yaml:9:5 engines[2]: expected a block of keys',
      expect.stringMatching(
        /^gollama.yaml:11:20 engines\[3\].ready_pattern: got "\(\?i\)x", expected a JavaScript reg/,
      ),
      'gollama.yaml:12:11 engines[3].args: expected a list',
      'gollama.yaml:14:10 logger.level: got "loud", expected one of trace, debug, info, warn, error, silent',
    ]);
  });

  test('is refused as a configuration error whose hint names the command to check it', async () => {
    const error = toGollamaError(await loadText('queue: 5').catch((thrown: unknown) => thrown));
    expect([error.code, error.exitCode, error.hint]).toEqual([
      'configuration',
      4,
      'correct it, then try: gollama config check gollama.yaml',
    ]);
  });

  test('that is no YAML is refused at the place of the mistake, without follow-up complaints', async () => {
    expect(await problemsOf('queue:\n  max_waiting: 1\n max: 2\n')).toEqual([
      expect.stringMatching(/^gollama.yaml:3:1: /),
    ]);
    expect(await problemsOf('a: 1\na: 2\n')).toEqual([expect.stringMatching(/^gollama.yaml:2:1: .*unique/)]);
  });

  test('that holds a list at its top is refused', async () => {
    expect(await problemsOf('- 1\n')).toEqual(['gollama.yaml:1:1: expected a block of keys at the top']);
  });

  test('that grows without end through aliases is refused', async () => {
    expect(await problemsOf('engines: &e [*e]\n')).toEqual([expect.stringContaining('nested too deep or too large')]);
    const bomb = Array.from({ length: 9 }, (_, level) =>
      level === 0 ? 'x0: &x0 [a,a,a,a,a,a,a,a,a,a]' : `x${level}: &x${level} [${Array(10).fill(`*x${level - 1}`)}]`,
    );
    expect(await problemsOf(`${bomb.join('\n')}\n`)).toEqual([expect.stringContaining('nested too deep or too large')]);
  });

  test('names the variable or the flag where that is at fault', async () => {
    expect(
      await problemsOf('', {
        env: { GOLLAMA_QUEUE_MAX_WAITING: '-1' },
        flags: { logLevel: 'loud', upstream: ['ftp://x'] },
      }),
    ).toEqual([
      '$GOLLAMA_QUEUE_MAX_WAITING queue.max_waiting: got "-1", expected a whole number, 0 or more',
      '--upstream engines[0].base_url: got "ftp://x", expected a URL such as http://127.0.0.1:8080',
      '--log-level logger.level: got "loud", expected one of trace, debug, info, warn, error, silent',
    ]);
  });
});

test('what is wrong with flags alone is no matter of a file', async () => {
  await expect(loadText('', { flags: { logLevel: 'loud' } })).rejects.toMatchObject({
    hint: 'see: gollama serve --help',
  });
});

test('what is missing is told together with the misspelt key that may be meant for it', async () => {
  const wrong = 'engines: [{kind: openai, base_ulr: "http://h"}]\nqueue: {max_wating: 1}';
  await expect(loadText(wrong)).rejects.toMatchObject({
    message: expect.stringMatching(
      /base_url.*\n.*engines\[0\]\.base_ulr: unknown key, ignored \(did you mean "base_url"\?\)\n.*max_wating: unknown key/,
    ),
  });
});

describe('warnings', () => {
  test('name an unknown key, its place and the key that was probably meant', async () => {
    const { warnings } = await loadText(
      'modls: 1\nserver:\n  adr: ":1"\nengines:\n  - {kind: simulated, slot: 1, colour: red}\n',
    );
    expect(warnings).toEqual([
      { where: 'gollama.yaml:1:1', key: 'modls', message: 'unknown key, ignored' },
      { where: 'gollama.yaml:3:3', key: 'server.adr', message: 'unknown key, ignored (did you mean "addr"?)' },
      { where: 'gollama.yaml:5:23', key: 'engines[0].slot', message: 'unknown key, ignored (did you mean "slots"?)' },
      { where: 'gollama.yaml:5:32', key: 'engines[0].colour', message: 'unknown key, ignored' },
    ]);
  });

  test('name a duration without a unit that can only be a mistake', async () => {
    const { config, warnings } = await loadText('queue: {wait_timeout: 60}', {
      env: { GOLLAMA_SERVER_HEARTBEAT: '0' },
    });
    expect(config.queue.waitTimeoutMs).toBeCloseTo(0.00006);
    expect(warnings.map((warning) => `${warning.where} ${warning.message}`)).toEqual([
      'gollama.yaml:1:23 60 means 60 nanoseconds, as in Go; for seconds write 60s',
    ]);
  });

  test('name a variable that is nearly one of ours, and leave others alone', async () => {
    const { warnings } = await loadText('', {
      env: {
        GOLLAMA_QUEUE_MAX_WAITIN: '1',
        GOLLAMA_RETRY_CONFIG_MAX_RETRYS: '1',
        GOLLAMA_API_KEY: 'x',
        GOLLAMA_SERVER_TOKEN_OF_ALICE: 'y',
      },
    });
    expect(warnings.map((warning) => warning.where)).toEqual([
      '$GOLLAMA_QUEUE_MAX_WAITIN',
      '$GOLLAMA_RETRY_CONFIG_MAX_RETRYS',
    ]);
  });
});

test('YAML aliases and merge keys work', async () => {
  const { config } = await loadText(`engines:
  - &base {kind: simulated, name: a, slots: 2, ttft: 1s}
  - <<: *base
    name: b
    slots: 3
`);
  expect(config.engines).toMatchObject([
    { name: 'a', slots: 2, ttftMs: 1000 },
    { name: 'b', slots: 3, ttftMs: 1000 },
  ]);
});
