import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { captureOutput } from '@oclif/test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import ConfigCheck from '../../commands/config/check.js';
import ConfigShow from '../../commands/config/show.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gollama-config-'));
  for (const name of Object.keys(process.env)) if (name.startsWith('GOLLAMA_')) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('XDG_CONFIG_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string): string {
  const path = join(folder, 'my.yaml');
  writeFileSync(path, text);
  return path;
}

async function run(command: { run(argv: string[], root: string): Promise<unknown> }, ...argv: string[]) {
  const { stdout, stderr, error } = await captureOutput(() => command.run(argv, ROOT));
  return { stdout, stderr, exitCode: error ? (error.oclif?.exit ?? 'thrown') : 0 };
}

describe('config check', () => {
  test('says in one line that a file is valid', async () => {
    const path = file('engines: [{kind: simulated}]\nserver: {api_keys: [a, b]}\n');
    expect(await run(ConfigCheck, path)).toEqual({
      stdout: `${path} is valid: 1 engine, 2 API keys, listens on 0.0.0.0:8081\n`,
      stderr: '',
      exitCode: 0,
    });
  });

  test('prints warnings on stderr and still succeeds', async () => {
    const path = file('sever: 1\n');
    const { stdout, stderr, exitCode } = await run(ConfigCheck, '--config', path);
    expect([stderr, exitCode]).toEqual([
      `warning: ${path}:1:1 sever: unknown key, ignored (did you mean "server"?)\n`,
      0,
    ]);
    expect(stdout).toMatch(/is valid/);
  });

  test('refuses what the server would not do, as to be reached from elsewhere without keys', async () => {
    const { stderr, exitCode } = await run(ConfigCheck, file('server: {addr: "0.0.0.0:1"}\n'));
    expect([stderr, exitCode]).toEqual([expect.stringMatching(/without any key\n {2}hint: /), 4]);
  });

  test('takes a file that stands in its way before the one that --config names', async () => {
    expect((await run(ConfigCheck, file(''), '--config', '/none')).exitCode).toBe(0);
  });

  test('says that the defaults hold where there is no file', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    expect((await run(ConfigCheck)).stdout).toMatch(
      /^no configuration file, the defaults are valid: fallback simulated, 0 API keys, listens on 127\.0\.0\.1:8081/,
    );
    vi.restoreAllMocks();
  });

  test('ends with 4 and every problem on stderr for a broken file', async () => {
    const path = file('queue: {max_waiting: lots}\nlogger: {level: loud}\n');
    expect(await run(ConfigCheck, path)).toEqual({
      stdout: '',
      stderr: `error: ${path}:1:22 queue.max_waiting: got "lots", expected a whole number, 0 or more
       ${path}:2:17 logger.level: got "loud", expected one of trace, debug, info, warn, error, silent
  hint: correct it, then try: gollama config check ${path}
`,
      exitCode: 4,
    });
  });
});

describe('--json', () => {
  test('prints one object with its schema version', async () => {
    const path = file('sever: 1\n');
    const { stdout, stderr } = await run(ConfigCheck, path, '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      ok: true,
      path,
      warnings: [{ where: `${path}:1:1`, key: 'sever', message: expect.stringContaining('unknown key') }],
    });
  });

  test.each([
    [['/none.yaml'], 'configuration', 4],
    [['--nope'], 'usage', 2],
    [['a', 'b'], 'usage', 2],
  ])('prints the failure of %j in the same four fields and ends with the same code', async (argv, code, exitCode) => {
    const asText = await run(ConfigCheck, ...argv);
    const asJson = await run(ConfigCheck, ...argv, '--json');
    expect([asText.exitCode, asJson.exitCode, asText.stdout, asJson.stderr]).toEqual([exitCode, exitCode, '', '']);
    const { error, ...rest } = JSON.parse(asJson.stdout);
    expect(rest).toEqual({ schemaVersion: 1 });
    expect(error).toEqual({ code, message: expect.any(String), hint: expect.any(String), exitCode });
    expect(asText.stderr).toBe(`error: ${error.message}\n  hint: ${error.hint}\n`);
  });
});

describe('config show', () => {
  test('prints the effective configuration as a file, with secrets masked', async () => {
    vi.stubEnv('GOLLAMA_QUEUE_MAX_WAITING', '7');
    const { stdout, exitCode } = await run(ConfigShow, '--config', file('server: {api_keys: [sk-secret]}\n'));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('  max_waiting: 7\n');
    expect(stdout).not.toContain('sk-secret');
  });

  test('tells with --origin where each value comes from, as text and as JSON', async () => {
    vi.stubEnv('GOLLAMA_QUEUE_MAX_WAITING', '7');
    const path = file('server: {addr: ":1"}\n');
    expect((await run(ConfigShow, '--config', path, '--origin')).stdout).toContain(
      'max_waiting: 7 # env GOLLAMA_QUEUE_MAX_WAITING\n',
    );
    const shown = JSON.parse((await run(ConfigShow, '--config', path, '--origin', '--json')).stdout);
    expect(shown).toMatchObject({
      schemaVersion: 1,
      path,
      config: { server: { addr: ':1' }, queue: { max_waiting: 7 } },
    });
    expect(shown.origins).toMatchObject({
      'server.addr': 'file',
      'queue.max_waiting': 'env GOLLAMA_QUEUE_MAX_WAITING',
    });
  });
});

test('the commands import nothing heavy before they run', () => {
  const light = /^(?:\.\.?\/|node:|@oclif\/core\/(?:args|flags|command)$)/;
  for (const name of [
    'commands/config/check.ts',
    'commands/config/show.ts',
    'src/cli/base-command.ts',
    'src/config/load.ts',
  ]) {
    const source = readFileSync(join(ROOT, name), 'utf8');
    const imports = [...source.matchAll(/^import (?!type )[^;]*from '([^']+)'/gm)].map((match) => match[1] ?? '');
    for (const specifier of imports) expect(specifier, name).toMatch(light);
    for (const heavy of ['schema', 'parse', 'render', 'yaml-tree', 'field']) {
      expect(imports.join(' '), name).not.toContain(`/${heavy}.js`);
    }
  }
});
