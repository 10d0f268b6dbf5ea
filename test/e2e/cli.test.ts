/** The installed command line: what a user reads and what a script gets when something is wrong, and when it is not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { packageVersion } from '../../src/base/version.js';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { atEnd, endAll } from '../support/ending.js';
import { GollamaProcess, gollama, RUN_JS } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import { makePlace, type Place } from '../support/place.js';
import { referenceSetup, simulation } from '../support/reference-setup.js';
import { startApp } from '../support/start-app.js';

afterEach(endAll);

interface Failure {
  readonly name: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly error: RegExp;
  readonly hint: RegExp;
  readonly files?: Readonly<Record<string, string>>;
}

const FAILURES: readonly Failure[] = [
  {
    name: 'a file that is no YAML',
    args: ['serve', '-c', 'bad.yaml'],
    files: { 'bad.yaml': 'server:\n  addr: ":0\n' },
    exitCode: 4,
    error: /^error: bad\.yaml:\d+:\d+: /,
    hint: /gollama config check bad\.yaml/,
  },
  {
    name: 'a regular expression that is none',
    args: ['serve'],
    files: { 'gollama.yaml': 'engine:\n  ready_pattern: "(["\n' },
    exitCode: 4,
    error: /^error: gollama\.yaml:2:\d+ engine\.ready_pattern: .*regular expression/,
    hint: /gollama config check/,
  },
  {
    name: 'a configuration file that is not there',
    args: ['serve', '--config', 'gone.yaml'],
    exitCode: 4,
    error: /^error: configuration file gone\.yaml does not exist$/,
    hint: /--config/,
  },
  {
    name: 'no llama-server',
    args: ['serve', '--port', '0', '--model', 'm.gguf', '--log-level', 'silent'],
    files: { 'm.gguf': 'GGUF' },
    exitCode: 4,
    error: /^error: llama-server was not found; looked at .*PATH/,
    hint: /--llama-server/,
  },
  {
    name: 'a llama-server that is not where it was said to be',
    args: ['serve', '--check', '--model', 'm.gguf', '--llama-server', '/nonexistent/llama-server'],
    files: { 'm.gguf': 'GGUF' },
    exitCode: 4,
    error: /^error: \/nonexistent\/llama-server .* does not exist$/,
    hint: /llama/,
  },
  {
    name: 'a model file that is not there',
    args: ['serve', '--check', '--model', 'gone.gguf', '--llama-server', '/bin/true'],
    files: { 'other.gguf': 'GGUF' },
    exitCode: 4,
    error: /^error: the model file .*gone\.gguf does not exist$/,
    hint: /other\.gguf/,
  },
  {
    name: 'listening beyond this machine without keys',
    args: ['serve', '--host', '0.0.0.0', '--port', '0'],
    exitCode: 4,
    error: /^error: .*0\.0\.0\.0:0 can be reached from other machines, without any key$/,
    hint: /api_keys/,
  },
  {
    name: 'a check of the same',
    args: ['serve', '--check', '--host', '0.0.0.0'],
    exitCode: 4,
    error: /^error: .*0\.0\.0\.0:8081 can be reached from other machines, without any key$/,
    hint: /api_keys/,
  },
  {
    name: 'an unknown flag',
    args: ['serve', '--bogus'],
    exitCode: 2,
    error: /^error: unknown flag: --bogus$/,
    hint: /gollama serve --help/,
  },
  {
    name: 'a flag with a wrong value',
    args: ['serve', '--port', 'abc'],
    exitCode: 2,
    error: /^error: --port: expected an integer/,
    hint: /gollama serve --help/,
  },
  {
    name: 'a word too many',
    args: ['serve', 'extra'],
    exitCode: 2,
    error: /^error: unexpected argument: extra$/,
    hint: /gollama serve --help/,
  },
  {
    name: 'an unknown command',
    args: ['frobnicate'],
    exitCode: 127,
    error: /^error: "frobnicate" is no command$/,
    hint: /gollama --help/,
  },
  {
    name: 'a misspelt command',
    args: ['statsu'],
    exitCode: 127,
    error: /^error: "statsu" is no command$/,
    hint: /did you mean "gollama status"\?/,
  },
  {
    name: 'a server address that is none',
    args: ['status', '--server', 'ftp://x'],
    exitCode: 2,
    error: /^error: "ftp:\/\/x" is no address of a server$/,
    hint: /host:port/,
  },
  {
    name: 'a key variable that is not set',
    args: ['status', '--api-key-env', 'NO_SUCH_KEY'],
    exitCode: 4,
    error: /^error: environment variable NO_SUCH_KEY is not set$/,
    hint: /--api-key-env/,
  },
];

function placeWith(files: Readonly<Record<string, string>> = {}): Place {
  const place = makePlace();
  for (const [path, text] of Object.entries(files)) place.write(path, text);
  return place;
}

/** No llama-server of this machine is to be found. */
const PATH = '/nonexistent';

