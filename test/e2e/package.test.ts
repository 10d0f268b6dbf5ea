/** What users install: the tarball of `npm pack`, in a folder of its own, run in a home where nothing is. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageVersion } from '../../src/base/version.js';
import { endAll } from '../support/ending.js';
import { GollamaProcess, gollama, ROOT } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import { makePlace, type Place } from '../support/place.js';
import { releaseIn } from '../support/release.js';

const run = promisify(execFile);

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly [field: string]: unknown }>>;
  readonly [field: string]: unknown;
}

interface User {
  readonly folder: string;
  /** What npm said on its standard error stream. */
  readonly told: string;
  readonly locked: Lock['packages'];
}

let place: Place;
let runJs: string;
let files: string[];
let user: User;

beforeAll(async () => {
  place = makePlace();
  const release = await releaseIn(join(place.cwd, 'release'));
  await install(await pack(release, place.cwd), join(place.cwd, 'user'));
}, 120_000);
afterAll(endAll);

async function pack(release: string, to: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', to], {
    cwd: release,
  });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  files = packed.files.map(({ path }) => path);
  return join(to, packed.filename);
}

/** With the versions of our own lockfile, which are in npm's cache since the last `npm ci`. */
async function install(tarball: string, folder: string): Promise<void> {
  mkdirSync(folder);
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const { '': own = {}, ...others } = lock.packages;
  const { devDependencies: _, ...gollamaEntry } = own;
  const manifest = { name: 'user', version: '1.0.0', dependencies: { gollama: `file:${tarball}` } };
  const needed = Object.entries(others).filter(([, entry]) => !entry.dev);
  const packages = {
    '': manifest,
    'node_modules/gollama': { ...gollamaEntry, resolved: `file:${tarball}` },
    ...Object.fromEntries(needed),
  };
  const { overrides } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { overrides?: object };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, overrides }));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, name: 'user', packages }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund'];
  const { stderr } = await run('npm', ['ci', ...flags], { cwd: folder });
  user = { folder, told: stderr, locked: Object.fromEntries(needed) };
  runJs = join(folder, 'node_modules/.bin/gollama');
}

const PROGRAM = `
import { newChatTask, QueueManager, type TaskResult } from 'gollama';

const engines = [{ kind: 'simulated', models: ['sim'], ttft: '1ms', token_time: '1ms' }];
const queue = new QueueManager({ config: { engines }, storagePath: './tasks' });
await queue.start();
const task = newChatTask('sim', [{ role: 'user', content: 'hello' }]);
const results: TaskResult[] = await queue.submitBatchTasks([task]);
console.log(results.map(({ success }) => success));
await queue.stop();
`;

describe('the package', () => {
  it('holds what it needs to run, and neither tests nor sources', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'bin/run.js',
        'config/gollama.example.yaml',
        'dist/commands/serve.js',
        'dist/src/index.js',
        'dist/third-party-licenses.txt',
        'dist/types/src/index.d.ts',
        'oclif.manifest.json',
        'package.json',
      ]),
    );
    expect(
      files.filter(
        (path) =>
          /^(test|src|commands|\.ci)\//.test(path) || (/\.ts$/.test(path) && !/^dist\/types\/.*\.d\.ts$/.test(path)),
      ),
    ).toEqual([]);
  });

  it('is installed without a warning about versions of Node, and without scripts of its dependencies', () => {
    expect(user.told).not.toMatch(/EBADENGINE|allow-scripts|deprecated/);
    expect(Object.entries(user.locked).filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  it('tells its version', async () => {
    const ended = await gollama(['--version'], { runJs, place });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain(`gollama/${packageVersion()} `);
  });

  it('serves a chat and its status', async () => {
    const server = await GollamaProcess.serve([], { runJs, place });
    const url = await server.ready();
    const body = { model: 'sim', messages: [{ role: 'user', content: 'hi' }], max_tokens: 2 };
    const answer = await send(`${url}/v1/chat/completions`, { body });
    expect(answer.json()).toMatchObject({ choices: [{ message: { role: 'assistant' } }] });
    const status = await gollama(['status', '--json', '--server', url], { runJs, place });
    expect(JSON.parse(status.stdout)).toMatchObject({ version: packageVersion(), engines: [{ state: 'ready' }] });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('keeps tasks through a restart, with its threads and its database', async () => {
    const own = makePlace();
    const first = await GollamaProcess.serve([], { runJs, place: own });
    const submit = ['submit', 'chat', '-m', 'sim', 'hello', '--option', 'num_predict=1', '--wait'];
    const server = ['--server', await first.ready()];
    const submitted = await gollama([...submit, '--json', ...server], { runJs, place: own });
    expect(submitted).toMatchObject({ code: 0, stderr: '' });
    await first.stop();
    const second = await GollamaProcess.serve([], { runJs, place: own });
    const list = await gollama(['list', '--json', '--server', await second.ready()], { runJs, place: own });
    expect(JSON.parse(list.stdout)).toMatchObject({ tasks: [{ status: 'completed' }] });
    await second.stop();
  });

  it('has what only wide text needs', async () => {
    const own = makePlace();
    const server = await GollamaProcess.serve([], { runJs, place: own });
    const at = ['--server', await server.ready()];
    await gollama(['submit', 'chat', '-m', '模型', 'hello', '--delay', '1h', ...at], { runJs, place: own });
    const list = await gollama(['list', ...at], { runJs, place: own });
    expect(list.stdout).toMatch(/ pending {4}模型 {12}\d{4}-/);
    await server.stop();
  });

  it('measures, with its threads and its processes', async () => {
    const small = ['-n', '4', '--warmup', '0', '--max-tokens', '2', '--workers', '2', '--no-calibrate'];
    const measured = await gollama(['bench', '--engine', 'sim', ...small, '--json', '-'], { runJs, place });
    expect(measured.code, measured.stderr).toBe(0);
    expect(JSON.parse(measured.stdout)).toMatchObject({ verdict: { status: 'pass' } });
  });

  it('is a library for programs, with types', async () => {
    writeFileSync(join(user.folder, 'program.mts'), PROGRAM);
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const settings = ['--strict', '--module', 'nodenext', '--target', 'es2023', ...types];
    const compiled = await run(process.execPath, [compiler, ...settings, 'program.mts'], { cwd: user.folder }).catch(
      (error: { stdout: string }) => error,
    );
    expect(compiled.stdout).toBe('');
    const ran = await run(process.execPath, ['program.mjs'], { cwd: user.folder, env: { HOME: place.home } });
    expect(ran.stdout).toBe('[ true ]\n');
  });

  it('has every command of the repository', async () => {
    const path = join(user.folder, 'node_modules/gollama/oclif.manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { commands: object };
    expect(Object.keys(manifest.commands)).toEqual(expect.arrayContaining(['serve', 'status', 'simulate']));
    expect((await gollama(['config', 'check'], { runJs, place })).code).toBe(0);
  });
});
