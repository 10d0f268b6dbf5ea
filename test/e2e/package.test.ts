/** What users install: the tarball of `npm pack`, in a folder of its own, run in a home where nothing is. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageVersion } from '../../src/base/version.js';
import { endAll } from '../support/ending.js';
import { GollamaProcess, gollama, ROOT } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import { makePlace, type Place } from '../support/place.js';

const run = promisify(execFile);

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly [field: string]: unknown }>>;
  readonly [field: string]: unknown;
}

let place: Place;
let runJs: string;
let files: string[];

beforeAll(async () => {
  place = makePlace();
  const tarball = await pack(join(place.cwd, 'source'));
  await install(tarball, join(place.cwd, 'user'));
}, 120_000);
afterAll(endAll);

/** In a copy: the manifest that belongs into the package would be taken for that of the working tree. */
async function pack(source: string): Promise<string> {
  mkdirSync(source);
  for (const name of ['package.json', 'bin', 'dist', 'config', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  await run(process.execPath, ['bin/manifest.js'], { cwd: source });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: source });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  files = packed.files.map(({ path }) => path);
  return join(source, packed.filename);
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
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['ci', ...flags], { cwd: folder });
  runJs = join(folder, 'node_modules/.bin/gollama');
}

describe('the package', () => {
  it('holds what it needs to run, and neither tests nor sources', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'bin/run.js',
        'config/gollama.example.yaml',
        'dist/commands/serve.js',
        'dist/src/serve.js',
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

  it('has every command of the repository', async () => {
    const manifest = JSON.parse(readFileSync(join(place.cwd, 'source/oclif.manifest.json'), 'utf8')) as {
      commands: object;
    };
    expect(Object.keys(manifest.commands)).toEqual(expect.arrayContaining(['serve', 'status', 'simulate']));
    expect((await gollama(['config', 'check'], { runJs, place })).code).toBe(0);
  });
});