describe('what goes wrong', () => {
  it.each(FAILURES)('is told in one line with a hint and exit code $exitCode: $name', async (failure) => {
    const place = placeWith(failure.files);
    const ended = await gollama(failure.args, { place, env: { PATH } });
    expect(ended.code).toBe(failure.exitCode);
    expect(ended.stdout).toBe('');
    const [error, hint, ...more] = ended.stderr.trimEnd().split('\n');
    expect(error).toMatch(failure.error);
    expect(hint).toMatch(/^ {2}hint: /);
    expect(hint).toMatch(failure.hint);
    expect(more).toEqual([]);
  });

  it.each(FAILURES.slice(2).filter(({ args }) => !args.includes('0')))(
    'is told with --json as one object on stdout: $name',
    async (failure) => {
      const ended = await gollama([...failure.args, '--json'], { place: placeWith(failure.files), env: { PATH } });
      expect(ended.code).toBe(failure.exitCode);
      expect(ended.stderr).toBe('');
      const { error } = JSON.parse(ended.stdout) as { error: Record<string, unknown> };
      expect(`error: ${error.message}`).toMatch(failure.error);
      expect(error).toEqual({
        code: expect.any(String),
        message: expect.any(String),
        hint: expect.stringMatching(failure.hint),
        exitCode: failure.exitCode,
      });
    },
  );

  it('is exit code 3 where no server is there', async () => {
    const server = `127.0.0.1:${await findFreePort()}`;
    const ended = await gollama(['status', '--server', server]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toBe(
      `error: no gollama server answers at http://${server}\n` +
        '  hint: start one with "gollama serve", or name another with --server or $GOLLAMA_URL\n',
    );
  });

  it('names the other program on the port, and the free way out', async () => {
    const other = createServer((socket) => socket.end('SSH-2.0\r\n')).listen(0, '127.0.0.1');
    atEnd(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const ended = await gollama(['serve', '--port', String(port)]);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(
      new RegExp(`^error: 127.0.0.1:${port} is in use by another program\n  hint: .*--port`),
    );
    const asked = await gollama(['status', '--server', `127.0.0.1:${port}`]);
    expect(asked.code).toBe(3);
    expect(asked.stderr).toMatch(/^error: .*\n {2}hint: .*\n$/);
  });

  it('names the gollama on the port with its version', async () => {
    const app = await startApp('fallback: simulated');
    const ended = await gollama(['serve', '--port', new URL(app.url).port]);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain(
      `error: ${app.url} is in use by gollama ${packageVersion()} (pid ${process.pid}, up `,
    );
    expect(ended.stderr).toMatch(/hint: .*gollama status.*kill \d+.*--port/);
  });
});

describe('what goes well', () => {
  it('prints the version and nothing else', async () => {
    const ended = await gollama(['--version']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(new RegExp(`^gollama/${packageVersion()} .*\n$`));
  });

  it('shows help for every command, with its examples', async () => {
    const help = await gollama(['--help']);
    expect(help.code).toBe(0);
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1] ?? '');
    expect(commands).toEqual(expect.arrayContaining(['serve', 'simulate', 'status', 'config']));
    const serve = await gollama(['serve', '--help']);
    expect(serve.stdout).toMatch(/EXAMPLES[\s\S]*\$ gollama serve/);
  });

  it('refuses the keys of another program for JSON that nobody asked for', async () => {
    const { code, stderr } = await gollama(['bench', '--engine', 'sim', '--compat', 'vllm'], { place: makePlace() });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--compat: --json\n/)]);
  });

  it('checks configuration and engines without starting anything: serve --check', async () => {
    const { place } = await referenceSetup('exit 1');
    expect(await gollama(['serve', '--check'], { place })).toMatchObject({ code: 0, stdout: 'all is fine: engine\n' });
    const json = await gollama(['serve', '--check', '--json'], { place });
    expect(JSON.parse(json.stdout)).toEqual({ schemaVersion: 1, ok: true, engines: ['engine'] });
  });

  it('serves for the old command line: gollama -config FILE', async () => {
    const { place, yaml } = await referenceSetup(simulation());
    const port = await findFreePort();
    place.write('other.yaml', yaml.replace(':8081', `:${port}`));
    const server = GollamaProcess.start(['-config', 'other.yaml'], { place });
    const url = await server.ready();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const body = { model: 'local', messages: [{ role: 'user', content: 'hi' }], max_tokens: 2 };
    expect((await send(`${url}/v1/chat/completions`, { body })).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('serves with nothing configured, and says that the answers are simulated', async () => {
    const server = await GollamaProcess.serve();
    const url = await server.ready();
    expect(server.records.some(({ level, msg }) => level === 'warn' && msg.includes('simulated'))).toBe(true);
    const body = { model: 'any', messages: [{ role: 'user', content: 'hi' }], max_tokens: 1 };
    const answer = await send(`${url}/v1/chat/completions`, { body });
    expect([answer.status, answer.headers['x-gollama-simulated']]).toEqual([200, '1']);
    const end = await server.stop();
    expect([end, server.stdout]).toEqual([{ code: 0, signal: null }, '']);
  });

  it('tells the status as a table, and as JSON that parses', async () => {
    const app = await startApp('engines: [{kind: simulated, name: box, models: [sim], slots: 3}]');
    const env = { GOLLAMA_URL: app.url };
    const text = await gollama(['status'], { env });
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/ENGINE +KIND +STATE +SLOTS[\s\S]*box +simulated +ready +0\/3/);
    const json = await gollama(['status', '--json'], { env });
    const status = JSON.parse(json.stdout) as Record<string, unknown>;
    expect(status).toMatchObject({
      schemaVersion: 1,
      pending_tasks: 0,
      queues_by_priority: { 1: 0, 5: 0, 10: 0, 15: 0 },
      engines: [{ name: 'box', slots_total: 3, slots_busy: 0, last_error: null }],
    });
  });

  it('sends its key where the server asks for one, and says so where it has none', async () => {
    const app = await startApp('server: {api_keys: [sk-one]}');
    const env = { GOLLAMA_URL: app.url };
    const refused = await gollama(['status'], { env });
    expect([refused.code, refused.stderr.includes('$GOLLAMA_API_KEY')]).toEqual([6, true]);
    expect((await gollama(['status'], { env: { ...env, GOLLAMA_API_KEY: 'sk-one' } })).code).toBe(0);
    const named = { ...env, MY_KEY: 'sk-one' };
    expect((await gollama(['status', '--api-key-env', 'MY_KEY'], { env: named })).code).toBe(0);
  });
});

