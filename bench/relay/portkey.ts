/** Portkey's gateway from npm, at pinned versions, in a cache folder of its own. */
import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../src/base/errors.js';
import type { Gateway } from './gateway.js';

const PORTKEY_VERSION = '1.15.2';
/** What its own lockfile has. With the newest ones that its ranges allow, every stream is a 500 on Node 20. */
const OVERRIDES = { '@hono/node-server': '1.13.5', hono: '4.9.7' };
const INSTALL_TIMEOUT_MS = 180_000;

/** The gateway, or why there is none. */
export async function findPortkey(cacheFolder: string): Promise<{ gateway: Gateway } | { missing: string }> {
  const folder = join(cacheFolder, `portkey-${PORTKEY_VERSION}`);
  const entry = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  try {
    if (!(await exists(entry))) await install(folder);
    return { gateway: portkey(entry) };
  } catch (thrown) {
    return { missing: `it could not be installed: ${messageOf(thrown).split('\n', 3).join(' ')}` };
  }
}

function portkey(entry: string): Gateway {
  return {
    name: 'portkey',
    headers: (upstreamPort) => [
      'x-portkey-provider: openai',
      `x-portkey-custom-host: http://127.0.0.1:${upstreamPort}/v1`,
    ],
    prepare: async (_folder, { port }) => ({
      command: process.execPath,
      args: [entry, `--port=${port}`, '--headless'],
    }),
  };
}

async function install(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const dependencies = { '@portkey-ai/gateway': PORTKEY_VERSION };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides: OVERRIDES }));
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await promisify(execFile)('npm', args, { cwd: folder, timeout: INSTALL_TIMEOUT_MS });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
