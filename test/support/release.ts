/** What is packed, made in a folder of its own: in the working tree it would take the place of what was compiled. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const PARTS = ['package.json', 'tsconfig.json', 'bin', 'src', 'commands', 'bench', 'config', 'dist'];
const TEXTS = ['README.md', 'LICENSE', 'CHANGELOG.md'];

/** The folder of the release that a run of all tests has made already; otherwise `folder`, made now. */
export async function releaseIn(folder: string): Promise<string> {
  const made = process.env.GOLLAMA_TEST_RUN_JS;
  if (made !== undefined) return dirname(dirname(made));
  await makeRelease(folder);
  return folder;
}

/** `folder` is made. It runs as it is: `bin/run.js`. */
export async function makeRelease(folder: string): Promise<void> {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const name of [...PARTS, ...TEXTS].filter((path) => existsSync(join(ROOT, path)))) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((path) => path !== '.cache')) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  await run(process.execPath, ['bin/bundle.js'], { cwd: folder });
  await run(process.execPath, ['bin/manifest.js'], { cwd: folder });
}