/**
 * Ratios of processor time, so that they hold on any machine, a busy one too. Unbundled, the command line library alone
 * costs about three times what plain node does; an HTTP client, a server or the schema loaded by mistake would double that.
 */
const COSTLIER_MAX = { version: 2.5, status: 5 };
const ROUNDS = 7;

/** Tells on stderr what processor time the process took. */
const METER = 'data:text/javascript,process.on("exit",()=>process._rawDebug(JSON.stringify(process.cpuUsage())))';

describe('the start', () => {
  it('of gollama --version and of gollama status costs no more than it has to, against node alone', async () => {
    const app = await startApp('fallback: simulated');
    const { home } = makePlace();
    const env = { PATH: process.env.PATH, HOME: home, GOLLAMA_URL: app.url };
    const runs = { node: ['-e', '0'], version: [RUN_JS, '--version'], status: [RUN_JS, 'status', '--json'] };
    const costs: Record<keyof typeof runs, number[]> = { node: [], version: [], status: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of ['node', 'version', 'status'] as const) costs[name].push(await costOf(runs[name], env));
    }
    const median = (name: keyof typeof runs) => costs[name].toSorted((left, right) => left - right)[ROUNDS >> 1] ?? 0;
    expect(median('version') / median('node')).toBeLessThan(COSTLIER_MAX.version);
    expect(median('status') / median('node')).toBeLessThan(COSTLIER_MAX.status);
  });
});

/** Microseconds of processor time. */
async function costOf(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, ['--import', METER, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  const { user, system } = JSON.parse(told) as NodeJS.CpuUsage;
  return user + system;
}
