import { describe, expect, test } from 'vitest';
import { type FlagDescription, flagHelp, SERVE_FLAGS } from '../../src/config/flags.js';
import { leaves } from '../../src/config/keys.js';
import { loadText, problemsOf } from './load-text.js';

const FILE = 'engines: [{kind: llama-server, name: a}, {kind: simulated, name: b}]';

test.each(Object.values(SERVE_FLAGS).map((flag): [string, FlagDescription] => [flag.name, flag]))(
  '--%s says the same as the schema',
  (_, flag) => {
    const leaf = leaves().find((each) => each.path.join('.') === flag.key);
    if (flag.key === undefined) return expect(leaf).toBeUndefined();
    expect({ help: flag.help, env: flag.env, default: flag.default }).toEqual({
      help: leaf?.field.help,
      env: leaf?.env,
      default: leaf?.field.default,
    });
  },
);

test('the help of a flag names its variable and its default', () => {
  expect(flagHelp(SERVE_FLAGS.logLevel)).toBe(
    'trace, debug, info, warn, error or silent ($GOLLAMA_LOGGER_LEVEL, default info)',
  );
});

describe('--host and --port', () => {
  test.each([
    [{ host: '127.0.0.1' }, '127.0.0.1:8081', 'flag --host'],
    [{ port: 0 }, ':0', 'flag --port'],
    [{ host: '::1', port: 9 }, '[::1]:9', 'flag --port'],
    [{ host: '[::1]' }, '[::1]:8081', 'flag --host'],
  ])('%j make %s', async (flags, addr, origin) => {
    const { config, origins } = await loadText('', { flags });
    expect([config.server.addr, origins.get('server.addr')]).toEqual([addr, origin]);
  });
});

test.each([
  ['server: 5', { port: 1 }, 'server: expected a block of keys'],
  ['logger: [a]', { logLevel: 'warn' }, 'logger: expected a block of keys'],
])('no flag hides that %j is wrong', async (text, flags, problem) => {
  expect(await problemsOf(text, { flags })).toEqual([expect.stringContaining(problem)]);
});

test('--model replaces the engines by one llama-server that is called like the file', async () => {
  const { config } = await loadText(FILE, { flags: { model: '~/m/qwen3-4b-00001-of-00003.gguf', slots: 2 } });
  expect(config.engines).toMatchObject([
    {
      kind: 'llama-server',
      name: 'qwen3-4b',
      models: [],
      modelPath: '/home/me/m/qwen3-4b-00001-of-00003.gguf',
      slots: 2,
    },
  ]);
});

test('--upstream replaces the engines by one OpenAI server each', async () => {
  const { config } = await loadText(FILE, { flags: { upstream: ['http://h:1/v1', 'h:1', 'https://api.example.com'] } });
  expect(config.engines).toMatchObject([
    { kind: 'openai', name: 'h:1', baseUrl: 'http://h:1/v1' },
    { kind: 'openai', name: 'h:1-2', baseUrl: 'http://h:1' },
    { kind: 'openai', name: 'api.example.com', baseUrl: 'https://api.example.com' },
  ]);
});

test('--llama-server and --slots set the engines of the file that have such a key', async () => {
  const { config, warnings } = await loadText(FILE, {
    flags: { llamaServer: '~/llama-server', slots: 7 },
    env: { GOLLAMA_LLAMA_SERVER: '/opt/x' },
  });
  expect(config.engines).toMatchObject([{ bin: '/home/me/llama-server', slots: 7 }, { slots: 7 }]);
  expect(warnings).toEqual([]);
});

test('--llama-server and --slots that no engine can use are named in a warning', async () => {
  const { warnings } = await loadText('', { flags: { llamaServer: '/x', slots: 7 } });
  expect(warnings.map((warning) => warning.where)).toEqual(['--llama-server', '--slots']);
});

test('--data-dir and --log-level set their keys', async () => {
  const { config } = await loadText('data_dir: /a', { flags: { dataDir: '~/b', logLevel: 'trace' } });
  expect([config.dataDir, config.logger.level]).toEqual(['/home/me/b', 'trace']);
});
